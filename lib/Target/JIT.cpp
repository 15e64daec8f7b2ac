//===- JIT.cpp - Machine code in this process -----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/JIT.h"

#include "ringattn/Target/NativeCode.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;
using namespace ringattn;

JITModule::JITModule(std::unique_ptr<orc::LLJIT> jit) : jit(std::move(jit)) {}
JITModule::~JITModule() = default;

Expected<std::unique_ptr<JITModule>>
JITModule::create(std::unique_ptr<MemoryBuffer> object) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  Expected<std::unique_ptr<orc::LLJIT>> jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  if (Error error = (*jit)->addObjectFile(std::move(object)))
    return error;
  return std::unique_ptr<JITModule>(new JITModule(std::move(*jit)));
}

Expected<void *> JITModule::lookupQuery() {
  Expected<orc::ExecutorAddr> address = jit->lookup(kModuleQuerySymbol);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}

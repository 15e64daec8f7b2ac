//===- JIT.h - Machine code in this process ---------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_JIT_H
#define RINGATTN_TARGET_JIT_H

#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace ringattn {

/// An object file linked into this process; its undefined symbols (libm's) are
/// the process's. The code lives as long as this object.
class JITModule {
public:
  static llvm::Expected<std::unique_ptr<JITModule>>
  create(std::unique_ptr<llvm::MemoryBuffer> object);
  ~JITModule();

  /// The module's `rr_module_query`.
  llvm::Expected<void *> lookupQuery();

private:
  explicit JITModule(std::unique_ptr<llvm::orc::LLJIT> jit);
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace ringattn

#endif // RINGATTN_TARGET_JIT_H

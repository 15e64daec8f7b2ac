//===- NativeCode.h - From the LLVM dialect to machine code -----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_NATIVECODE_H
#define RINGATTN_TARGET_NATIVECODE_H

#include "mlir/IR/BuiltinOps.h"
#include "ringattn/Support/CPUDescription.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace ringattn {

/// The one symbol that compiled modules export.
inline constexpr llvm::StringLiteral kModuleQuerySymbol = "rr_module_query";

/// Translates a program in the LLVM dialect, optimises it for `cpu` and returns
/// a position-independent object file that exports `rr_module_query` only;
/// where there is none but kernels for the simulator (`convert-nvvm-to-sim`),
/// these.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
emitObject(mlir::ModuleOp program, const CPUDescription &cpu);

} // namespace ringattn

#endif // RINGATTN_TARGET_NATIVECODE_H

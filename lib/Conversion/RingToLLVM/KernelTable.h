//===- KernelTable.h - Kernels in a module's header -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CONVERSION_RINGTOLLVM_KERNELTABLE_H
#define RINGATTN_LIB_CONVERSION_RINGTOLLVM_KERNELTABLE_H

#include "ModuleConstants.h"

namespace ringattn {

/// Replaces the module's `ringrt.kernels` and its `gpu.binary` by an array of
/// `rr_kernel` (ringrt/abi.h) called `symbol`. Returns its length. Without
/// machine code the GPU module itself goes. GPU code that has no part in
/// `ringrt.kernels` is an error.
mlir::FailureOr<int64_t> emitKernelTable(mlir::ModuleOp module,
                                         ModuleConstants &constants,
                                         llvm::StringRef symbol);

} // namespace ringattn

#endif // RINGATTN_LIB_CONVERSION_RINGTOLLVM_KERNELTABLE_H

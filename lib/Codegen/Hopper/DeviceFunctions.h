//===- DeviceFunctions.h - Kernels as functions and launches ----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_DEVICEFUNCTIONS_H
#define RINGATTN_LIB_CODEGEN_HOPPER_DEVICEFUNCTIONS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ringattn {

/// Address spaces of NVPTX.
inline constexpr unsigned kGlobalSpace = 1, kSharedSpace = 3;

/// Blocks of a grid in y and in z, at most (CUDA C++ Programming Guide,
/// "Technical Specifications per Compute Capability").
inline constexpr int64_t kMaxGrid = 65535;

/// A GPU module for the kernels of `module`, `@kernels` or, where that is
/// taken, a name like it; with `@shared`, a block's dynamic shared memory. An
/// error where the module has GPU code already.
mlir::FailureOr<mlir::gpu::GPUModuleOp> createKernels(mlir::ModuleOp module,
                                                      mlir::Location loc);
mlir::LLVM::GlobalOp getSharedMemory(mlir::gpu::GPUModuleOp kernels);

/// A kernel without a body, for blocks of `threads` threads.
mlir::LLVM::LLVMFuncOp
createDeviceFunction(mlir::ImplicitLocOpBuilder &b,
                     mlir::gpu::GPUModuleOp kernels, llvm::StringRef name,
                     llvm::ArrayRef<mlir::Type> parameters, int64_t threads);

/// Adds the kernel to `ringrt.kernels` of the module around its GPU module.
void recordKernel(mlir::LLVM::LLVMFuncOp kernel, int64_t threads,
                  int64_t sharedBytes);

/// Launches the kernel on `grid` blocks (three indices).
void launchKernel(mlir::ImplicitLocOpBuilder &b, mlir::LLVM::LLVMFuncOp kernel,
                  llvm::ArrayRef<mlir::Value> grid, int64_t threads,
                  int64_t sharedBytes, mlir::ValueRange arguments);

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_DEVICEFUNCTIONS_H

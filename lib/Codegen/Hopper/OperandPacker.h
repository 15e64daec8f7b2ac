//===- OperandPacker.h - Copies that TMA and wgmma can take -----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_OPERANDPACKER_H
#define RINGATTN_LIB_CODEGEN_HOPPER_OPERANDPACKER_H

#include "KernelModel.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ringattn {

/// Copies operands of products in the form that a stream's `Packing` asks for.
/// The kernels that do so are shared by all kernels of a module.
class OperandPacker {
public:
  explicit OperandPacker(mlir::gpu::GPUModuleOp kernels) : kernels(kernels) {}

  /// Allocates the copy of `stream.source` and launches the kernel that fills
  /// it. Returns the memref to describe to TMA: B x H x S x D, or
  /// B x H x D x S for `Packing::RoundedColumns`.
  mlir::Value pack(mlir::ImplicitLocOpBuilder &host, const TileStream &stream);
  /// Frees the copies.
  void release(mlir::ImplicitLocOpBuilder &host);

private:
  mlir::LLVM::LLVMFuncOp getKernel(mlir::Location loc, Packing packing,
                                   mlir::Type element);

  mlir::gpu::GPUModuleOp kernels;
  llvm::SmallVector<mlir::Value> buffers;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_OPERANDPACKER_H

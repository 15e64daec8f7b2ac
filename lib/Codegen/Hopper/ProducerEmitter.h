//===- ProducerEmitter.h - The warp that loads tiles ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_PRODUCEREMITTER_H
#define RINGATTN_LIB_CODEGEN_HOPPER_PRODUCEREMITTER_H

#include "RoleEmitter.h"

namespace ringattn {

/// One thread that starts the TMA loads of all streams, in the order in which
/// the tile program meets them.
class ProducerEmitter : public RoleEmitter {
public:
  ProducerEmitter(mlir::ImplicitLocOpBuilder &builder, const KernelFrame &frame)
      : RoleEmitter(builder, frame) {}

private:
  mlir::LogicalResult emitTileOp(mlir::Operation *op) override;
  mlir::Type tileType(mlir::Value) override { return nullptr; }
  mlir::Value carryTile(mlir::Value, mlir::Value) override { return nullptr; }
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_PRODUCEREMITTER_H

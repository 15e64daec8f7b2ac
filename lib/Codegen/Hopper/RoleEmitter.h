//===- RoleEmitter.h - The tile program as one role sees it -----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_ROLEEMITTER_H
#define RINGATTN_LIB_CODEGEN_HOPPER_ROLEEMITTER_H

#include "KernelModel.h"

#include "mlir/IR/IRMapping.h"

namespace ringattn {

/// What the roles of a kernel share.
struct KernelFrame {
  const KernelModel &model;
  /// The parameters of the device function, as in the model.
  mlir::ValueRange parameters;
  /// Dynamic shared memory, as !llvm.ptr<3>.
  mlir::Value shared;
  /// Batch, head and tile of the block, for the grid's loops (i32).
  llvm::SmallVector<mlir::Value> block;
};

/// Walks the tile program and emits what one role of the kernel does: control
/// flow and index arithmetic (in i32) are common to all; what a tile becomes is
/// the role's. Every role meets the loads of a stream in the same order, so
/// that each can count for itself which slot is next.
class RoleEmitter {
public:
  virtual ~RoleEmitter() = default;

  mlir::LogicalResult run();

protected:
  RoleEmitter(mlir::ImplicitLocOpBuilder &builder, const KernelFrame &frame);

  /// Emits an op on tiles.
  virtual mlir::LogicalResult emitTileOp(mlir::Operation *op) = 0;
  /// The type that stands for a tile of type `type` of `value`; null: nothing.
  virtual mlir::Type tileType(mlir::Value value) = 0;
  /// What stands for the tile `value` where it becomes the block argument or
  /// result `as`.
  virtual mlir::Value carryTile(mlir::Value value, mlir::Value as) = 0;
  /// Control flow in front of which nothing may be under way.
  virtual void prepareForRegions(mlir::Operation *op) {}
  virtual void enterLoop(mlir::scf::ForOp loop) {}

  /// The index or number `value` of the tile program.
  mlir::Value scalar(mlir::Value value) { return values.lookup(value); }

  /// The slot of the next tile of a stream, and the parity of its round.
  struct Turn {
    mlir::Value slot, parity;
  };
  Turn nextTurn(unsigned stream);

  mlir::Value i32(int64_t value);
  mlir::Value i64(int64_t value);
  mlir::Value sharedAt(mlir::Value offset);
  mlir::Value sharedAt(int64_t offset) { return sharedAt(i32(offset)); }
  /// The barrier of slot `slot` in the row of barriers at `offset`.
  mlir::Value barrier(int64_t offset, mlir::Value slot);
  void waitFor(mlir::Value barrier, mlir::Value parity);

  mlir::ImplicitLocOpBuilder &b;
  const KernelFrame &frame;
  const KernelModel &model;
  /// Scalars, and what stands for tiles.
  mlir::IRMapping values;

private:
  mlir::LogicalResult emitOp(mlir::Operation *op);
  mlir::LogicalResult emitBody(mlir::Block &block);
  mlir::LogicalResult emitScalarOp(mlir::Operation *op);
  mlir::LogicalResult emitFor(mlir::scf::ForOp loop);
  mlir::LogicalResult emitIf(mlir::scf::IfOp branch);
  mlir::LogicalResult emitWhile(mlir::scf::WhileOp loop);
  /// What stands for `value` as `as`; null: nothing.
  mlir::Value carry(mlir::Value value, mlir::Value as);
  mlir::Type carriedType(mlir::Value value);

  /// How many tiles of each stream were met (i32).
  llvm::SmallVector<mlir::Value> counts;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_ROLEEMITTER_H

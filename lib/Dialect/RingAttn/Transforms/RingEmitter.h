//===- RingEmitter.h - Pieces of a ring loop --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_RINGEMITTER_H
#define RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_RINGEMITTER_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

namespace ringattn {

/// Marks the loops of `ringattn-form-ring`.
constexpr llvm::StringLiteral kRingLoopAttr = "ringattn.ring";
/// Carries the RingScheduleAttr of such a loop.
constexpr llvm::StringLiteral kScheduleAttr = "ringattn.schedule";

/// Everything that is the same in all hops of one ring, and emitters for the
/// parts of a hop. An exchange slot is a flat buffer that holds K, then V, both
/// compact for the number of rows of the block's owner.
struct RingEmitter {
  // Operands and attributes of online_attention.
  mlir::Value query, acc, max, sum;
  mlir::Value rank, ranks, active, seqQ, seqK;
  MaskAttrInterface mask;
  mlir::FloatAttr scale;
  SequenceLayoutAttrInterface layout;
  // The ring.
  mlir::FlatSymbolRefAttr grid;
  mlir::DenseI64ArrayAttr axes;
  // B (or dynamic) x Hkv x rows x D, Dv.
  mlir::MemRefType keyType, valueType;

  /// Reads everything back from a loop of `ringattn-form-ring`.
  static mlir::FailureOr<RingEmitter> fromLoop(mlir::scf::ForOp loop);

  /// Views of the K and V that `slot` holds for `rows` rows.
  std::pair<mlir::Value, mlir::Value> emitBlock(mlir::OpBuilder &builder,
                                                mlir::Location loc,
                                                mlir::Value slot,
                                                mlir::Value rows) const;
  /// Number of elements of K and V together for `rows` rows.
  mlir::Value emitBlockSize(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value rows) const;
  /// Allocates a slot for the largest block.
  mlir::Value emitSlot(mlir::OpBuilder &builder, mlir::Location loc) const;

  /// Attention against the block that `slot` holds after it moved `moves` times
  /// by `step`. `hop` is what statistics show.
  void emitCompute(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value slot, mlir::Value moves, int64_t step,
                   mlir::Value hop) const;
  /// Starts sending the block of `from`, which has moved `moves` times, and
  /// receiving the next one into `to`; returns the token.
  mlir::Value emitExchange(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value from, mlir::Value to, mlir::Value moves,
                           int64_t step) const;

private:
  mlir::Value emitRows(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value moves, int64_t step,
                       mlir::Value *owner = nullptr) const;
};

} // namespace ringattn

#endif // RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_RINGEMITTER_H

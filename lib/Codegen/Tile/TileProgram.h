//===- TileProgram.h - The online softmax on tiles --------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_TILE_TILEPROGRAM_H
#define RINGATTN_LIB_CODEGEN_TILE_TILEPROGRAM_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

namespace ringattn {

/// The accumulators of one query tile, as tensors.
struct TileState {
  mlir::Value output, max, sum;

  llvm::SmallVector<mlir::Value> values() const { return {output, max, sum}; }
  static TileState from(mlir::ValueRange values) {
    return {values[0], values[1], values[2]};
  }
};

/// Emits the ops of the tile program, named by role. Knows tiles, but neither
/// memory nor positions.
class TileProgram {
public:
  /// Edits a tile of scores; null: no edit.
  using ScoreModifier = llvm::function_ref<mlir::Value(mlir::Value scores)>;

  TileProgram(mlir::ImplicitLocOpBuilder &builder, const TilePlan &plan,
              mlir::Type accumulator, double scale);

  /// `tile` in another float type.
  mlir::Value cast(mlir::Value tile, mlir::Type type);

  /// One step of the online softmax: query (rows x D) against key (cols x D)
  /// and value (cols x Dv).
  TileState step(mlir::Value query, mlir::Value key, mlir::Value value,
                 TileState state, ScoreModifier mask);

  /// Before the first key: O = 0, m = -inf, l = 0.
  TileState initialState();

  /// acc / sum in type `storage`, 0 where sum is 0.
  mlir::Value normalise(mlir::Value acc, mlir::Value sum, mlir::Type storage);
  /// ln(2) * (max + log2(sum)).
  mlir::Value logSumExp(mlir::Value max, mlir::Value sum);

  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;
  /// A generic over (rows, columns) or (rows): operands of rank 1 are indexed
  /// by the dimension that `vectors` names for them. Reduces over the columns
  /// where an output has rank 1 and the loop nest rank 2.
  mlir::linalg::GenericOp generic(llvm::StringRef role, mlir::ValueRange inputs,
                                  llvm::ArrayRef<unsigned> vectors,
                                  mlir::ValueRange outputs, Body body);
  mlir::Value empty(llvm::ArrayRef<int64_t> shape, mlir::Type type);

private:
  mlir::Value filled(llvm::ArrayRef<int64_t> shape, double value);
  mlir::Value contract(llvm::StringRef role, mlir::Value lhs, mlir::Value rhs,
                       mlir::Value acc, bool transposedRhs);
  mlir::Value constant(mlir::ImplicitLocOpBuilder &b, double value);

  mlir::ImplicitLocOpBuilder &builder;
  const TilePlan &plan;
  mlir::Type accumulator;
  /// log2(e) * scale: scores in base 2.
  double factor;
  /// Whether `factor` is applied by the exponential (it must keep the order of
  /// scores).
  bool fused;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_TILE_TILEPROGRAM_H

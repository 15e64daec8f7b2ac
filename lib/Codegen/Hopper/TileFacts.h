//===- TileFacts.h - What tiles of a kernel stand for -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_TILEFACTS_H
#define RINGATTN_LIB_CODEGEN_HOPPER_TILEFACTS_H

#include "Fragments.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace ringattn {

/// Facts about the tile values of a kernel that decide how they lie in
/// registers.
class TileFacts {
public:
  explicit TileFacts(mlir::Operation *program);

  /// Whether a tile of rank 1 has an element for each row or for each column.
  TileAxes axes(mlir::Value tile) const;
  /// Whether the four threads of a row hold shares whose sum is the tile. Row
  /// sums stay so across the loop, since all that happens to them is linear.
  bool isPartial(mlir::Value tile) const { return partial.contains(tile); }
  /// Whether `op` treats partial operands as what they stand for.
  bool isLinear(mlir::linalg::LinalgOp op) const;

private:
  void findAxes(mlir::Operation *program);
  void findPartialSums(mlir::Operation *program);
  bool markIfPartial(mlir::Operation *op);
  bool mark(mlir::Value value) { return partial.insert(value).second; }

  llvm::DenseMap<mlir::Value, TileAxes> axesOf;
  llvm::DenseSet<mlir::Value> partial;
};

/// The op that combines the block argument of reduced output `output` of `op`
/// with what is new; null where there is none of that form.
mlir::Operation *findCombiner(mlir::linalg::LinalgOp op, unsigned output);

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_TILEFACTS_H

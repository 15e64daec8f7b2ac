//===- Fragments.h - Tiles in the registers of a warpgroup ------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_FRAGMENTS_H
#define RINGATTN_LIB_CODEGEN_HOPPER_FRAGMENTS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ringattn {

/// What the elements of a tile are numbered by.
enum class TileAxes { Rows, Columns, Both };

/// A thread's share of a tile whose 64 rows belong to its warpgroup, as the
/// accumulators of wgmma lie (PTX ISA, "Register Fragments for
/// wgmma.mma_async.m64nNk16"): a vector with
///
///   Both     N/2 elements; i is row 16 warp + lane/4 + 8 ((i/2) mod 2), column
///            8 (i/4) + 2 (lane mod 4) + i mod 2
///   Rows     2 elements, one for each of these rows; four lanes hold the same
///   Columns  N/4 elements, one for each of these columns
///
/// so that what combines elements of one row or column stays in the thread.
class Fragments {
public:
  static constexpr int64_t kRows = 2;

  static int64_t count(TileAxes axes, int64_t columns) {
    return axes == TileAxes::Rows ? kRows
                                  : columns / (axes == TileAxes::Both ? 2 : 4);
  }
  /// The row (0 or 1) of element `i` of `Both`.
  static int64_t rowOf(int64_t i) { return i / 2 % 2; }
  /// The element of `Columns` in the column of element `i` of `Both`.
  static int64_t columnOf(int64_t i) { return i / 4 * 2 + i % 2; }

  /// `thread`: within its warpgroup; `firstRow`: of the warpgroup, in the tile.
  Fragments(mlir::ImplicitLocOpBuilder &b, mlir::Value thread,
            mlir::Value firstRow);

  /// The share of `axes` repeated for the elements of `Both`.
  static mlir::Value spread(mlir::ImplicitLocOpBuilder &b, mlir::Value part,
                            TileAxes axes, int64_t columns);
  /// Rows (dimension 0) or columns (1) of all elements, as i32.
  mlir::Value coordinates(mlir::ImplicitLocOpBuilder &b, TileAxes axes,
                          unsigned dimension, int64_t columns) const;
  /// Row `half` (0 or 1) of the thread, and the column of its element 0.
  mlir::Value row(mlir::ImplicitLocOpBuilder &b, int64_t half) const;
  mlir::Value firstColumn() const { return column; }
  /// Whether the thread is the first of the four that share its rows.
  mlir::Value leadsRow(mlir::ImplicitLocOpBuilder &b) const;

private:
  mlir::Value firstRow, column;
};

/// `count` elements of `vector` from element `first` on.
mlir::Value takeElements(mlir::ImplicitLocOpBuilder &b, mlir::Value vector,
                         int64_t first, int64_t count);

using Combine =
    llvm::function_ref<mlir::Value(mlir::Value accumulator, mlir::Value next)>;

/// Combines the elements of `part` (shape of Both) in each row with `init`
/// (shape of Rows), within the thread.
mlir::Value reduceInThread(mlir::ImplicitLocOpBuilder &b, mlir::Value part,
                           mlir::Value init, Combine combine);
/// Combines `part` (shape of Rows) over the four threads of each row.
mlir::Value reduceOverRow(mlir::ImplicitLocOpBuilder &b, mlir::Value part,
                          Combine combine);

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_FRAGMENTS_H

//===- TilePlan.h - Sizes of a kernel's tiles -------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_TILE_TILEPLAN_H
#define RINGATTN_CODEGEN_TILE_TILEPLAN_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <optional>

namespace ringattn {

/// Marks the functions that `ringattn-outline-kernels` makes.
inline constexpr llvm::StringLiteral kKernelAttr = "ringattn.kernel";
/// The tile plan of a kernel.
inline constexpr llvm::StringLiteral kTilesAttr = "ringattn.tiles";
/// What an op of the tile program computes; see `ringattn-emit-tile-program`.
inline constexpr llvm::StringLiteral kRoleAttr = "ringattn.role";

/// The target-neutral part of a kernel's plan, the attribute `ringattn.tiles`:
///
///   {rows = 64, columns = 256, masked_columns = 64, head_size = 64,
///    value_size = 64, operand = bf16}
///
/// `rows` queries and `columns` keys make a tile; tiles that a mask cuts are
/// computed `masked_columns` at a time (a divisor of `columns`). `head_size`
/// and `value_size` are D and Dv, padded with zeros as the target likes.
/// `operand` is the element type of the operands of both products. `pipelined`,
/// a unit attribute: the steps of one loop over all tiles will overlap, so a
/// tile that the mask cuts is no case of its own (`masked_columns` equals
/// `columns`), and P is rounded to `operand` by an op of its own.
struct TilePlan {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t maskedColumns = 0;
  int64_t headSize = 0;
  int64_t valueSize = 0;
  mlir::Type operand;
  bool pipelined = false;

  mlir::DictionaryAttr toAttr() const;
  /// The plan of `kernel`; an error on the function where it is missing or
  /// makes no sense.
  static mlir::FailureOr<TilePlan> get(mlir::FunctionOpInterface kernel);
};

} // namespace ringattn

#endif // RINGATTN_CODEGEN_TILE_TILEPLAN_H

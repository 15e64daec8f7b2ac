//===- FragmentMemory.h - Fragments in global memory ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_FRAGMENTMEMORY_H
#define RINGATTN_LIB_CODEGEN_HOPPER_FRAGMENTMEMORY_H

#include "Fragments.h"

namespace ringattn {

/// The rows of one batch and head of an array in global memory (!llvm.ptr<1>),
/// from the first row of a tile on.
struct GlobalRows {
  /// Of batch and head.
  mlir::Value base;
  /// Elements from one row to the next (i64).
  mlir::Value stride;
  /// The tile's first row, and the number of rows (i32).
  mlir::Value first, count;
  /// Columns; 0: the array has rank 1 (an element a row).
  int64_t columns = 0;
  mlir::Type element;
};

/// The thread's share of the tile of `columns` columns; zero where the array
/// has none. Rows past the last repeat it.
mlir::Value loadFragment(mlir::ImplicitLocOpBuilder &b,
                         const Fragments &fragments, const GlobalRows &rows,
                         int64_t columns);
/// Writes what lies within the array.
void storeFragment(mlir::ImplicitLocOpBuilder &b, const Fragments &fragments,
                   const GlobalRows &rows, mlir::Value fragment);

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_FRAGMENTMEMORY_H

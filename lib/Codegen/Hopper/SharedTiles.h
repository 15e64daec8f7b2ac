//===- SharedTiles.h - Tiles in shared memory -------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_SHAREDTILES_H
#define RINGATTN_LIB_CODEGEN_HOPPER_SHAREDTILES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ringattn {

/// A tile as TMA writes it and wgmma reads it: boxes of all rows by 128 bytes
/// of columns, one after the other, in the 128-byte swizzle (PTX ISA, "Shared
/// Memory Matrix Layout" of wgmma).
struct SharedTile {
  int64_t rows = 0;
  /// A multiple of `boxColumns()`.
  int64_t columns = 0;
  /// Of an element: 2, or 4 for tf32.
  int64_t elementBytes = 2;

  static constexpr int64_t kRowBytes = 128;

  int64_t boxColumns() const { return kRowBytes / elementBytes; }
  int64_t numBoxes() const { return columns / boxColumns(); }
  int64_t boxBytes() const { return rows * kRowBytes; }
  int64_t bytes() const { return numBoxes() * boxBytes(); }

  /// The descriptor of the tile at shared address `address` (i32) as a matrix
  /// whose depth runs along the columns (`MN-major`: along the rows).
  mlir::Value descriptor(mlir::ImplicitLocOpBuilder &b, mlir::Value address,
                         bool mnMajor) const;
  /// What to add to the descriptor (i64) for product number `step` along the
  /// depth, of 32 bytes.
  int64_t stepOffset(int64_t step, bool mnMajor) const;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_SHAREDTILES_H

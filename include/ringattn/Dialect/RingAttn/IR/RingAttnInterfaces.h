//===- RingAttnInterfaces.h - Layouts and masks -----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_IR_RINGATTNINTERFACES_H
#define RINGATTN_DIALECT_RINGATTN_IR_RINGATTNINTERFACES_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

#include <optional>

namespace ringattn {

/// A mask's band: query i sees nothing outside of [i - left, i + right].
struct MaskBand {
  std::optional<int64_t> left;
  std::optional<int64_t> right;
};

/// What a mask does to a rectangle of scores, as two i1 values: nothing visible
/// / everything visible.
struct TileVisibilityValue {
  mlir::Value empty;
  mlir::Value full;
};

/// How many K/V blocks of predecessors (ranks r-1, r-2, ...) and of successors
/// around the ring hold a visible key, as index values.
struct RingReach {
  mlir::Value previous;
  mlir::Value next;
};

} // namespace ringattn

#include "ringattn/Dialect/RingAttn/IR/RingAttnInterfaces.h.inc"

#endif // RINGATTN_DIALECT_RINGATTN_IR_RINGATTNINTERFACES_H

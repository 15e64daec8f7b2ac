//===- SharedTiles.cpp - Tiles in shared memory ---------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedTiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace ringattn;

/// Rows that the swizzle's pattern spans.
static constexpr int64_t kPatternRows = 8;
/// Descriptors count in units of 16 bytes (PTX ISA, "Matrix Descriptor
/// Format").
static constexpr int64_t kUnit = 16;
static constexpr uint64_t kSwizzle128 = uint64_t(1) << 62;
/// Depth of a product in bytes; in 16-bit elements.
static constexpr int64_t kDepthBytes = 32, kDepth = 16;

Value SharedTile::descriptor(ImplicitLocOpBuilder &b, Value address,
                             bool mnMajor) const {
  // K-major: the leading offset is not used in this swizzle, the stride is from
  // 8 rows to the next 8. MN-major: the leading offset is from 64 elements of
  // MN to the next 64, the stride from 8 rows of K to the next 8.
  uint64_t leading = mnMajor ? boxBytes() : kUnit;
  uint64_t stride = kPatternRows * kRowBytes;
  uint64_t fields =
      kSwizzle128 | (stride / kUnit) << 32 | (leading / kUnit) << 16;
  auto i32 = [&](int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  Value start = arith::ShRUIOp::create(
      b, arith::AndIOp::create(b, address, i32(0x3ffff)), i32(4));
  return arith::OrIOp::create(
      b, arith::ExtUIOp::create(b, b.getI64Type(), start),
      arith::ConstantOp::create(
          b, b.getI64IntegerAttr(static_cast<int64_t>(fields))));
}

int64_t SharedTile::stepOffset(int64_t step, bool mnMajor) const {
  if (mnMajor)
    return step * kDepth * kRowBytes / kUnit;
  int64_t perBox = kRowBytes / kDepthBytes;
  return (step / perBox * boxBytes() + step % perBox * kDepthBytes) / kUnit;
}

//===- Masks.cpp - Which keys a query sees --------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IndexMath.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

using namespace mlir;
using namespace ringattn;

// All three masks are bands on the distance d = j - i: visible iff
// -left <= d <= right.

namespace {

int64_t countVisibleInBand(MaskBand band, int64_t i, int64_t numKeys) {
  int64_t first = band.left ? std::max<int64_t>(0, i - *band.left) : 0;
  // i + right may not fit in 64 bits; numKeys - i does.
  int64_t end =
      band.right && *band.right < numKeys - i ? i + *band.right + 1 : numKeys;
  return std::max<int64_t>(0, std::min(end, numKeys) - first);
}

/// `extent` as a constant of `like`'s type; distances never exceed its range.
IndexValue extentConstant(IndexValue like, int64_t extent) {
  Type type = like.value.getType();
  if (auto integer = dyn_cast<IntegerType>(type);
      integer && integer.getWidth() < 64)
    extent =
        std::clamp<int64_t>(extent, -(int64_t(1) << (integer.getWidth() - 1)),
                            (int64_t(1) << (integer.getWidth() - 1)) - 1);
  return like.constant(extent);
}

Value emitTrue(OpBuilder &builder, Location loc, bool value = true) {
  return arith::ConstantOp::create(builder, loc, builder.getBoolAttr(value));
}

Value emitIsVisibleInBand(MaskBand band, OpBuilder &builder, Location loc,
                          Value i, Value j) {
  IndexValue d = IndexValue{&builder, loc, j} - IndexValue{&builder, loc, i};
  std::optional<BoolValue> visible;
  if (band.right)
    visible = d <= extentConstant(d, *band.right);
  if (band.left) {
    BoolValue notBefore = d >= extentConstant(d, -*band.left);
    visible = visible ? *visible & notBefore : notBefore;
  }
  return visible ? visible->value : emitTrue(builder, loc);
}

TileVisibilityValue emitClassifyBand(MaskBand band, OpBuilder &builder,
                                     Location loc, Value qLow, Value qHigh,
                                     Value kLow, Value kHigh) {
  IndexValue least =
      IndexValue{&builder, loc, kLow} - IndexValue{&builder, loc, qHigh};
  IndexValue most =
      IndexValue{&builder, loc, kHigh} - IndexValue{&builder, loc, qLow};
  BoolValue empty{&builder, loc, emitTrue(builder, loc, false)};
  BoolValue full{&builder, loc, emitTrue(builder, loc)};
  if (band.right) {
    IndexValue right = least.constant(*band.right);
    empty = least > right;
    full = most <= right;
  }
  if (band.left) {
    IndexValue left = least.constant(-*band.left);
    empty = band.right ? empty | (most < left) : most < left;
    full = band.right ? full & (least >= left) : least >= left;
  }
  return {empty.value, full.value};
}

} // namespace

MaskBand FullAttr::getBand() const { return {std::nullopt, std::nullopt}; }
MaskBand CausalAttr::getBand() const { return {std::nullopt, 0}; }
MaskBand SlidingWindowAttr::getBand() const { return {getLeft(), getRight()}; }

#define RINGATTN_BAND_MASK_METHODS(ATTR)                                       \
  bool ATTR::isFull() const {                                                  \
    MaskBand band = getBand();                                                 \
    return !band.left && !band.right;                                          \
  }                                                                            \
  int64_t ATTR::countVisible(int64_t i, int64_t numKeys) const {               \
    return countVisibleInBand(getBand(), i, numKeys);                          \
  }                                                                            \
  Value ATTR::emitIsVisible(OpBuilder &builder, Location loc, Value i,         \
                            Value j) const {                                   \
    return emitIsVisibleInBand(getBand(), builder, loc, i, j);                 \
  }                                                                            \
  TileVisibilityValue ATTR::emitClassify(OpBuilder &builder, Location loc,     \
                                         Value qLow, Value qHigh, Value kLow,  \
                                         Value kHigh) const {                  \
    return emitClassifyBand(getBand(), builder, loc, qLow, qHigh, kLow,        \
                            kHigh);                                            \
  }

RINGATTN_BAND_MASK_METHODS(FullAttr)
RINGATTN_BAND_MASK_METHODS(CausalAttr)
RINGATTN_BAND_MASK_METHODS(SlidingWindowAttr)

#undef RINGATTN_BAND_MASK_METHODS

bool FullAttr::requiresSameSequence() const { return false; }
bool CausalAttr::requiresSameSequence() const { return true; }
bool SlidingWindowAttr::requiresSameSequence() const { return true; }

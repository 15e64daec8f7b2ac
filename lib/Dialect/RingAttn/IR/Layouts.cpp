//===- Layouts.cpp - Where a global token lives ---------------------------===//
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

// Each layout is a struct of templates: `length`, `position`, `maxLength`,
// `active` and `reach` (see SequenceLayoutAttrInterface). `reach` takes the
// band's extents, both at least 0, as numbers and returns unclamped distances.

namespace {

/// How many blocks of `block` tokens a window of `extent` tokens touches.
template <typename I>
I blocksReached(I extent, I block) {
  I zero = constant(extent, 0), one = constant(extent, 1);
  return select(extent == zero, zero,
                (maximum(extent, one) - one) / block + one);
}

struct Contiguous {
  static constexpr bool followsRing = true;

  template <typename I>
  I chunk(I size, I ranks) const {
    return ceilDiv(size, ranks);
  }
  template <typename I>
  I length(I size, I ranks, I rank) const {
    I l = chunk(size, ranks);
    return clamp(size - rank * l, constant(size, 0), l);
  }
  template <typename I>
  I position(I size, I ranks, I rank, I local) const {
    return rank * chunk(size, ranks) + local;
  }
  template <typename I>
  I maxLength(I size, I ranks) const {
    return chunk(size, ranks);
  }
  template <typename I>
  I active(I size, I ranks) const {
    return ceilDiv(size, chunk(size, ranks));
  }
  template <typename I>
  std::pair<I, I> reach(I size, I ranks, I left, I right) const {
    I l = chunk(size, ranks);
    return {blocksReached(left, l), blocksReached(right, l)};
  }
  bool isEven(int64_t size, int64_t ranks) const { return size % ranks == 0; }
};

struct Striped {
  static constexpr bool followsRing = true;
  int64_t granularity;

  template <typename I>
  I length(I size, I ranks, I rank) const {
    I g = constant(size, granularity);
    I blocks = size / g;
    I whole = g * ((blocks + ranks - constant(size, 1) - rank) / ranks);
    return whole + select(blocks % ranks == rank, size % g, constant(size, 0));
  }
  template <typename I>
  I position(I size, I ranks, I rank, I local) const {
    I g = constant(size, granularity);
    return ((local / g) * ranks + rank) * g + local % g;
  }
  // Rank 0 is dealt the first block of every round.
  template <typename I>
  I maxLength(I size, I ranks) const {
    return length(size, ranks, constant(size, 0));
  }
  template <typename I>
  I active(I size, I ranks) const {
    return minimum(ranks, ceilDiv(size, constant(size, granularity)));
  }
  // The block after rank P-1's is rank 0's, so distances in blocks are
  // distances around the ring.
  template <typename I>
  std::pair<I, I> reach(I size, I ranks, I left, I right) const {
    I g = constant(size, granularity);
    return {blocksReached(left, g), blocksReached(right, g)};
  }
  // Without overflow: g * P divides S.
  bool isEven(int64_t size, int64_t ranks) const {
    return size % granularity == 0 && (size / granularity) % ranks == 0;
  }
};

struct Zigzag {
  // Back from rank P-1 in the second half.
  static constexpr bool followsRing = false;

  template <typename I>
  I chunk(I size, I ranks) const {
    return ceilDiv(size, ranks + ranks);
  }
  template <typename I>
  I tokensOfChunk(I size, I chunkSize, I index) const {
    return clamp(size - index * chunkSize, constant(size, 0), chunkSize);
  }
  template <typename I>
  I length(I size, I ranks, I rank) const {
    I c = chunk(size, ranks);
    return tokensOfChunk(size, c, rank) +
           tokensOfChunk(size, c, ranks + ranks - constant(size, 1) - rank);
  }
  template <typename I>
  I position(I size, I ranks, I rank, I local) const {
    I c = chunk(size, ranks);
    I back = (ranks + ranks - constant(size, 1) - rank) * c + local - c;
    return select(local < c, rank * c + local, back);
  }
  // The first chunk is full, and chunk P is the fullest of the second half.
  template <typename I>
  I maxLength(I size, I ranks) const {
    I c = chunk(size, ranks);
    return c + tokensOfChunk(size, c, ranks);
  }
  template <typename I>
  I active(I size, I ranks) const {
    return minimum(ranks, ceilDiv(size, chunk(size, ranks)));
  }
  // In the first half predecessors are rank r-1, in the second half r+1: a
  // window on either side reaches both ways.
  template <typename I>
  std::pair<I, I> reach(I size, I ranks, I left, I right) const {
    I blocks = blocksReached(maximum(left, right), chunk(size, ranks));
    return {blocks, blocks};
  }
  bool isEven(int64_t size, int64_t ranks) const {
    return size % ranks == 0 && (size / ranks) % 2 == 0;
  }
};

template <typename Layout>
RingReach emitClampedReach(Layout layout, OpBuilder &builder, Location loc,
                           Value size, Value ranks, Value active,
                           std::optional<int64_t> left,
                           std::optional<int64_t> right) {
  IndexValue s{&builder, loc, size}, p{&builder, loc, ranks},
      a{&builder, loc, active};
  IndexValue others = a - s.constant(1);
  // An unbounded extent reaches every token.
  auto [prev, next] = layout.reach(s, p, left ? s.constant(*left) : s,
                                   right ? s.constant(*right) : s);
  return {minimum(prev, others).value, minimum(next, others).value};
}

Contiguous formulas(ContiguousAttr) { return {}; }
Striped formulas(StripedAttr attr) { return {attr.getGranularity()}; }
Zigzag formulas(ZigzagAttr) { return {}; }

} // namespace

#define RINGATTN_LAYOUT_METHODS(ATTR)                                          \
  int64_t ATTR::getShardLength(int64_t size, int64_t ranks, int64_t rank)      \
      const {                                                                  \
    return formulas(*this).length(size, ranks, rank);                          \
  }                                                                            \
  int64_t ATTR::getPosition(int64_t size, int64_t ranks, int64_t rank,         \
                            int64_t local) const {                             \
    return formulas(*this).position(size, ranks, rank, local);                 \
  }                                                                            \
  int64_t ATTR::getMaxShardLength(int64_t size, int64_t ranks) const {         \
    return formulas(*this).maxLength(size, ranks);                             \
  }                                                                            \
  int64_t ATTR::getNumActiveRanks(int64_t size, int64_t ranks) const {         \
    return formulas(*this).active(size, ranks);                                \
  }                                                                            \
  bool ATTR::followsRing() const { return formulas(*this).followsRing; }       \
  bool ATTR::isEven(int64_t size, int64_t ranks) const {                       \
    if (ranks == 1)                                                            \
      return true;                                                             \
    return !ShapedType::isDynamic(size) && !ShapedType::isDynamic(ranks) &&    \
           formulas(*this).isEven(size, ranks);                                \
  }                                                                            \
  Value ATTR::emitShardLength(OpBuilder &b, Location loc, Value size,          \
                              Value ranks, Value rank) const {                 \
    return formulas(*this)                                                     \
        .length(IndexValue{&b, loc, size}, IndexValue{&b, loc, ranks},         \
                IndexValue{&b, loc, rank})                                     \
        .value;                                                                \
  }                                                                            \
  Value ATTR::emitPosition(OpBuilder &b, Location loc, Value size,             \
                           Value ranks, Value rank, Value local) const {       \
    return formulas(*this)                                                     \
        .position(IndexValue{&b, loc, size}, IndexValue{&b, loc, ranks},       \
                  IndexValue{&b, loc, rank}, IndexValue{&b, loc, local})       \
        .value;                                                                \
  }                                                                            \
  Value ATTR::emitMaxShardLength(OpBuilder &b, Location loc, Value size,       \
                                 Value ranks) const {                          \
    return formulas(*this)                                                     \
        .maxLength(IndexValue{&b, loc, size}, IndexValue{&b, loc, ranks})      \
        .value;                                                                \
  }                                                                            \
  Value ATTR::emitNumActiveRanks(OpBuilder &b, Location loc, Value size,       \
                                 Value ranks) const {                          \
    return formulas(*this)                                                     \
        .active(IndexValue{&b, loc, size}, IndexValue{&b, loc, ranks})         \
        .value;                                                                \
  }                                                                            \
  RingReach ATTR::emitReach(                                                   \
      OpBuilder &b, Location loc, Value size, Value ranks, Value active,       \
      std::optional<int64_t> left, std::optional<int64_t> right) const {       \
    return emitClampedReach(formulas(*this), b, loc, size, ranks, active,      \
                            left, right);                                      \
  }

RINGATTN_LAYOUT_METHODS(ContiguousAttr)
RINGATTN_LAYOUT_METHODS(StripedAttr)
RINGATTN_LAYOUT_METHODS(ZigzagAttr)

#undef RINGATTN_LAYOUT_METHODS

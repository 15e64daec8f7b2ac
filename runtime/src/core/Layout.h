//===- Layout.h - Where a global token lives --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The maps between a global position of a sequence of S tokens and (rank, local
// index) on P ranks. Every map increases in the local index, so the positions a
// rank owns are a prefix of its local indices, for any S on any P.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_LAYOUT_H
#define RINGRT_CORE_LAYOUT_H

#include <cstdint>
#include <functional>

namespace ringrt {

enum class LayoutKind { Contiguous, Striped, Zigzag };

struct Layout {
  LayoutKind kind = LayoutKind::Contiguous;
  /// Striped: tokens per block of the block-cyclic distribution.
  int64_t granularity = 1;

  /// Number of positions below `size` that `rank` of `ranks` owns.
  int64_t length(int64_t size, int64_t ranks, int64_t rank) const;

  /// Global position of local index `local` < length(...).
  int64_t position(int64_t size, int64_t ranks, int64_t rank,
                   int64_t local) const;

  /// Calls `visit(local, global, count)` for the maximal stretches of a rank's
  /// local indices that are contiguous globally, in increasing order.
  void
  forEachRun(int64_t size, int64_t ranks, int64_t rank,
             const std::function<void(int64_t, int64_t, int64_t)> &visit) const;
};

} // namespace ringrt

#endif // RINGRT_CORE_LAYOUT_H

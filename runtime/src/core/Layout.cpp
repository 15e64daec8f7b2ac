//===- Layout.cpp - Where a global token lives ----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Layout.h"

#include <algorithm>

namespace ringrt {

// Positions past the end are formed before they are cut off, so intermediate
// values may exceed 64 bits for sizes close to the limit.
__extension__ typedef __int128 Wide;

static int64_t ceilDiv(int64_t a, int64_t b) { return a / b + (a % b != 0); }

/// Number of positions of [begin, begin + count) below `size`.
static int64_t below(Wide begin, Wide count, int64_t size) {
  return static_cast<int64_t>(
      std::clamp<Wide>(static_cast<Wide>(size) - begin, 0, count));
}

int64_t Layout::length(int64_t size, int64_t ranks, int64_t rank) const {
  switch (kind) {
  case LayoutKind::Contiguous: {
    Wide shard = ceilDiv(size, ranks);
    return below(rank * shard, shard, size);
  }
  case LayoutKind::Striped: {
    Wide cycle = static_cast<Wide>(ranks) * granularity;
    Wide cycles = size / cycle;
    return static_cast<int64_t>(cycles * granularity) +
           below(cycles * cycle + static_cast<Wide>(rank) * granularity,
                 granularity, size);
  }
  case LayoutKind::Zigzag: {
    Wide chunk = ceilDiv(size, 2 * ranks);
    return below(rank * chunk, chunk, size) +
           below((2 * ranks - 1 - rank) * chunk, chunk, size);
  }
  }
  return 0;
}

int64_t Layout::position(int64_t size, int64_t ranks, int64_t rank,
                         int64_t local) const {
  switch (kind) {
  case LayoutKind::Contiguous:
    return rank * ceilDiv(size, ranks) + local;
  case LayoutKind::Striped:
    return (local / granularity * ranks + rank) * granularity +
           local % granularity;
  case LayoutKind::Zigzag: {
    int64_t chunk = ceilDiv(size, 2 * ranks);
    if (local < chunk)
      return rank * chunk + local;
    return (2 * ranks - 1 - rank) * chunk + (local - chunk);
  }
  }
  return 0;
}

void Layout::forEachRun(
    int64_t size, int64_t ranks, int64_t rank,
    const std::function<void(int64_t, int64_t, int64_t)> &visit) const {
  int64_t count = length(size, ranks, rank);
  if (count == 0)
    return;
  // Lengths of the stretches before the last, which may be cut short.
  int64_t stretch = count;
  if (kind == LayoutKind::Striped && ranks > 1)
    stretch = granularity;
  else if (kind == LayoutKind::Zigzag)
    stretch = ceilDiv(size, 2 * ranks);

  int64_t begin = 0;
  while (begin < count) {
    int64_t global = position(size, ranks, rank, begin);
    int64_t run = std::min(stretch, count - begin);
    // The chunks of the last rank of a zigzag are neighbours.
    while (begin + run < count &&
           position(size, ranks, rank, begin + run) == global + run)
      run += std::min(stretch, count - begin - run);
    visit(begin, global, run);
    begin += run;
  }
}

} // namespace ringrt

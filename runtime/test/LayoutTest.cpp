//===- LayoutTest.cpp - Layouts against their definition ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Layout.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

using namespace ringrt;

namespace {

/// Positions of a rank, by the formulas of the specification, without cuts.
std::vector<int64_t> definition(const Layout &layout, int64_t size,
                                int64_t ranks, int64_t rank) {
  std::vector<int64_t> positions;
  int64_t shard = (size + ranks - 1) / ranks;
  int64_t chunk = (size + 2 * ranks - 1) / (2 * ranks);
  int64_t g = layout.granularity;
  auto add = [&](int64_t position) {
    if (position < size)
      positions.push_back(position);
  };
  switch (layout.kind) {
  case LayoutKind::Contiguous:
    for (int64_t i = 0; i < shard; ++i)
      add(rank * shard + i);
    break;
  case LayoutKind::Striped:
    for (int64_t i = 0; i < size + g; ++i)
      add(((i / g) * ranks + rank) * g + i % g);
    break;
  case LayoutKind::Zigzag:
    for (int64_t i = 0; i < chunk; ++i)
      add(rank * chunk + i);
    for (int64_t i = 0; i < chunk; ++i)
      add((2 * ranks - 1 - rank) * chunk + i);
    break;
  }
  return positions;
}

void check(const Layout &layout, int64_t size, int64_t ranks) {
  SCOPED_TRACE(testing::Message()
               << "kind " << int(layout.kind) << " granularity "
               << layout.granularity << " S " << size << " P " << ranks);
  std::vector<int> owners(size);
  for (int64_t rank = 0; rank < ranks; ++rank) {
    std::vector<int64_t> expected = definition(layout, size, ranks, rank);
    ASSERT_EQ(layout.length(size, ranks, rank), int64_t(expected.size()));
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(layout.position(size, ranks, rank, i), expected[i]);
      ++owners[expected[i]];
    }
    std::vector<int64_t> visited;
    int64_t next = 0, end = -1;
    layout.forEachRun(size, ranks, rank,
                      [&](int64_t local, int64_t global, int64_t count) {
                        EXPECT_EQ(local, next);
                        EXPECT_GT(count, 0);
                        EXPECT_GT(global, end) << "runs are maximal";
                        next = local + count;
                        end = global + count;
                        for (int64_t i = 0; i < count; ++i)
                          visited.push_back(global + i);
                      });
    ASSERT_EQ(visited, expected);
  }
  for (int count : owners)
    ASSERT_EQ(count, 1);
}

TEST(Layout, SmallSizesExhaustively) {
  for (int64_t ranks = 1; ranks <= 7; ++ranks)
    for (int64_t size = 0; size <= 40; ++size) {
      check({LayoutKind::Contiguous, 1}, size, ranks);
      check({LayoutKind::Zigzag, 1}, size, ranks);
      for (int64_t granularity : {1, 2, 3, 16, 100})
        check({LayoutKind::Striped, granularity}, size, ranks);
    }
}

TEST(Layout, RandomSizes) {
  std::mt19937 random(7);
  for (int i = 0; i < 100; ++i) {
    int64_t size = random() % 3000, ranks = 1 + random() % 33;
    check({LayoutKind::Contiguous, 1}, size, ranks);
    check({LayoutKind::Zigzag, 1}, size, ranks);
    check({LayoutKind::Striped, int64_t(1 + random() % 130)}, size, ranks);
  }
}

TEST(Layout, SizesAtTheLimit) {
  int64_t size = INT64_MAX;
  for (Layout layout :
       {Layout{LayoutKind::Contiguous, 1}, Layout{LayoutKind::Zigzag, 1},
        Layout{LayoutKind::Striped, 1}, Layout{LayoutKind::Striped, INT64_MAX},
        Layout{LayoutKind::Striped, INT64_MAX / 2}})
    for (int64_t ranks : {1, 3, 1000}) {
      __extension__ __int128 total = 0;
      for (int64_t rank = 0; rank < ranks; ++rank)
        total += layout.length(size, ranks, rank);
      EXPECT_TRUE(total == size) << ranks;
    }
}

} // namespace

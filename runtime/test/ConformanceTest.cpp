//===- ConformanceTest.cpp - What every transport must do -----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One set of tests for all transports and devices: blocks travel around the
// ring and must arrive bitwise, whatever the step, the lengths and the delays.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>

using namespace ringrt;
using namespace ringrt::test;

namespace {

class Conformance : public testing::TestWithParam<rr_transport> {
protected:
  WorldOptions options(int32_t size) const {
    WorldOptions options;
    options.size = size;
    options.transport = GetParam();
    return options;
  }
};

/// The byte at offset `i` of the block that `owner` started with.
uint8_t blockByte(int64_t owner, int64_t i) {
  return static_cast<uint8_t>(owner * 31 + i * 7 + (i >> 8) + 1);
}

/// Sends every block once around the ring of the first `active` ranks: two
/// slots, swapped each hop, of which only the owner's length travels. Checks
/// every byte of every block met.
struct Rotation {
  std::vector<int64_t> lengths;
  int64_t active = 0;
  int64_t step = 1;

  int32_t operator()(rr_ctx *ctx, void *const *, const int64_t *) const {
    const rr_imports *rr = ctx->imports;
    int64_t rank = ringRank(ctx);
    int64_t capacity = 0;
    for (int64_t length : lengths)
      capacity = std::max(capacity, length);
    void *slots[2];
    for (void *&slot : slots)
      RR_TRY(rr->buf_alloc(ctx, capacity, 64, &slot));
    auto ownerAt = [&](int64_t hop) {
      return rank < active ? ((rank - hop * step) % active + active) % active
                           : rank;
    };
    auto *own = static_cast<uint8_t *>(slots[0]);
    for (int64_t i = 0; i < lengths[rank]; ++i)
      own[i] = blockByte(rank, i);
    memset(slots[1], 0xee, capacity);
    for (int64_t hop = 0; hop < active; ++hop) {
      bool exchanges = hop + 1 < active;
      int64_t owner = ownerAt(hop);
      int64_t token = -1;
      if (exchanges)
        RR_TRY(rr->ring_shift_start(ctx, 0, slots[0], lengths[owner], slots[1],
                                    lengths[ownerAt(hop + 1)], step, active,
                                    &token));
      auto *block = static_cast<const uint8_t *>(slots[0]);
      for (int64_t i = 0; rank < active && i < lengths[owner]; ++i)
        if (block[i] != blockByte(owner, i))
          return rr->fail(ctx, RR_DATA_LOSS, "a block arrived damaged");
      if (exchanges) {
        RR_TRY(rr->ring_wait(ctx, token, nullptr));
        if (rank < active)
          std::swap(slots[0], slots[1]);
      }
    }
    for (void *slot : slots)
      RR_TRY(rr->buf_free(ctx, slot));
    return RR_OK;
  }
};

std::vector<int64_t> unequalLengths(int32_t ranks, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int64_t> lengths;
  for (int32_t rank = 0; rank < ranks; ++rank)
    lengths.push_back(random() % 5 == 0 ? 0 : random() % 5000);
  return lengths;
}

void expectAllOk(const Ranks &ranks) {
  std::vector<int32_t> statuses = ranks.execute();
  for (int32_t rank = 0; rank < ranks.size(); ++rank)
    EXPECT_EQ(statuses[rank], RR_OK)
        << "rank " << rank << ": " << ranks.error(rank);
}

TEST_P(Conformance, BlocksRotateOnAnyNumberOfRanks) {
  for (int32_t size = 1; size <= 16; ++size) {
    SCOPED_TRACE(size);
    TestModule module(ringManifest(),
                      Rotation{std::vector<int64_t>(size, 4096), size, 1});
    Ranks ranks(options(size), module);
    for (int repeat = 0; repeat < 3; ++repeat)
      expectAllOk(ranks);
    for (int32_t rank = 0; rank < size; ++rank) {
      rr_statistics stats = ranks.stats(rank);
      EXPECT_EQ(stats.exchanges, 3 * (size - 1));
      EXPECT_EQ(stats.bytes_sent, 3 * 4096 * (size - 1));
      EXPECT_EQ(stats.peak_bytes, 2 * 4096);
    }
  }
}

TEST_P(Conformance, StepsMayBeNegativeOrLong) {
  for (int64_t step : {-1, -3, 3, 7, 11, -12}) {
    SCOPED_TRACE(step);
    TestModule module(ringManifest(), Rotation{unequalLengths(5, 1), 5, step});
    Ranks ranks(options(5), module);
    expectAllOk(ranks);
  }
}

TEST_P(Conformance, IdleRanksCompleteAtOnce) {
  for (int64_t active = 0; active <= 6; ++active) {
    SCOPED_TRACE(active);
    TestModule module(ringManifest(),
                      Rotation{unequalLengths(6, 2), active, 1});
    Ranks ranks(options(6), module);
    expectAllOk(ranks);
    for (int32_t rank = 0; rank < 6; ++rank)
      EXPECT_EQ(ranks.stats(rank).exchanges,
                rank < active ? std::max<int64_t>(0, active - 1) : 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Transports, Conformance,
                         testing::Values(RR_TRANSPORT_THREAD),
                         [](const auto &) { return "thread"; });

} // namespace

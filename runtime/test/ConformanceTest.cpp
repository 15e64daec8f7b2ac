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

TEST_P(Conformance, LengthsMayDiffer) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    int32_t size = 2 + static_cast<int32_t>(seed % 7);
    SCOPED_TRACE(seed);
    TestModule module(ringManifest(),
                      Rotation{unequalLengths(size, seed), size, 1});
    Ranks ranks(options(size), module);
    expectAllOk(ranks);
  }
}

TEST_P(Conformance, BlocksOfZeroBytesTravel) {
  TestModule module(ringManifest(), Rotation{std::vector<int64_t>(4, 0), 4, 1});
  Ranks ranks(options(4), module);
  expectAllOk(ranks);
  EXPECT_EQ(ranks.stats(2).exchanges, 3);
  EXPECT_EQ(ranks.stats(2).bytes_sent, 0);
}

TEST_P(Conformance, BlocksOfManyPagesTravel) {
  TestModule module(ringManifest(),
                    Rotation{{3 << 20, 5 << 20, 1, 4097}, 4, -1});
  Ranks ranks(options(4), module);
  expectAllOk(ranks);
}

TEST_P(Conformance, RandomDelaysChangeNothing) {
  TestModule module(ringManifest(), Rotation{unequalLengths(5, 3), 5, 1});
  Ranks ranks(options(5), module);
  std::atomic<uint32_t> seed{0};
  auto delay = [&](int32_t) {
    // Any hash does; the point is that no two runs interleave alike.
    uint32_t value = seed.fetch_add(1) * 2654435761u;
    std::this_thread::sleep_for(std::chrono::microseconds(value >> 22));
  };
  ranks.hooks().beforePost = delay;
  ranks.hooks().beforeCopy = delay;
  for (int repeat = 0; repeat < 150; ++repeat)
    expectAllOk(ranks);
}

TEST_P(Conformance, TwoChainsTravelAtOnce) {
  // The exchange of a two-sided window: both directions in flight, awaited in
  // the other order.
  TestModule module(
      ringManifest(),
      [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        const rr_imports *rr = ctx->imports;
        int64_t rank = ringRank(ctx), size = ringSize(ctx);
        for (int repeat = 0; repeat < 20; ++repeat) {
          int64_t own = 100 * repeat + rank, left = -1, right = -1;
          int64_t up, down;
          RR_TRY(rr->ring_shift_start(ctx, 0, &own, 8, &left, 8, 1, size, &up));
          RR_TRY(rr->ring_shift_start(ctx, 0, &own, 8, &right, 8, -1, size,
                                      &down));
          RR_TRY(rr->ring_wait(ctx, down, nullptr));
          RR_TRY(rr->ring_wait(ctx, up, nullptr));
          if (left != 100 * repeat + (rank + size - 1) % size ||
              right != 100 * repeat + (rank + 1) % size)
            return rr->fail(ctx, RR_DATA_LOSS, "the wrong block arrived");
        }
        return RR_OK;
      });
  for (int32_t size : {1, 2, 3, 8}) {
    Ranks ranks(options(size), module);
    expectAllOk(ranks);
  }
}

TEST_P(Conformance, GroupsOfAGridAreRingsOfTheirOwn) {
  // A 2 x 3 grid: rows of three, columns of two, and all six with the second
  // axis outermost.
  TestModule module(
      ringManifest("[]", "[]", "[2,3]",
                   R"([{"axes":[1]},{"axes":[0]},{"axes":[1,0]}])"),
      [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        const rr_imports *rr = ctx->imports;
        int64_t index[3], size[3];
        for (int32_t group = 0; group < 3; ++group) {
          RR_TRY(rr->ring_rank(ctx, group, &index[group]));
          RR_TRY(rr->ring_size(ctx, group, &size[group]));
        }
        if (size[0] != 3 || size[1] != 2 || size[2] != 6 ||
            index[2] != index[0] * 2 + index[1])
          return rr->fail(ctx, RR_INTERNAL, "the rings are wrong");
        int64_t world = index[1] * 3 + index[0];
        for (int32_t group = 0; group < 3; ++group) {
          int64_t got = -1, token;
          RR_TRY(rr->ring_shift_start(ctx, group, &world, 8, &got, 8, 1,
                                      size[group], &token));
          RR_TRY(rr->ring_wait(ctx, token, nullptr));
          int64_t column = index[0], row = index[1];
          if (group == 0)
            column = (column + 2) % 3;
          if (group == 1)
            row = (row + 1) % 2;
          if (group == 2) {
            int64_t before = (index[2] + 5) % 6;
            column = before / 2;
            row = before % 2;
          }
          if (got != row * 3 + column)
            return rr->fail(ctx, RR_DATA_LOSS, "the wrong rank sent");
        }
        return RR_OK;
      });
  Ranks ranks(options(6), module);
  for (int repeat = 0; repeat < 5; ++repeat)
    expectAllOk(ranks);
}

TEST_P(Conformance, ALinkTakesItsTime) {
  // Two messages of 1 MB a rank over 100 MB/s queue up: at least 20 ms, and a
  // rank that only waits sees all of it.
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      const rr_imports *rr = ctx->imports;
                      constexpr int64_t bytes = 1000000;
                      void *buffers[4];
                      for (void *&buffer : buffers)
                        RR_TRY(rr->buf_alloc(ctx, bytes, 64, &buffer));
                      memset(buffers[0], 1, bytes);
                      memset(buffers[2], 2, bytes);
                      int64_t tokens[2];
                      for (int i = 0; i < 2; ++i)
                        RR_TRY(rr->ring_shift_start(ctx, 0, buffers[2 * i],
                                                    bytes, buffers[2 * i + 1],
                                                    bytes, 1, 2, &tokens[i]));
                      for (int64_t token : tokens)
                        RR_TRY(rr->ring_wait(ctx, token, nullptr));
                      return RR_OK;
                    });
  WorldOptions slow = options(2);
  slow.bandwidth = 100e6;
  slow.latency = 1e-3;
  Ranks ranks(slow, module);
  expectAllOk(ranks);
  for (int32_t rank = 0; rank < 2; ++rank) {
    rr_statistics stats = ranks.stats(rank);
    // 11 ms for the first and 21 ms for the second, less what passes between
    // the posts.
    EXPECT_GT(stats.comm_seconds, 0.025);
    EXPECT_GT(stats.wall_seconds, 0.020);
    EXPECT_GT(stats.exposed_comm_seconds, 0.010);
    EXPECT_LE(stats.exposed_comm_seconds, stats.comm_seconds);
  }
}

TEST_P(Conformance, ASlowLinkHidesBehindCompute) {
  TestModule module(
      ringManifest(),
      [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        const rr_imports *rr = ctx->imports;
        int64_t own = 1, got, token;
        RR_TRY(rr->ring_shift_start(ctx, 0, &own, 8, &got, 8, 1, 2, &token));
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        return rr->ring_wait(ctx, token, nullptr);
      });
  WorldOptions slow = options(2);
  slow.latency = 0.02;
  Ranks ranks(slow, module);
  expectAllOk(ranks);
  for (int32_t rank = 0; rank < 2; ++rank) {
    EXPECT_GE(ranks.stats(rank).comm_seconds, 0.02);
    EXPECT_LT(ranks.stats(rank).exposed_comm_seconds, 0.02);
  }
}

TEST_P(Conformance, WaitingForALatePeerIsSkew) {
  TestModule module(
      ringManifest(),
      [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        const rr_imports *rr = ctx->imports;
        if (ringRank(ctx) == 1)
          std::this_thread::sleep_for(std::chrono::milliseconds(60));
        int64_t own = 1, got, token;
        RR_TRY(rr->ring_shift_start(ctx, 0, &own, 8, &got, 8, 1, 2, &token));
        return rr->ring_wait(ctx, token, nullptr);
      });
  Ranks ranks(options(2), module);
  expectAllOk(ranks);
  EXPECT_GT(ranks.stats(0).skew_seconds, 0.03);
  EXPECT_LT(ranks.stats(0).comm_seconds, 0.03);
  EXPECT_LT(ranks.stats(0).exposed_comm_seconds, 0.03);
}

INSTANTIATE_TEST_SUITE_P(Transports, Conformance,
                         testing::Values(RR_TRANSPORT_THREAD),
                         [](const auto &) { return "thread"; });

} // namespace

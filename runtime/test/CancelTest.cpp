//===- CancelTest.cpp - Executions that are stopped, and what they leave
//---===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

using namespace ringrt;
using namespace ringrt::test;

namespace {

WorldOptions worldOf(int32_t size) {
  WorldOptions options;
  options.size = size;
  return options;
}

TEST(Cancel, AtEveryHop) {
  std::atomic<int64_t> cancelAt{-1};
  rr_world *world = nullptr;
  TestModule module(
      ringManifest(),
      [&](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        return slottedRing(ctx, [&](int64_t hop) -> int32_t {
          if (hop == cancelAt && ringRank(ctx) == 0)
            rr_cancel(world);
          return RR_OK;
        });
      });
  Ranks ranks(worldOf(4), module);
  world = ranks.world();
  for (int64_t hop = 0; hop < 4; ++hop) {
    cancelAt = hop;
    std::vector<int32_t> statuses = ranks.execute();
    for (int32_t rank = 0; rank < 4; ++rank) {
      EXPECT_EQ(statuses[rank], RR_CANCELLED) << ranks.error(rank);
      EXPECT_CONTAINS(ranks.error(rank), "cancelled");
    }
    cancelAt = -1;
    for (int32_t status : ranks.execute())
      EXPECT_EQ(status, RR_OK);
  }
}

TEST(Cancel, WakesBlockedRanks) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      return shiftOnce(ctx, 8, 8);
                    });
  WorldOptions options = worldOf(3);
  options.latency = 15;
  Ranks ranks(options, module);
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    rr_cancel(ranks.world());
  });
  auto begin = std::chrono::steady_clock::now();
  for (int32_t status : ranks.execute())
    EXPECT_EQ(status, RR_CANCELLED);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  canceller.join();
}

TEST(Cancel, BetweenExecutionsStopsTheNext) {
  std::atomic<int> runs{0};
  TestModule module(ringManifest(),
                    [&](rr_ctx *ctx, void *const *, const int64_t *) {
                      ++runs;
                      return shiftOnce(ctx, 8, 8);
                    });
  Ranks ranks(worldOf(2), module);
  rr_cancel(ranks.world());
  for (int32_t status : ranks.execute())
    EXPECT_EQ(status, RR_CANCELLED);
  EXPECT_EQ(runs, 0);
  for (int32_t status : ranks.execute())
    EXPECT_EQ(status, RR_OK);
}

TEST(Cancel, BetweenRepetitionsIsSeenByAllRanks) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      return shiftOnce(ctx, 8, 8);
                    });
  constexpr int32_t size = 4;
  Ranks ranks(worldOf(size), module);
  std::minstd_rand random(1);
  for (int repeat = 0; repeat < 300; ++repeat) {
    // Most of the time of such short executions is spent in coming and going.
    std::chrono::microseconds pause(random() % 500);
    std::thread canceller([&] {
      std::this_thread::sleep_for(pause);
      rr_cancel(ranks.world());
    });
    std::vector<int32_t> statuses(size);
    std::vector<int> executions(size);
    ranks.onEach([&](int32_t rank) {
      do
        ++executions[rank];
      while (!(statuses[rank] = rr_execute(ranks[rank])));
    });
    canceller.join();
    for (int32_t rank = 0; rank < size; ++rank) {
      ASSERT_EQ(statuses[rank], RR_CANCELLED) << ranks.error(rank);
      ASSERT_EQ(executions[rank], executions[0]) << "rank " << rank;
    }
  }
}

std::atomic<rr_world *> signalled{nullptr};

TEST(Cancel, FromASignalHandler) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      for (;;)
                        RR_TRY(shiftOnce(ctx, 8, 8));
                    });
  Ranks ranks(worldOf(2), module);
  signalled = ranks.world();
  auto previous =
      std::signal(SIGUSR1, [](int) { rr_cancel(signalled.load()); });
  std::thread killer([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    kill(getpid(), SIGUSR1);
  });
  for (int32_t status : ranks.execute())
    EXPECT_EQ(status, RR_CANCELLED);
  killer.join();
  std::signal(SIGUSR1, previous);
}

TEST(Cancel, OneRankExecutesOnce) {
  std::atomic<bool> release{false};
  TestModule module(ringManifest(),
                    [&](rr_ctx *, void *const *, const int64_t *) -> int32_t {
                      while (!release)
                        std::this_thread::yield();
                      return RR_OK;
                    });
  Ranks ranks(worldOf(1), module);
  EXPECT_EQ(rr_wait(ranks[0]), RR_INVALID_ARGUMENT);
  ASSERT_EQ(rr_execute_async(ranks[0]), RR_OK);
  EXPECT_EQ(rr_execute_async(ranks[0]), RR_INVALID_ARGUMENT);
  EXPECT_EQ(rr_execute(ranks[0]), RR_INVALID_ARGUMENT);
  EXPECT_EQ(rr_bind(ranks[0], "main", nullptr, 0), RR_INVALID_ARGUMENT);
  release = true;
  EXPECT_EQ(rr_wait(ranks[0]), RR_OK);
}

TEST(Cancel, AContextDestroyedWhileItRunsFailsTheOthers) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      for (;;)
                        RR_TRY(shiftOnce(ctx, 8, 8));
                    });
  Ranks ranks(worldOf(2), module);
  rr_context *extra = nullptr;
  ASSERT_EQ(rr_context_create(ranks.world(), module.get(), 1, &extra), RR_OK);
  ASSERT_EQ(rr_bind(extra, "main", nullptr, 0), RR_OK);
  ASSERT_EQ(rr_execute_async(extra), RR_OK);
  std::thread destroyer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    rr_context_destroy(extra);
  });
  EXPECT_EQ(rr_execute(ranks[0]), RR_ABORTED);
  EXPECT_CONTAINS(ranks.error(0), "the context of rank 1 was destroyed");
  destroyer.join();
}

TEST(Cancel, ObjectsMayBeDestroyedInAnyOrder) {
  TestModule module(ringManifest(),
                    [](rr_ctx *, void *const *, const int64_t *) -> int32_t {
                      return RR_OK;
                    });
  rr_world_options options;
  rr_world_options_init(&options);
  rr_world *world = nullptr;
  rr_context *context = nullptr;
  ASSERT_EQ(rr_world_create(&options, &world), RR_OK);
  ASSERT_EQ(rr_context_create(world, module.get(), 0, &context), RR_OK);
  rr_world_destroy(world);
  ASSERT_EQ(rr_bind(context, "main", nullptr, 0), RR_OK);
  EXPECT_EQ(rr_execute(context), RR_OK);
  rr_context_destroy(context);
}

size_t countEntries(const char *directory) {
  std::filesystem::directory_iterator begin(directory), end;
  return static_cast<size_t>(std::distance(begin, end));
}

TEST(Cancel, NothingLeaks) {
  TestModule module(
      ringManifest(),
      [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        auto body = [](rr_ctx *, void *, int64_t, int64_t) -> int32_t {
          return 0;
        };
        RR_TRY(ctx->imports->parallel_for(ctx, 100, body, nullptr));
        return slottedRing(ctx, [&](int64_t hop) -> int32_t {
          return hop == 1 && ringRank(ctx) == 0 ? RR_INTERNAL : RR_OK;
        });
      });
  // A sanitizer's own thread may start with the first one of the process.
  std::thread([] {}).join();
  size_t threads = countEntries("/proc/self/task");
  size_t files = countEntries("/proc/self/fd");
  for (int repeat = 0; repeat < 5; ++repeat) {
    WorldOptions options = worldOf(3);
    options.threads = 3;
    Ranks ranks(options, module);
    for (int32_t status : ranks.execute())
      EXPECT_NE(status, RR_OK);
  }
  // A joined thread leaves the list a moment after its join returns.
  for (int i = 0; i < 200 && countEntries("/proc/self/task") > threads; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_LE(countEntries("/proc/self/task"), threads);
  EXPECT_EQ(countEntries("/proc/self/fd"), files);
}

} // namespace

//===- FaultTest.cpp - What goes wrong is named, and nothing hangs --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <pthread.h>
#include <system_error>
#include <thread>

using namespace ringrt;
using namespace ringrt::test;

namespace {

WorldOptions worldOf(int32_t size, double timeout = 20) {
  WorldOptions options;
  options.size = size;
  options.timeout = timeout;
  return options;
}

TEST(Fault, LengthsOfAMessageDiffer) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      return shiftOnce(ctx, ringRank(ctx) == 1 ? 24 : 8, 8);
                    });
  Ranks ranks(worldOf(3), module);
  std::vector<int32_t> statuses = ranks.execute();
  EXPECT_EQ(statuses[1], RR_MISMATCH);
  EXPECT_EQ(statuses[2], RR_MISMATCH);
  EXPECT_EQ(statuses[0], RR_ABORTED);
  for (int32_t rank : {1, 2}) {
    EXPECT_CONTAINS(ranks.error(rank), "rank 1 sends 24 bytes");
    EXPECT_CONTAINS(ranks.error(rank), "rank 2 expects 8");
  }
}

TEST(Fault, RanksShiftDifferently) {
  TestModule module(
      ringManifest(),
      [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        static char send[8], recv[4][8];
        int64_t token, rank = ringRank(ctx);
        RR_TRY(ctx->imports->ring_shift_start(ctx, 0, send, 8, recv[rank], 8,
                                              rank == 2 ? -1 : 1, 4, &token));
        return ctx->imports->ring_wait(ctx, token, nullptr);
      });
  Ranks ranks(worldOf(4), module);
  std::vector<int32_t> statuses = ranks.execute();
  EXPECT_EQ(statuses[2], RR_MISMATCH);
  EXPECT_CONTAINS(ranks.error(2), "rank 2");
  for (int32_t status : statuses)
    EXPECT_TRUE(status == RR_MISMATCH || status == RR_ABORTED) << status;
}

TEST(Fault, AStalledRankExceedsTheDeadline) {
  std::atomic<bool> stalls{true};
  TestModule module(
      ringManifest(),
      [&](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        RR_TRY(shiftOnce(ctx, 8, 8));
        if (ringRank(ctx) == 1 && stalls)
          while (ctx->imports->check_cancel(ctx) == RR_OK)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return shiftOnce(ctx, 8, 8);
      });
  Ranks ranks(worldOf(4, 0.3), module);
  auto begin = std::chrono::steady_clock::now();
  std::vector<int32_t> statuses = ranks.execute();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  int32_t late = -1;
  for (int32_t rank = 0; rank < 4; ++rank)
    if (statuses[rank] == RR_DEADLINE_EXCEEDED)
      late = rank;
    else
      EXPECT_EQ(statuses[rank], RR_ABORTED);
  // Ranks 0 and 2 wait for rank 1, rank 3 may wait for those to end; whoever
  // gives up first names whom it waited for.
  ASSERT_TRUE(late == 0 || late == 2 || late == 3) << late;
  if (late != 3) {
    EXPECT_CONTAINS(ranks.error(late), "hop 1 of group 0");
    EXPECT_CONTAINS(ranks.error(late), "rank 1 is not waiting for anyone");
  }
  EXPECT_CONTAINS(ranks.error(1), "rank " + std::to_string(late) + " failed");

  // The world is as good as new.
  stalls = false;
  for (int32_t status : ranks.execute())
    EXPECT_EQ(status, RR_OK);
}

TEST(Fault, ARankThatComputesForLongIsNamed) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      if (ringRank(ctx) == 1)
                        while (ctx->imports->check_cancel(ctx) == RR_OK)
                          std::this_thread::sleep_for(
                              std::chrono::milliseconds(5));
                      return RR_OK;
                    });
  Ranks ranks(worldOf(2, 0.1), module);
  EXPECT_EQ(ranks.execute()[0], RR_DEADLINE_EXCEEDED);
  EXPECT_CONTAINS(ranks.error(0), "for rank 1 to end the execution: rank 1 is "
                                  "still computing");
}

TEST(Fault, ATransferExceedsTheDeadline) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      return shiftOnce(ctx, 8, 8);
                    });
  WorldOptions options = worldOf(2, 0.1);
  options.latency = 100;
  Ranks ranks(options, module);
  std::vector<int32_t> statuses = ranks.execute();
  int32_t late = statuses[0] == RR_DEADLINE_EXCEEDED ? 0 : 1;
  EXPECT_EQ(statuses[late], RR_DEADLINE_EXCEEDED);
  EXPECT_CONTAINS(ranks.error(late), "the transfer of 8 bytes from rank " +
                                         std::to_string(1 - late) +
                                         " is not complete");
}

TEST(Fault, ALinkIsFreeAfterAFailedTransfer) {
  std::atomic<bool> large{true};
  TestModule module(
      ringManifest(),
      [&](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        int64_t bytes = large ? 64 : 1;
        return shiftOnce(ctx, bytes, bytes);
      });
  WorldOptions options = worldOf(2, 0.5);
  // 6.4 s for 64 bytes, 0.1 s for one.
  options.bandwidth = 10;
  Ranks ranks(options, module);
  for (int32_t status : ranks.execute())
    EXPECT_TRUE(status == RR_DEADLINE_EXCEEDED || status == RR_ABORTED);
  large = false;
  for (int32_t status : ranks.execute())
    EXPECT_EQ(status, RR_OK);
}

TEST(Fault, AThreadThatDoesNotStartSaysWhy) {
  // No address space has room for such a stack.
  pthread_attr_t usual, huge;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_attr_init(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, size_t(1) << 60), 0);
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  rr_world_options options;
  rr_world_options_init(&options);
  rr_world *world = nullptr;
  EXPECT_EQ(rr_world_create(&options, &world), RR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(rr_last_error(nullptr),
            "cannot start a thread: " +
                std::generic_category().message(EAGAIN));
  pthread_setattr_default_np(&usual);
  pthread_attr_destroy(&huge);
  pthread_attr_destroy(&usual);
}

TEST(Fault, AMissingRankIsNamed) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      return shiftOften(ctx, 2);
                    });
  Ranks ranks(worldOf(4, 0.2), module);
  std::vector<int32_t> statuses = ranks.execute({0, 1, 3});
  int late = 0;
  for (int32_t rank : {0, 1, 3}) {
    late += statuses[rank] == RR_DEADLINE_EXCEEDED;
    EXPECT_TRUE(statuses[rank] == RR_DEADLINE_EXCEEDED ||
                statuses[rank] == RR_ABORTED);
    EXPECT_CONTAINS(ranks.error(rank), "for rank 2 to start the execution");
  }
  EXPECT_EQ(late, 1);
}

TEST(Fault, ARankThatEndsEarlyIsNamed) {
  for (int64_t hop = 0; hop < 3; ++hop) {
    TestModule module(
        ringManifest(),
        [&](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
          return shiftOften(ctx, ringRank(ctx) == 2 ? hop : 3);
        });
    Ranks ranks(worldOf(4), module);
    for (int repeat = 0; repeat < 3; ++repeat) {
      std::vector<int32_t> statuses = ranks.execute();
      int unavailable = 0;
      for (int32_t rank = 0; rank < 4; ++rank) {
        unavailable += statuses[rank] == RR_UNAVAILABLE;
        EXPECT_CONTAINS(ranks.error(rank), "has ended without posting it");
      }
      EXPECT_EQ(unavailable, 1);
    }
  }
}

TEST(Fault, ARankThatFailsIsNamedByTheOthers) {
  for (int64_t hop = 0; hop < 4; ++hop) {
    std::atomic<bool> fails{true};
    TestModule module(
        ringManifest(),
        [&](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
          return slottedRing(ctx, [&](int64_t at) -> int32_t {
            if (fails && at == hop && ringRank(ctx) == 1)
              return ctx->imports->fail(ctx, RR_INTERNAL, "the kernel broke");
            return RR_OK;
          });
        });
    Ranks ranks(worldOf(4), module);
    std::vector<int32_t> statuses = ranks.execute();
    for (int32_t rank = 0; rank < 4; ++rank) {
      EXPECT_EQ(statuses[rank], rank == 1 ? RR_INTERNAL : RR_ABORTED);
      EXPECT_CONTAINS(ranks.error(rank), "the kernel broke");
      if (rank != 1) {
        EXPECT_CONTAINS(ranks.error(rank), "rank 1 failed: INTERNAL");
      }
    }
    fails = false;
    for (int32_t status : ranks.execute())
      EXPECT_EQ(status, RR_OK);
  }
}

TEST(Fault, AStatusWithoutAReasonNamesEntryAndRank) {
  TestModule module(ringManifest(),
                    [](rr_ctx *, void *const *, const int64_t *) -> int32_t {
                      return RR_UNAVAILABLE;
                    });
  Ranks ranks(worldOf(1), module);
  EXPECT_EQ(ranks.execute()[0], RR_UNAVAILABLE);
  EXPECT_CONTAINS(ranks.error(0), "entry 'main' failed on rank 0");
}

TEST(Fault, EveryAllocationMayFail) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      return slottedRing(ctx, [&](int64_t) -> int32_t {
                        void *scratch;
                        RR_TRY(
                            ctx->imports->buf_alloc(ctx, 1000, 64, &scratch));
                        return ctx->imports->buf_free(ctx, scratch);
                      });
                    });
  Ranks ranks(worldOf(3), module);
  for (int64_t n = 0; n < 5; ++n)
    for (int32_t victim = 0; victim < 3; ++victim) {
      SCOPED_TRACE(n);
      std::atomic<int64_t> seen{0};
      ranks.hooks().failAllocation = [&](int32_t rank, int64_t) {
        return rank == victim && seen.fetch_add(1) == n;
      };
      std::vector<int32_t> statuses = ranks.execute();
      for (int32_t rank = 0; rank < 3; ++rank) {
        EXPECT_EQ(statuses[rank],
                  rank == victim ? RR_RESOURCE_EXHAUSTED : RR_ABORTED);
        EXPECT_CONTAINS(ranks.error(rank), "cannot allocate");
      }
      ranks.hooks().failAllocation = nullptr;
      for (int32_t status : ranks.execute())
        EXPECT_EQ(status, RR_OK);
    }
}

TEST(Fault, AShardThatDoesNotFitFailsTheBinding) {
  TestModule module(
      ringManifest(R"([{"dtype":"f32","shape":[-1],"sharding":null}])"),
      [](rr_ctx *, void *const *, const int64_t *) -> int32_t {
        return RR_OK;
      });
  Ranks ranks(worldOf(1), module, {4});
  ranks.hooks().failAllocation = [](int32_t, int64_t) { return true; };
  int64_t dims[] = {8};
  EXPECT_EQ(rr_bind(ranks[0], "main", dims, 1), RR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(rr_execute(ranks[0]), RR_INVALID_ARGUMENT);
  ranks.hooks().failAllocation = nullptr;
  int64_t huge[] = {int64_t(1) << 60};
  EXPECT_EQ(rr_bind(ranks[0], "main", huge, 1), RR_RESOURCE_EXHAUSTED);
  int64_t overflow[] = {int64_t(1) << 62};
  EXPECT_EQ(rr_bind(ranks[0], "main", overflow, 1), RR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ranks.error(0), "does not fit 64 bits");
  EXPECT_EQ(rr_bind(ranks[0], "main", dims, 1), RR_OK);
  EXPECT_EQ(rr_execute(ranks[0]), RR_OK);
}

TEST(Fault, RanksBindDifferentSizes) {
  TestModule module(
      ringManifest(R"([{"dtype":"f32","shape":[-1],"sharding":null}])"),
      [](rr_ctx *, void *const *, const int64_t *) -> int32_t {
        ADD_FAILURE() << "module code ran";
        return RR_OK;
      });
  Ranks ranks(worldOf(3), module, {4});
  int64_t other[] = {5};
  ASSERT_EQ(rr_bind(ranks[2], "main", other, 1), RR_OK);
  std::vector<int32_t> statuses = ranks.execute();
  for (int32_t rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(statuses[rank], RR_MISMATCH);
    EXPECT_CONTAINS(ranks.error(rank), "rank 0 has dims [4]");
    EXPECT_CONTAINS(ranks.error(rank), "rank 2 has dims [5]");
  }
}

TEST(Fault, RanksRunDifferentModules) {
  auto nothing = [](rr_ctx *, void *const *, const int64_t *) -> int32_t {
    return RR_OK;
  };
  TestModule module(ringManifest(), nothing);
  TestModule other(ringManifest("[]", "[]", "[2]"), nothing);
  Ranks ranks(worldOf(2), module);
  rr_context *odd = nullptr;
  ASSERT_EQ(rr_context_create(ranks.world(), other.get(), 1, &odd), RR_OK);
  ASSERT_EQ(rr_bind(odd, "main", nullptr, 0), RR_OK);
  std::thread peer([&] { EXPECT_EQ(rr_execute(odd), RR_MISMATCH); });
  EXPECT_EQ(rr_execute(ranks[0]), RR_MISMATCH);
  peer.join();
  EXPECT_CONTAINS(ranks.error(0), "rank 1 has module");
  rr_context_destroy(odd);
}

TEST(Fault, AnExchangeNobodyAwaitsIsAnError) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      static char send[8], recv[2][8];
                      int64_t token;
                      return ctx->imports->ring_shift_start(ctx, 0, send, 8,
                                                            recv[ringRank(ctx)],
                                                            8, 1, 2, &token);
                    });
  Ranks ranks(worldOf(2), module);
  std::vector<int32_t> statuses = ranks.execute();
  EXPECT_TRUE(statuses[0] == RR_INTERNAL || statuses[1] == RR_INTERNAL);
  for (int32_t rank : {0, 1})
    EXPECT_CONTAINS(ranks.error(rank), "exchanges not awaited");
}

TEST(Fault, ABufferInFlightIsNotFreed) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      const rr_imports *rr = ctx->imports;
                      void *send, *recv;
                      int64_t token;
                      RR_TRY(rr->buf_alloc(ctx, 4096, 64, &send));
                      RR_TRY(rr->buf_alloc(ctx, 4096, 64, &recv));
                      memset(send, 1, 4096);
                      RR_TRY(rr->ring_shift_start(ctx, 0, send, 4096, recv,
                                                  4096, 1, 2, &token));
                      if (ringRank(ctx) == 0)
                        RR_TRY(rr->buf_free(ctx, recv));
                      return rr->ring_wait(ctx, token, nullptr);
                    });
  Ranks ranks(worldOf(2), module);
  std::vector<int32_t> statuses = ranks.execute();
  EXPECT_EQ(statuses[0], RR_INTERNAL);
  EXPECT_CONTAINS(ranks.error(0), "rank 0 frees a buffer");
}

TEST(Fault, MisuseOfImportsIsNamed) {
  struct Case {
    const char *message;
    std::function<int32_t(rr_ctx *)> run;
  };
  static char block[8];
  auto shift = [](int32_t group, const void *send, int64_t bytes,
                  int64_t active) {
    return [=](rr_ctx *ctx) {
      int64_t token;
      return ctx->imports->ring_shift_start(ctx, group, send, bytes, block, 8,
                                            1, active, &token);
    };
  };
  auto alloc = [](int64_t bytes, int64_t alignment) {
    return [=](rr_ctx *ctx) {
      void *data;
      return ctx->imports->buf_alloc(ctx, bytes, alignment, &data);
    };
  };
  const Case cases[] = {
      {"which is not pending",
       [](rr_ctx *ctx) { return ctx->imports->ring_wait(ctx, 99, nullptr); }},
      {"names process group 7", shift(7, block, 8, 1)},
      {"names process group -1", shift(-1, block, 8, 1)},
      {"shifts among 2 ranks of a ring of 1", shift(0, block, 8, 2)},
      {"sizes are not negative", shift(0, block, -8, 1)},
      {"with a null buffer", shift(0, nullptr, 8, 1)},
      {"sends 4 bytes to itself and receives 8", shift(0, block, 4, 1)},
      {"not a buffer it allocated",
       [](rr_ctx *ctx) { return ctx->imports->buf_free(ctx, block); }},
      {"the size is negative", alloc(-1, 64)},
      {"which is no power of two", alloc(8, 96)},
      {"cannot allocate", alloc(INT64_MAX, 64)},
  };
  for (const Case &test : cases) {
    TestModule module(ringManifest(),
                      [&](rr_ctx *ctx, void *const *, const int64_t *) {
                        return test.run(ctx);
                      });
    Ranks ranks(worldOf(1), module);
    EXPECT_NE(ranks.execute()[0], RR_OK) << test.message;
    EXPECT_CONTAINS(ranks.error(0), test.message);
  }
}

TEST(Fault, TheFirstErrorSticks) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      ctx->imports->fail(ctx, RR_DATA_LOSS, "first");
                      ctx->imports->fail(ctx, RR_INTERNAL, "second");
                      void *data;
                      EXPECT_EQ(ctx->imports->buf_alloc(ctx, 8, 64, &data),
                                RR_DATA_LOSS);
                      EXPECT_EQ(ctx->imports->check_cancel(ctx), RR_DATA_LOSS);
                      return RR_OK;
                    });
  Ranks ranks(worldOf(1), module);
  EXPECT_EQ(ranks.execute()[0], RR_DATA_LOSS);
  EXPECT_EQ(ranks.error(0), "first");
}

} // namespace

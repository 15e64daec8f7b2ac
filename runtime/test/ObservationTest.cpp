//===- ObservationTest.cpp - Traces, flight records, parallel loops, options
//---===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"
#include "core/Log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <set>
#include <thread>
#include <unistd.h>

using namespace ringrt;
using namespace ringrt::test;

namespace {

std::string readAndRemove(const std::string &path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::remove(path.c_str());
  return text;
}

std::string temporaryPath(const std::string &suffix) {
  return testing::TempDir() + "ringrt-" + std::to_string(getpid()) + suffix;
}

int32_t tracedRing(rr_ctx *ctx) {
  const rr_imports *rr = ctx->imports;
  RR_TRY(rr->trace_begin(ctx, RR_SPAN_PACK, -1));
  RR_TRY(rr->trace_end(ctx));
  for (int64_t hop = 0; hop < 3; ++hop) {
    char send[16] = {}, recv[16];
    int64_t token;
    RR_TRY(rr->ring_shift_start(ctx, 0, send, 16, recv, 16, 1, ringSize(ctx),
                                &token));
    RR_TRY(rr->trace_begin(ctx, RR_SPAN_COMPUTE, hop));
    volatile double sum = 0;
    for (int i = 0; i < 20000; ++i)
      sum = sum + i;
    RR_TRY(rr->trace_end(ctx));
    RR_TRY(rr->ring_wait(ctx, token, nullptr));
  }
  RR_TRY(rr->trace_begin(ctx, RR_SPAN_FINALIZE, -1));
  return rr->trace_end(ctx);
}

TEST(Observation, TheTraceIsJson) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) {
                      return tracedRing(ctx);
                    });
  WorldOptions options;
  options.size = 3;
  options.trace = true;
  Ranks ranks(options, module);
  // Only the last execution is in the trace.
  for (int repeat = 0; repeat < 2; ++repeat)
    for (int32_t status : ranks.execute())
      ASSERT_EQ(status, RR_OK);
  std::string path = temporaryPath(".json");
  ASSERT_EQ(rr_trace_dump(ranks.world(), path.c_str()), RR_OK);
  auto trace = nlohmann::json::parse(readAndRemove(path));
  std::map<std::string, int> categories;
  std::set<std::string> processes, threads;
  for (const auto &event : trace["traceEvents"]) {
    if (event["ph"] == "M") {
      (event["name"] == "process_name" ? processes : threads)
          .insert(event["args"]["name"]);
      continue;
    }
    EXPECT_GE(event["ts"], 0);
    EXPECT_GE(event["dur"], 0);
    ++categories[event["cat"]];
    if (event["cat"] == "comm") {
      EXPECT_EQ(event["args"]["bytes"], 16);
      EXPECT_EQ(event["args"]["to"], (int(event["pid"]) + 1) % 3);
      EXPECT_EQ(event["args"]["from"], (int(event["pid"]) + 2) % 3);
    }
  }
  EXPECT_EQ(processes, (std::set<std::string>{"rank 0", "rank 1", "rank 2"}));
  EXPECT_EQ(threads, (std::set<std::string>{"compute", "comm"}));
  EXPECT_EQ(categories["compute"], 9);
  EXPECT_EQ(categories["pack"], 3);
  EXPECT_EQ(categories["finalize"], 3);
  EXPECT_EQ(categories["comm"], 9);

  rr_statistics stats = ranks.stats(1);
  EXPECT_EQ(stats.hops, 6);
  EXPECT_EQ(stats.exchanges, 6);
  EXPECT_EQ(stats.bytes_sent, 6 * 16);
  EXPECT_GT(stats.compute_seconds, 0);
  EXPECT_EQ(rr_progress(ranks[1]), 6);
  rr_stats_reset(ranks[1]);
  EXPECT_EQ(ranks.stats(1).hops, 0);

  for (auto dump : {rr_trace_dump, rr_flight_dump}) {
    EXPECT_NE(dump(ranks.world(), "/dev/full"), RR_OK);
    EXPECT_CONTAINS(rr_last_error(nullptr),
                    "'/dev/full': No space left on device");
  }
  EXPECT_NE(rr_trace_dump(ranks.world(), "/nonexistent/x"), RR_OK);
  EXPECT_CONTAINS(rr_last_error(nullptr), "/nonexistent/x");
}

TEST(Observation, TheFlightRecordNamesTheLastExchanges) {
  TestModule module(ringManifest(),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      RR_TRY(shiftOften(ctx, 200));
                      if (ringRank(ctx) == 1)
                        return ctx->imports->fail(ctx, RR_INTERNAL,
                                                  "the kernel broke");
                      return shiftOnce(ctx, 8, 8);
                    });
  WorldOptions options;
  options.size = 2;
  Ranks ranks(options, module);
  ranks.execute();
  std::string path = temporaryPath(".txt");
  ASSERT_EQ(rr_flight_dump(ranks.world(), path.c_str()), RR_OK);
  std::string text = readAndRemove(path);
  EXPECT_CONTAINS(text, "rank 0: ABORTED: rank 1 failed");
  EXPECT_CONTAINS(text, "rank 1: INTERNAL: the kernel broke");
  EXPECT_CONTAINS(text, "exchange 199 step 1 active 2: send 8 bytes to rank 1, "
                        "receive 8 bytes from rank 1");
  // Bounded: the first ones are gone.
  EXPECT_EQ(text.find("exchange 3 "), std::string::npos);
}

TEST(Observation, TheLogsPathIsExpanded) {
  EXPECT_EQ(expandLogPath("a.%p.b"), "a." + std::to_string(getpid()) + ".b");
  EXPECT_EQ(expandLogPath("100%"), "100%");
  EXPECT_EQ(expandLogPath("%h").find('%'), std::string::npos);
}

TEST(Observation, TheLogTellsOfFaults) {
  std::string path = temporaryPath(".log");
  setenv("RINGRT_DEBUG", "WARN", 1);
  setenv("RINGRT_DEBUG_FILE", path.c_str(), 1);
  {
    TestModule module(
        ringManifest(),
        [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
          if (ringRank(ctx) == 1)
            std::this_thread::sleep_for(std::chrono::milliseconds(400));
          return shiftOnce(ctx, 8, 8);
        });
    WorldOptions options;
    options.size = 2;
    options.timeout = 0.2;
    Ranks ranks(options, module);
    EXPECT_EQ(ranks.execute()[0], RR_DEADLINE_EXCEEDED);
  }
  unsetenv("RINGRT_DEBUG");
  unsetenv("RINGRT_DEBUG_FILE");
  std::string text = readAndRemove(path);
  EXPECT_CONTAINS(text, "half of the deadline is over: rank 0 waited");
  std::string outcome = "rank 0: DEADLINE_EXCEEDED";
  EXPECT_CONTAINS(text, outcome);
  EXPECT_EQ(text.find(outcome), text.rfind(outcome)) << text;
}

TEST(Observation, TheLogsLevelIsReadInEitherCase) {
  std::string path = temporaryPath(".log");
  setenv("RINGRT_DEBUG", "info", 1);
  setenv("RINGRT_DEBUG_FILE", path.c_str(), 1);
  rr_world_options options;
  rr_world_options_init(&options);
  rr_world *world = nullptr;
  EXPECT_EQ(rr_world_create(&options, &world), RR_OK);
  rr_world_destroy(world);
  unsetenv("RINGRT_DEBUG_FILE");
  setenv("RINGRT_DEBUG", "verbose", 1);
  EXPECT_EQ(rr_world_create(&options, &world), RR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(rr_last_error(nullptr), "RINGRT_DEBUG is 'verbose', expected "
                                          "OFF, WARN, INFO or TRACE");
  unsetenv("RINGRT_DEBUG");
  EXPECT_CONTAINS(readAndRemove(path), "world of 1 ranks");
}

TEST(ParallelFor, CoversEveryIterationOnce) {
  struct Closure {
    std::vector<std::atomic<int>> seen;
    std::atomic<int> inner{0};
    explicit Closure(size_t count) : seen(count) {}
  };
  auto body = [](rr_ctx *ctx, void *raw, int64_t begin,
                 int64_t end) -> int32_t {
    auto *closure = static_cast<Closure *>(raw);
    for (int64_t i = begin; i < end; ++i)
      ++closure->seen[i];
    // A loop inside a loop runs where it is met.
    return ctx->imports->parallel_for(
        ctx, 3,
        [](rr_ctx *, void *inner, int64_t from, int64_t to) -> int32_t {
          static_cast<Closure *>(inner)->inner += int(to - from);
          return RR_OK;
        },
        raw);
  };
  TestModule module(
      ringManifest(),
      [&](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        for (int64_t count : {0, 1, 2, 3, 7, 64, 1000, 4097}) {
          Closure closure(count);
          RR_TRY(ctx->imports->parallel_for(ctx, count, body, &closure));
          for (auto &times : closure.seen)
            EXPECT_EQ(times, 1);
        }
        return RR_OK;
      });
  for (int32_t threads : {1, 2, 5}) {
    WorldOptions options;
    options.size = 2;
    options.threads = threads;
    Ranks ranks(options, module);
    for (int repeat = 0; repeat < 10; ++repeat)
      for (int32_t status : ranks.execute())
        EXPECT_EQ(status, RR_OK);
  }
}

TEST(ParallelFor, ReturnsTheFirstFailure) {
  std::atomic<int> ran{0};
  struct Closure {
    std::atomic<int> *ran;
  } closure{&ran};
  auto body = [](rr_ctx *ctx, void *raw, int64_t begin, int64_t) -> int32_t {
    ++*static_cast<Closure *>(raw)->ran;
    if (begin == 0)
      return ctx->imports->fail(ctx, RR_INTERNAL, "task 0 broke");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return RR_OK;
  };
  TestModule module(
      ringManifest(), [&](rr_ctx *ctx, void *const *, const int64_t *) {
        return ctx->imports->parallel_for(ctx, 100000, body, &closure);
      });
  WorldOptions options;
  options.threads = 3;
  Ranks ranks(options, module);
  EXPECT_EQ(ranks.execute()[0], RR_INTERNAL);
  EXPECT_EQ(ranks.error(0), "task 0 broke");
  EXPECT_LT(ran, 96);
}

TEST(Options, AreChecked) {
  auto create = [](const std::function<void(rr_world_options &)> &change,
                   std::string &message) {
    rr_world_options options;
    rr_world_options_init(&options);
    change(options);
    rr_world *world = nullptr;
    int32_t status = rr_world_create(&options, &world);
    message = rr_last_error(nullptr);
    rr_world_destroy(world);
    return status;
  };
  std::string message;
  EXPECT_EQ(create([](auto &) {}, message), RR_OK);
  EXPECT_EQ(create([](auto &o) { o.size = 0; }, message), RR_INVALID_ARGUMENT);
  EXPECT_EQ(create([](auto &o) { o.struct_size = 0; }, message),
            RR_INVALID_ARGUMENT);
  EXPECT_EQ(create([](auto &o) { o.timeout_seconds = -1; }, message),
            RR_INVALID_ARGUMENT);
  EXPECT_EQ(create([](auto &o) { o.timeout_seconds = 1e300; }, message), RR_OK);
  EXPECT_EQ(create([](auto &o) { o.transport = RR_TRANSPORT_MPI; }, message),
            RR_UNIMPLEMENTED);
  EXPECT_CONTAINS(message,
                  "mpi is not part of this runtime; available: thread");
  EXPECT_EQ(create([](auto &o) { o.transport = RR_TRANSPORT_NCCL; }, message),
            RR_UNIMPLEMENTED);
  EXPECT_EQ(create([](auto &o) { o.device = RR_DEVICE_CUDA; }, message),
            RR_UNIMPLEMENTED);
  EXPECT_CONTAINS(message, "cuda is not part of this runtime; available: cpu");
  EXPECT_EQ(create([](auto &o) { o.device = RR_DEVICE_SIM; }, message), RR_OK);
  // Callers built against an older header have fewer fields.
  EXPECT_EQ(create([](auto &o) { o.struct_size = 24; }, message), RR_OK);
  EXPECT_STREQ(rr_status_name(RR_DEADLINE_EXCEEDED), "DEADLINE_EXCEEDED");
  EXPECT_STREQ(rr_status_name(99), "UNKNOWN");
}

TEST(Options, NullIsRefused) {
  EXPECT_EQ(rr_world_create(nullptr, nullptr), RR_INVALID_ARGUMENT);
  EXPECT_EQ(rr_context_create(nullptr, nullptr, 0, nullptr),
            RR_INVALID_ARGUMENT);
  EXPECT_EQ(rr_execute(nullptr), RR_INVALID_ARGUMENT);
  EXPECT_EQ(rr_stats(nullptr, nullptr), RR_INVALID_ARGUMENT);
  rr_world_destroy(nullptr);
  rr_context_destroy(nullptr);
  rr_module_close(nullptr);
  rr_cancel(nullptr);
}

} // namespace

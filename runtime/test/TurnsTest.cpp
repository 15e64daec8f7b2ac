//===- TurnsTest.cpp - Threads that share too few cores -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/cpu/Turns.h"
#include "device/cpu/ThreadPool.h"
#include "ringrt/abi.h"

#include "gtest/gtest.h"

#include <atomic>
#include <memory>
#include <new>
#include <thread>
#include <vector>

using namespace ringrt;

namespace {

/// Runs loops of `count` iterations on `pools` pools at once; returns the
/// largest number of iterations that were under way together.
int runLoops(int pools, int threads, int cores, int64_t count,
             std::chrono::milliseconds each) {
  Turns turns(int64_t(pools) * threads, cores);
  std::vector<std::unique_ptr<ThreadPool>> ranks;
  for (int i = 0; i < pools; ++i)
    ranks.push_back(std::make_unique<ThreadPool>(threads, turns));
  std::atomic<int> running{0}, most{0};
  std::atomic<int64_t> done{0};
  auto body = [&](int64_t begin, int64_t end) -> int32_t {
    int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);)
      ;
    std::this_thread::sleep_for(each * (end - begin));
    done += end - begin;
    --running;
    return 0;
  };
  std::vector<std::thread> owners;
  for (std::unique_ptr<ThreadPool> &pool : ranks)
    owners.emplace_back([&] {
      for (int repeat = 0; repeat < 3; ++repeat)
        EXPECT_EQ(pool->run(count, body), 0);
    });
  for (std::thread &owner : owners)
    owner.join();
  EXPECT_EQ(done, 3 * pools * count);
  return most;
}

TEST(Turns, NoMoreThreadsThanCoresCompute) {
  using std::chrono::milliseconds;
  EXPECT_EQ(runLoops(4, 1, 1, 20, milliseconds(1)), 1);
  EXPECT_LE(runLoops(5, 1, 2, 20, milliseconds(1)), 2);
  EXPECT_LE(runLoops(3, 2, 2, 20, milliseconds(1)), 2);
}

TEST(Turns, CoresEnoughMeanNoTurns) {
  // Two bodies that wait for each other, which turns would not allow.
  Turns turns(2, 2);
  ThreadPool first(1, turns), second(1, turns);
  std::atomic<int> there{0};
  auto meet = [&](int64_t, int64_t) -> int32_t {
    ++there;
    while (there < 2)
      std::this_thread::yield();
    return 0;
  };
  std::thread other([&] { EXPECT_EQ(second.run(1, meet), 0); });
  EXPECT_EQ(first.run(1, meet), 0);
  other.join();
}

TEST(Turns, ALongLoopLetsOthersPass) {
  Turns turns(2, 1);
  ThreadPool busy(1, turns), brief(1, turns);
  std::atomic<bool> passed{false};
  std::thread other;
  int64_t ran = 0;
  // Ends only once the other loop has had a turn between two of its ranges.
  int32_t status = busy.run(100000, [&](int64_t, int64_t) -> int32_t {
    if (ran++ == 0)
      other = std::thread([&] {
        brief.run(1, [&](int64_t, int64_t) -> int32_t {
          passed = true;
          return 0;
        });
      });
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return passed ? 7 : 0;
  });
  other.join();
  EXPECT_EQ(status, 7);
}

TEST(Turns, LoopsWithinLoopsKeepTheirTurn) {
  Turns turns(2, 1);
  ThreadPool pool(1, turns);
  int64_t inner = 0;
  EXPECT_EQ(pool.run(5,
                     [&](int64_t begin, int64_t end) -> int32_t {
                       return pool.run(end - begin,
                                       [&](int64_t from, int64_t to) {
                                         inner += to - from;
                                         return int32_t(0);
                                       });
                     }),
            0);
  EXPECT_EQ(inner, 5);
}

TEST(ThreadPool, AnExceptionIsAStatus) {
  Turns turns(3, 1);
  ThreadPool pool(3, turns);
  for (int64_t count : {1, 100}) {
    EXPECT_EQ(
        pool.run(count,
                 [](int64_t, int64_t) -> int32_t { throw std::bad_alloc(); }),
        RR_RESOURCE_EXHAUSTED);
    std::atomic<int64_t> seen{0};
    EXPECT_EQ(pool.run(count,
                       [&](int64_t begin, int64_t end) {
                         seen += end - begin;
                         return 0;
                       }),
              0);
    EXPECT_EQ(seen, count);
  }
}

} // namespace

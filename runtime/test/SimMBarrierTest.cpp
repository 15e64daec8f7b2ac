//===- SimMBarrierTest.cpp - mbarriers of the simulated GPU ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimHarness.h"

#include "gtest/gtest.h"

using namespace ringrt;
using namespace ringrt::test;

namespace {

/// Thread 0 initialises `count` barriers for `arrivals`; all may use them.
void setUp(SimThread &t, uint32_t count, uint32_t arrivals) {
  if (t.tid == 0) {
    for (uint32_t i = 0; i < count; ++i)
      t.init(t.base + 8 * i, arrivals);
    t.fence(RS_FENCE_MBARRIER_INIT);
  }
  t.sync();
}

TEST(SimMBarrier, Phases) {
  SimOptions options;
  options.threads = 64;
  // Warp 0 fills, warp 1 drains: two barriers, whose parities alternate.
  expectRuns(options, [](SimThread &t) {
    setUp(t, 2, 32);
    const uint32_t full = t.base, empty = t.base + 8, data = t.base + 128;
    for (uint32_t i = 0; i < 5; ++i) {
      if (t.warp == 0) {
        // Nothing has been drained in phase 0, so parity 1 is there at once.
        t.wait(empty, (i & 1) ^ 1);
        t.store<uint32_t>(data + 4 * t.lane, 10 * i + t.lane);
        t.arrive(full);
      } else {
        t.wait(full, i & 1);
        EXPECT_EQ(t.load<uint32_t>(data + 4 * (31 - t.lane)),
                  10 * i + 31 - t.lane);
        t.arrive(empty);
      }
    }
  });
}

TEST(SimMBarrier, WrongParity) {
  SimOptions options;
  options.threads = 64;
  expectFails(options,
              [](SimThread &t) {
                setUp(t, 1, 32);
                if (t.warp == 0) {
                  t.at("store").store<uint32_t>(t.base + 128 + 4 * t.lane, 1);
                  t.at("arrive").arrive(t.base);
                } else {
                  // Parity 1 is complete before anybody arrives, and is what
                  // is under way after.
                  t.at("flipped").wait(t.base, 1);
                  t.at("load").load<uint32_t>(t.base + 128 + 4 * t.lane);
                }
              },
              {"at '"});
  SimOptions inOrder = options;
  const std::string message = simulate(inOrder, [](SimThread &t) {
    setUp(t, 1, 32);
    if (t.warp == 0)
      t.arrive(t.base);
    t.sync();
    if (t.warp == 1)
      t.at("flipped").wait(t.base, 1);
  });
  EXPECT_NE(message.find("deadlock: threads 32-63 wait for the mbarrier at "
                         "0x400, parity 1 (in phase 1: 32 of 32 arrivals"),
            std::string::npos)
      << message;
}

TEST(SimMBarrier, Misuse) {
  SimOptions options;
  options.threads = 32;
  expectFails(options, [](SimThread &t) { t.at("op").wait(t.base, 0); },
              {"'op'", "not initialised"});
  expectFails(options, [](SimThread &t) { t.arrive(t.base + 4); },
              {"multiple of 8"});
  expectFails(options, [](SimThread &t) { t.arrive(1 << 30); },
              {"no mbarrier can be at"});
  expectFails(options, [](SimThread &t) { t.init(t.base + 8 * t.tid, 0); },
              {"count 0"});
  expectFails(options,
              [](SimThread &t) {
                if (t.tid == 0) {
                  t.at("once").init(t.base, 1);
                  t.at("twice").init(t.base, 1);
                }
              },
              {"'once'", "'twice'", "not invalidated"});
  expectFails(options,
              [](SimThread &t) {
                if (t.tid == 0)
                  t.at("init").init(t.base, 32);
                t.at("convergence").elect();
                t.at("use").arrive(t.base);
              },
              {"'init'", "'use'", "synchronised with its initialisation"});
  // An arrival too many: the phase also waits for bytes.
  expectFails(options,
              [](SimThread &t) {
                setUp(t, 1, 1);
                if (t.tid == 0) {
                  t.expect(t.base, 16);
                  t.at("more").arrive(t.base);
                }
              },
              {"'more'", "all 1 arrivals"});
  expectFails(options,
              [](SimThread &t) {
                setUp(t, 1, 1);
                if (t.tid == 0)
                  t.expect(t.base, 1 << 20);
              },
              {"1048575"});
  expectFails(options,
              [](SimThread &t) {
                setUp(t, 1, 1);
                t.at("scribble").store<uint32_t>(t.base + 4, 0);
              },
              {"'scribble'", "live mbarrier at 0x400"});
  expectRuns(options, [](SimThread &t) {
    setUp(t, 1, 1);
    if (t.tid == 0) {
      t.invalidate(t.base);
      t.store<uint32_t>(t.base, 7);
      t.init(t.base, 3);
    }
  });
}

} // namespace

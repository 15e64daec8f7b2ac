//===- SimGlobalTest.cpp - Global memory of the simulated GPU -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimGolden.h"
#include "SimHarness.h"

#include "gtest/gtest.h"

#include <algorithm>

using namespace ringrt;
using namespace ringrt::test;

namespace {

alignas(64) uint32_t memory[64];

SimOptions twoBlocks() {
  SimOptions options;
  options.grid[0] = 2;
  options.arrays = {{reinterpret_cast<uintptr_t>(memory), 128}};
  return options;
}

TEST(SimGlobal, BlocksComeInAnOrderOfTheSeed) {
  SimOptions options;
  options.threads = 32;
  options.grid[0] = 5;
  options.grid[1] = 3;
  std::vector<uint32_t> order;
  const SimProgram program = [&](SimThread &t) {
    if (t.tid == 0)
      order.push_back(t.sreg(RS_CTAID_X) + 5 * t.sreg(RS_CTAID_Y));
  };
  int ascending = 0;
  for (options.seed = 0; options.seed < 6; ++options.seed) {
    order.clear();
    EXPECT_EQ(simulate(options, program), "");
    ascending += std::is_sorted(order.begin(), order.end());
    std::sort(order.begin(), order.end());
    for (uint32_t i = 0; i < 15; ++i)
      EXPECT_EQ(order.at(i), i);
  }
  EXPECT_EQ(ascending, 1);
}

TEST(SimGlobal, OutOfBounds) {
  const auto with = [](size_t word, uint32_t bytes, rs_access kind) {
    return [=](SimThread &t) {
      if (t.tid == 40)
        t.at("here").global(&memory[word], bytes, kind, /*alignment=*/4);
    };
  };
  expectRuns(twoBlocks(), with(31, 4, RS_READ));
  expectFails(twoBlocks(), with(31, 8, RS_READ),
              {"kernel 'test'", "thread 40", "'here'",
               "reads 8 bytes of global memory at offset 124 of an array of "
               "128 bytes"});
  expectFails(twoBlocks(), with(40, 4, RS_WRITE),
              {"writes 4 bytes of global memory at offset 160 of an array of "
               "128 bytes"});
  expectFails(twoBlocks(), with(40, 4, RS_ATOMIC), {"updates 4 bytes"});
  SimOptions nothing = twoBlocks();
  nothing.arrays = {{reinterpret_cast<uintptr_t>(memory) + 64, 0}};
  expectFails(nothing, with(0, 4, RS_READ),
              {"at offset -64 of an array of 0 bytes"});
}

TEST(SimGlobal, Misaligned) {
  expectFails(twoBlocks(),
              [](SimThread &t) { t.at("here").global(&memory[1], 8, RS_READ); },
              {"'here'",
               "the global address offset 4 of an array of 128 bytes is 4 "
               "bytes after a multiple of 8"});
  expectRuns(twoBlocks(), [](SimThread &t) {
    t.at("here").global(&memory[1], 8, RS_READ, /*alignment=*/4);
  });
}

TEST(SimGlobal, BlocksAreNotOrdered) {
  // Each its own, but for halves of a word.
  expectRuns(twoBlocks(), [](SimThread &t) {
    auto *halves = reinterpret_cast<uint16_t *>(memory);
    if (t.tid == 0)
      t.global(&halves[t.sreg(RS_CTAID_X)], 2, RS_WRITE);
    t.global(&memory[2], 4, RS_READ);
    t.global(&memory[3], 4, RS_ATOMIC);
  });
  expectFails(
      twoBlocks(),
      [](SimThread &t) {
        if (t.tid == 0)
          t.at("store").global(&memory[2], 4, RS_WRITE);
      },
      {"writes global memory at offset 8 of an array of 128 bytes which block",
       "writes at 'store': blocks of a grid are not ordered"});
  // One way or the other.
  expectFails(
      twoBlocks(),
      [](SimThread &t) {
        if (t.tid == 0)
          t.at("access").global(&memory[2], 4,
                                t.sreg(RS_CTAID_X) ? RS_WRITE : RS_READ);
      },
      {"global memory at offset 8", "blocks of a grid are not ordered"});
}

TEST(SimGlobal, ThreadsOfABlockNeedABarrier) {
  const auto exchange = [](bool barrier) {
    return [=](SimThread &t) {
      uint32_t *to = &memory[16 * t.sreg(RS_CTAID_X)];
      if (t.tid == 0)
        t.at("store").global(to, 4, RS_WRITE);
      if (barrier)
        t.at("barrier").sync();
      if (t.tid == 64) {
        t.at("load").global(to, 4, RS_READ);
        t.at("again").global(to, 4, RS_WRITE);
      }
    };
  };
  expectRuns(twoBlocks(), exchange(true));
  SimOptions inOrder = twoBlocks();
  EXPECT_NE(simulate(inOrder, exchange(false))
                .find("reads global memory at offset 0 of an array of 128 "
                      "bytes which thread 0 (warp 0) writes at "),
            std::string::npos);
}

TEST(SimGlobal, TensorsAreInArrays) {
  alignas(128) static uint16_t data[64 * 8];
  const TensorCase tensor = {"", 2, 2, {64, 8}, {64, 8}, {}, 128};
  alignas(64) static const rs_tensor_map map = makeMap(tensor, data);
  SimOptions options;
  options.arrays = {{reinterpret_cast<uintptr_t>(data), sizeof(data) - 64}};
  expectFails(options,
              [&](SimThread &t) {
                if (t.tid != 0)
                  return;
                t.init(t.base, 1);
                t.fence(RS_FENCE_MBARRIER_INIT);
                t.expect(t.base, sizeof(data));
                t.at("load").tmaLoad(t.base + 1024, map, tensor.at, t.base);
              },
              {"'load'",
               "reads 16 bytes of global memory at offset 960 of an array of "
               "960 bytes"});
}

} // namespace

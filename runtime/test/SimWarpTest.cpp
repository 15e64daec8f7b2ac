//===- SimWarpTest.cpp - Threads, warps and barriers ----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimHarness.h"

#include "gtest/gtest.h"

#include <vector>

using namespace ringrt;
using namespace ringrt::test;

namespace {

TEST(SimWarp, SpecialRegisters) {
  SimOptions options;
  options.threads = 64;
  options.grid[0] = 2;
  options.grid[1] = 3;
  std::vector<int> seen(2 * 3 * 64);
  EXPECT_EQ(
      simulate(
          options,
          [&](SimThread &t) {
            EXPECT_EQ(t.sreg(RS_NTID_X), 64u);
            EXPECT_EQ(t.sreg(RS_NCTAID_X), 2u);
            EXPECT_EQ(t.sreg(RS_NCTAID_Y), 3u);
            EXPECT_EQ(t.sreg(RS_NCTAID_Z), 1u);
            EXPECT_EQ(t.sreg(RS_CTAID_Z), 0u);
            EXPECT_EQ(t.sreg(RS_LANEID), t.tid % 32);
            EXPECT_EQ(t.base % 1024, 0u);
            EXPECT_NE(t.base, 0u);
            ++seen[(t.sreg(RS_CTAID_Y) * 2 + t.sreg(RS_CTAID_X)) * 64 + t.tid];
          }),
      "");
  for (int count : seen)
    EXPECT_EQ(count, 1);
}

// What lane i gets when every lane passes 100 + its number, written out for
// some lanes: bit patterns of the source lane by the rules of shfl.
TEST(SimWarp, ShuffleGoldenVectors) {
  struct Case {
    rs_shuffle kind;
    uint32_t b, c;
    uint32_t lane[4], source[4];
  };
  const Case cases[] = {
      {RS_SHFL_BFLY, 1, 31, {0, 1, 30, 31}, {1, 0, 31, 30}},
      {RS_SHFL_BFLY, 2, 31, {0, 1, 2, 31}, {2, 3, 0, 29}},
      {RS_SHFL_BFLY, 16, 31, {0, 15, 16, 31}, {16, 31, 0, 15}},
      {RS_SHFL_IDX, 0, 31, {0, 7, 16, 31}, {0, 0, 0, 0}},
      {RS_SHFL_IDX, 5, 31, {0, 7, 16, 31}, {5, 5, 5, 5}},
      // Segments of 8 lanes: mask 24 in bits 8-12.
      {RS_SHFL_IDX, 3, 24 << 8 | 31, {0, 7, 8, 31}, {3, 3, 11, 27}},
      {RS_SHFL_UP, 1, 0, {0, 1, 16, 31}, {0, 0, 15, 30}},
      {RS_SHFL_UP, 4, 24 << 8, {0, 3, 12, 31}, {0, 3, 8, 27}},
      {RS_SHFL_DOWN, 1, 31, {0, 1, 30, 31}, {1, 2, 31, 31}},
      {RS_SHFL_DOWN, 2, 24 << 8 | 7, {5, 6, 7, 8}, {7, 6, 7, 10}},
  };
  for (const Case &test : cases)
    expectRuns({}, [&](SimThread &t) {
      const uint32_t result = t.shfl(test.kind, 100 + t.lane, test.b, test.c);
      for (int i = 0; i < 4; ++i) {
        if (t.lane == test.lane[i]) {
          EXPECT_EQ(result, 100 + test.source[i]) << test.kind << " " << test.b;
        }
      }
    });
}

TEST(SimWarp, ShuffleOfHalves) {
  expectRuns({}, [&](SimThread &t) {
    const uint32_t mask = t.lane < 16 ? 0x0000ffff : 0xffff0000;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(t.shfl(RS_SHFL_BFLY, t.lane, 8, 31, mask), t.lane ^ 8);
    }
  });
  expectFails({},
              [&](SimThread &t) {
                if (t.lane < 16)
                  t.at("half").shfl(RS_SHFL_BFLY, t.lane, 16, 31, 0xffff);
              },
              {"'half'", "which is not in the mask 0x0000ffff"});
}

TEST(SimWarp, Divergence) {
  expectFails({},
              [](SimThread &t) {
                if (t.lane < 5)
                  t.at("then").shfl(RS_SHFL_BFLY, 0, 1);
                else
                  t.at("else").shfl(RS_SHFL_BFLY, 0, 1);
              },
              {"divergence", "'then'", "'else'", "lane"});
  expectFails({},
              [](SimThread &t) {
                if (t.lane != 3)
                  t.at("early").sync();
              },
              {"'early'", "bar.sync", "warp"});
  expectFails({},
              [](SimThread &t) {
                if (t.lane == 3)
                  t.at("stray").arriveAt(1, 64);
                else
                  t.at("stray too").fence(RS_FENCE_WGMMA);
              },
              {"divergence", "'stray'", "'stray too'", "wgmma.fence"});
}

TEST(SimWarp, ElectsOneAlwaysTheSame) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    SimOptions options;
    options.seed = seed;
    std::vector<int> elected(128), again(128);
    EXPECT_EQ(simulate(options,
                       [&](SimThread &t) {
                         elected[t.tid] = t.elect();
                         again[t.tid] = t.elect();
                         if (t.lane < 4) {
                           EXPECT_TRUE(!t.elect(15) || t.lane < 4);
                         }
                       }),
              "");
    EXPECT_EQ(elected, again);
    for (int warp = 0; warp < 4; ++warp) {
      int count = 0;
      for (int lane = 0; lane < 32; ++lane)
        count += elected[32 * warp + lane];
      EXPECT_EQ(count, 1);
    }
  }
}

TEST(SimWarp, Registers) {
  SimOptions options;
  options.threads = 384;
  options.registers = 168;
  // 24 + 2 * 240 = 504 = 3 * 168.
  const SimProgram fits = [](SimThread &t) {
    if (t.group == 0)
      t.decreaseRegisters(24);
    else
      t.increaseRegisters(240);
  };
  expectRuns(options, fits);
  expectFails(options,
              [](SimThread &t) {
                if (t.group == 0)
                  t.decreaseRegisters(32);
                else
                  t.at("grow").increaseRegisters(240);
              },
              {"deadlock", "240 registers", "'grow'"});
  expectFails(options,
              [](SimThread &t) {
                if (t.group == 0)
                  t.decreaseRegisters(20);
              },
              {"multiple of 8"});
  expectFails(options,
              [](SimThread &t) {
                if (t.group == 1)
                  t.decreaseRegisters(240);
              },
              {"setmaxnreg.dec to 240: the warp has 168"});
  expectFails(options,
              [](SimThread &t) {
                if (t.warp == 1)
                  t.at("alone").decreaseRegisters(24);
              },
              {"'alone'", "all must"});
}

TEST(SimBarrier, OrdersSharedMemory) {
  SimOptions options;
  options.threads = 256;
  expectRuns(options, [](SimThread &t) {
    const uint32_t slot = t.base + 4 * t.tid;
    for (uint32_t i = 0; i < 4; ++i) {
      t.store<uint32_t>(slot, 1000 * i + t.tid);
      t.sync(1, 256);
      EXPECT_EQ(t.load<uint32_t>(t.base + 4 * (255 - t.tid)),
                1000 * i + 255 - t.tid);
      t.sync(2, 256);
    }
  });
}

TEST(SimBarrier, ArriveAndSync) {
  SimOptions options;
  options.threads = 128;
  // Warp 0 writes and goes on; the others wait for it.
  expectRuns(options, [](SimThread &t) {
    if (t.warp == 0) {
      t.store<uint32_t>(t.base + 4 * t.lane, t.lane);
      t.arriveAt(3, 128);
    } else {
      t.sync(3, 128);
      EXPECT_EQ(t.load<uint32_t>(t.base + 4 * t.lane), t.lane);
    }
  });
  // Who only arrives learns nothing.
  expectFails(options,
              [](SimThread &t) {
                if (t.warp == 0) {
                  t.sync(3, 64);
                } else if (t.warp == 1) {
                  t.arriveAt(3, 64);
                  t.at("peek").load<uint32_t>(t.base);
                }
              },
              {"'peek'", "nobody wrote"});
}

TEST(SimBarrier, Missing) {
  expectFails({},
              [](SimThread &t) {
                t.at("store").store<uint32_t>(t.base + 4 * t.tid, t.tid);
                t.at("load").load<uint32_t>(t.base + 4 * (127 - t.tid));
              },
              {"shared memory 0x"});
  expectFails({},
              [](SimThread &t) {
                t.at("first").store<uint32_t>(t.base + 4 * t.tid, 0);
                t.at(nullptr).sync();
                t.at("read").load<uint32_t>(t.base + 4 * (127 - t.tid));
                t.at("second").store<uint32_t>(t.base + 4 * t.tid, 1);
              },
              {"'read'", "'second'", "no barrier orders the two"});
}

TEST(SimBarrier, WarpSyncOrdersItsLanesOnly) {
  expectRuns({}, [](SimThread &t) {
    t.store<uint16_t>(t.base + 2 * t.tid, static_cast<uint16_t>(t.tid));
    t.warpSync();
    EXPECT_EQ(t.load<uint16_t>(t.base + 2 * (t.tid ^ 1)), t.tid ^ 1);
  });
  expectFails({},
              [](SimThread &t) {
                t.at("store").store<uint16_t>(t.base + 2 * t.tid, 0);
                t.at(nullptr).warpSync();
                if (t.warp == 1)
                  t.at("load").load<uint16_t>(t.base);
              },
              {"'load'"});
}

TEST(SimBarrier, Misuse) {
  SimOptions options;
  options.threads = 128;
  expectFails(options, [](SimThread &t) { t.sync(16); }, {"barrier 16"});
  expectFails(options, [](SimThread &t) { t.sync(1, 40); }, {"multiple of 32"});
  expectFails(options, [](SimThread &t) { t.sync(1, 160); }, {"160 threads"});
  expectFails(options,
              [](SimThread &t) {
                if (t.warp == 0)
                  t.at("here").sync(1, 128);
                else if (t.warp == 1)
                  t.at("there").sync(1, 96);
              },
              {"'here'", "'there'", "128", "96"});
  expectFails(
      options,
      [](SimThread &t) {
        if (t.warp < 2)
          t.at("pair").sync(1, 96);
      },
      {"deadlock", "threads 0-63 wait for barrier 1 (64 of 96", "pair"});
}

TEST(SimLaunch, Refused) {
  SimOptions options;
  const SimProgram nothing = [](SimThread &) {};
  options.threads = 100;
  EXPECT_NE(simulate(options, nothing).find("100 threads"), std::string::npos);
  options.threads = 384;
  options.registers = 176;
  EXPECT_NE(simulate(options, nothing).find("65536"), std::string::npos);
  options.registers = 168;
  options.shared = 232449;
  EXPECT_NE(simulate(options, nothing).find("232448"), std::string::npos);
  EXPECT_EQ(rs_run(nullptr, nullptr, nullptr, 0), 1);
}

TEST(SimLaunch, MessageNamesKernelAndBlock) {
  SimOptions options;
  options.grid[0] = 3;
  options.grid[1] = 2;
  const std::string message = simulate(options, [](SimThread &t) {
    if (t.sreg(RS_CTAID_X) == 1 && t.tid == 37)
      t.at("op").load<uint32_t>(t.base + (64 << 10));
  });
  EXPECT_EQ(
      message,
      "kernel 'test', block (1, 0, 0): thread 37 (warp 1) at 'op': bytes "
      "0x10400 to 0x10404 are outside of the block's shared memory, 0x400 "
      "to 0x10400");
}

} // namespace

//===- SimWgmmaTest.cpp - wgmma of the simulated GPU ----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimGolden.h"
#include "SimHarness.h"

#include "gtest/gtest.h"

using namespace ringrt;
using namespace ringrt::test;

namespace {

/// The threads of the block write an image to shared memory, for wgmma.
void writeImage(SimThread &t, uint32_t to, const std::vector<uint8_t> &image,
                uint32_t threads = 128) {
  for (uint32_t i = 4 * t.tid; i + 4 <= image.size(); i += 4 * threads) {
    uint32_t word;
    std::memcpy(&word, &image[i], 4);
    t.store<uint32_t>(to + i, word);
  }
}

void publish(SimThread &t) {
  t.fence(RS_FENCE_PROXY_ASYNC);
  t.sync();
}

constexpr uint32_t offsetB = 32 * 1024;

class SimWgmmaGolden : public ::testing::TestWithParam<WgmmaCase> {};

TEST_P(SimWgmmaGolden, Computes) {
  const WgmmaCase &test = GetParam();
  const WgmmaVectors v = makeVectors(test);
  ASSERT_LE(v.imageA.size(), offsetB);
  SimOptions options;
  options.shared = 96 * 1024;
  int wrong = 0;
  expectRuns(
      options,
      [&](SimThread &t) {
        writeImage(t, t.base, v.imageA);
        writeImage(t, t.base + offsetB, v.imageB);
        publish(t);
        float sums[128];
        const uint32_t count = static_cast<uint32_t>(test.n) / 2;
        std::copy_n(v.before[t.tid].data(), count, sums);
        const uint64_t b = descriptor(t.base + offsetB + v.b.start(test.k0),
                                      v.b.leading(), v.b.stride(), v.b.mode());
        t.fence(RS_FENCE_WGMMA);
        if (test.registersA)
          t.wgmma(v.what, sums, v.registersA[t.tid], b);
        else
          t.wgmma(v.what, sums,
                  descriptor(t.base + v.a.start(test.k0), v.a.leading(),
                             v.a.stride(), v.a.mode()),
                  b);
        t.wgmmaCommit();
        for (uint32_t i = 0; i < count; ++i)
          wrong += !(sums[i] != sums[i]); // not NaN before the wait
        t.wgmmaWait(0, sums, count);
        for (uint32_t i = 0; i < count; ++i)
          wrong += sums[i] != v.after[t.tid][i];
      },
      3);
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Cases, SimWgmmaGolden,
                         ::testing::ValuesIn(wgmmaCases()),
                         [](const auto &info) {
                           return testName(info.param.name);
                         });

// Bits that can be read off the drawings of the layouts.
TEST(SimGolden, PlacesWrittenOut) {
  const OperandTile k128{64, 64, 2, 128, false};
  EXPECT_EQ(k128.offset(0, 0), 0u);
  EXPECT_EQ(k128.offset(1, 0), 128u + 16);
  EXPECT_EQ(k128.offset(3, 40), 3u * 128 + 6 * 16); // 5 ^ 3 = 6
  EXPECT_EQ(k128.offset(7, 63), 7u * 128 + 0 * 16 + 14);
  EXPECT_EQ(k128.offset(9, 8), 1024u + 128);
  const OperandTile k64{64, 32, 2, 64, false};
  EXPECT_EQ(k64.offset(2, 0), 2u * 64 + 16);
  EXPECT_EQ(k64.offset(7, 31), 7u * 64 + 0 * 16 + 14);
  const OperandTile n128{128, 128, 2, 128, true};
  EXPECT_EQ(n128.offset(0, 1), 128u + 16);
  EXPECT_EQ(n128.offset(64, 0), 128u * 128);
  EXPECT_EQ(n128.leading(), 128u * 128);
  EXPECT_EQ(n128.stride(), 1024u);
  EXPECT_EQ(n128.start(16), 2048u);
  EXPECT_EQ(encodeElement(-3, RS_BF16), 0xc040u);
  EXPECT_EQ(encodeElement(-3, RS_F16), 0xc200u);
  EXPECT_EQ(encodeElement(5, RS_F16), 0x4500u);
}

// Descriptors for another swizzle than the data has: other numbers.
TEST(SimWgmma, WrongSwizzleGivesOtherNumbers) {
  const WgmmaVectors v = makeVectors(wgmmaCases()[0]);
  SimOptions options;
  int different = 0;
  expectRuns(
      options,
      [&](SimThread &t) {
        writeImage(t, t.base, v.imageA);
        writeImage(t, t.base + offsetB, v.imageB);
        publish(t);
        float sums[64] = {};
        t.fence(RS_FENCE_WGMMA);
        t.wgmma(v.what, sums, descriptor(t.base, 16, 1024, 1),
                descriptor(t.base + offsetB, 16, 1024, 2));
        t.wgmmaCommit();
        t.wgmmaWait(0, sums, 64);
        for (int i = 0; i < 64; ++i)
          different += sums[i] != v.after[t.tid][i];
      },
      1);
  EXPECT_GT(different, 1000);
}

// Half precision: subnormals, the largest value, infinity; tf32's low bits.
TEST(SimWgmma, DecodesElements) {
  struct Case {
    rs_type type;
    uint32_t bits;
    float value;
  };
  const Case cases[] = {
      {RS_F16, 0x0001, 0x1p-24f},          {RS_F16, 0x83ff, -1023 * 0x1p-24f},
      {RS_F16, 0x7bff, 65504.0f},          {RS_F16, 0xfc00, -INFINITY},
      {RS_F16, 0x3555, 1365 / 4096.0f},    {RS_BF16, 0x0001, 0x1p-133f},
      {RS_BF16, 0x7f80, INFINITY},         {RS_TF32, 0x3f801fff, 1.0f},
      {RS_TF32, 0x3f802000, 1 + 0x1p-10f},
  };
  for (const Case &test : cases)
    expectRuns(
        {},
        [&](SimThread &t) {
          // A is the value in column 0, B one in row 0.
          std::vector<uint8_t> none;
          const uint32_t bytes = test.type == RS_TF32 ? 4 : 2;
          for (uint32_t i = t.tid; i < 1024 / 4; i += 128)
            t.store<uint32_t>(t.base + 4 * i, 0);
          t.sync();
          if (t.tid < 8) {
            const uint32_t one = test.type == RS_TF32  ? 0x3f800000
                                 : test.type == RS_F16 ? 0x3c00
                                                       : 0x3f80;
            if (bytes == 4)
              t.store<uint32_t>(t.base + 16 * t.tid, one);
            else
              t.store<uint16_t>(t.base + 16 * t.tid,
                                static_cast<uint16_t>(one));
          }
          publish(t);
          const uint32_t a[4] = {t.lane % 4 ? 0 : test.bits,
                                 t.lane % 4 ? 0 : test.bits, 0, 0};
          float sums[4] = {};
          t.fence(RS_FENCE_WGMMA);
          t.wgmma({8, test.type, 0, 0, 0, 0, 0}, sums, a,
                  descriptor(t.base, 128, 256, 0));
          t.wgmmaCommit();
          t.wgmmaWait(0, sums, 4);
          for (float sum : sums)
            EXPECT_EQ(sum, test.value) << std::hex << test.bits;
        },
        2);
}

/// A program around one or two products: A at the base, B behind.
void prepare(SimThread &t) {
  for (uint32_t i = t.tid; i < 16 * 1024 / 4; i += 128)
    t.store<uint32_t>(t.base + 4 * i, 0x3f803f80); // ones in bf16
  publish(t);
}

constexpr rs_wgmma first64 = {64, RS_BF16, 0, 0, 0, 0, 0};
constexpr rs_wgmma more64 = {64, RS_BF16, 1, 0, 0, 0, 0};

uint64_t ones(const SimThread &t) { return descriptor(t.base, 16, 1024); }

TEST(SimWgmma, ChainsAndGroups) {
  expectRuns({}, [](SimThread &t) {
    prepare(t);
    float s[32] = {}, o[32];
    for (float &x : o)
      x = 100;
    for (int step = 0; step < 3; ++step) {
      t.fence(RS_FENCE_WGMMA);
      t.wgmma(first64, s, ones(t), ones(t));
      t.wgmma(more64, s, ones(t), ones(t));
      t.wgmmaCommit();
      t.wgmma(more64, o, ones(t), ones(t));
      t.wgmmaCommit();
      t.wgmmaWait(1, s, 32);
      float still = o[0];
      t.wgmmaWait(1, &still, 1);
      EXPECT_NE(still, still);
      for (float x : s)
        EXPECT_EQ(x, 32);
      t.wgmmaWait(0, o, 32);
      for (float x : o)
        EXPECT_EQ(x, 100 + 16 * (step + 1));
    }
  });
}

TEST(SimWgmma, MissingFence) {
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.at("product").wgmma(first64, s, ones(t), ones(t));
              },
              {"'product'", "wgmma.fence"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.at(nullptr).fence(RS_FENCE_WGMMA);
                t.wgmma(first64, s, ones(t), ones(t));
                t.wgmmaCommit();
                t.wgmmaWait(0, s, 32);
                for (float &x : s)
                  x *= 2;
                t.at("second").wgmma(more64, s, ones(t), ones(t));
              },
              {"'second'", "wgmma.fence"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                uint32_t a[4];
                t.at(nullptr).fence(RS_FENCE_WGMMA);
                t.ldmatrix(t.base + 16 * t.lane, a, 4);
                t.at("product").wgmma(first64, s, a, ones(t));
              },
              {"'product'", "registers of A"});
}

TEST(SimWgmma, MissingProxyFence) {
  expectFails({},
              [](SimThread &t) {
                t.at("store");
                for (uint32_t i = t.tid; i < 16 * 1024 / 4; i += 128)
                  t.store<uint32_t>(t.base + 4 * i, 0);
                t.at(nullptr).sync();
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("product").wgmma(first64, s, ones(t), ones(t));
              },
              {"'store'", "'product'", "fence.proxy.async"});
}

TEST(SimWgmma, MissingWait) {
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("product").wgmma(first64, s, ones(t), ones(t));
                t.at(nullptr).wgmmaCommit();
                t.at("use").store<float>(t.base + 32 * 1024 + 4 * t.tid, s[5]);
              },
              {"'use'", "register 5 of the wgmma at 'product'"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("product").wgmma(first64, s, ones(t), ones(t));
                t.at(nullptr).wgmmaCommit();
                // Arithmetic does not hide it.
                float scaled = s[3] * 2;
                uint32_t bits;
                std::memcpy(&bits, &scaled, 4);
                t.at("max").shfl(RS_SHFL_BFLY, bits, 1);
              },
              {"'max'", "'product'"});
  // Operands are overwritten while the product may still read them.
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("product").wgmma(first64, s, ones(t), ones(t));
                t.at(nullptr).wgmmaCommit();
                t.sync();
                t.at("overwrite").store<uint32_t>(t.base + 4 * t.tid, 0);
                t.at(nullptr).wgmmaWait(0, s, 32);
              },
              {"'overwrite'", "'product'", "wgmma.wait_group"});
  // One warp's wait says nothing of the others'.
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("product").wgmma(first64, s, ones(t), ones(t));
                t.at(nullptr).wgmmaCommit();
                t.wgmmaWait(0, s, 32);
                t.at("overwrite").store<uint32_t>(t.base + 4 * t.tid, 0);
              },
              {"'overwrite'", "'product'", "wgmma.wait_group"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("product").wgmma(first64, s, ones(t), ones(t));
                t.at(nullptr).wgmmaCommit();
              },
              {"'product'", "ended without"});
}

TEST(SimWgmma, WrongAccumulators) {
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {}, o[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("first").wgmma(first64, s, ones(t), ones(t));
                o[7] = s[7];
                t.at("mixed").wgmma(more64, o, ones(t), ones(t));
              },
              {"'first'", "'mixed'", "accumulator 7"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("first").wgmma(first64, s, ones(t), ones(t));
                std::swap(s[1], s[2]);
                t.at("swapped").wgmma(more64, s, ones(t), ones(t));
              },
              {"'first'", "'swapped'", "accumulator 1 is register 2"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("first").wgmma(first64, s, ones(t), ones(t));
                t.at("narrow").wgmma({32, RS_BF16, 1, 0, 0, 0, 0}, s, ones(t),
                                     ones(t));
              },
              {"'first'", "'narrow'", "another shape (m64n64k16)"});
}

TEST(SimWgmma, Divergence) {
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at(t.warp == 2 ? "odd" : "common")
                    .wgmma(first64, s, ones(t), ones(t));
                t.at(nullptr).wgmmaCommit();
                t.wgmmaWait(0, s, 32);
              },
              {"divergence", "'odd'", "'common'"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                if (t.warp != 3)
                  t.at("three").wgmma(first64, s, ones(t), ones(t));
                t.at("commit").wgmmaCommit();
                t.at("wait").wgmmaWait(0, s, 32);
              },
              {"deadlock", "'wait'", "not all warps of the warpgroup issued"});
  expectFails({},
              [](SimThread &t) {
                prepare(t);
                float s[32] = {};
                t.fence(RS_FENCE_WGMMA);
                t.at("lanes").wgmma(first64, s, ones(t),
                                    ones(t) + (t.lane == 9));
              },
              {"'lanes'", "lanes 0 and 9 differ"});
}

TEST(SimWgmma, BadOperands) {
  auto with = [](uint64_t descriptor, int32_t n = 64) {
    return [=](SimThread &t) {
      prepare(t);
      float s[128] = {};
      t.fence(RS_FENCE_WGMMA);
      t.wgmma({n, RS_BF16, 0, 0, 0, 0, 0}, s, ones(t), descriptor);
    };
  };
  expectFails({}, with(descriptor(0x30000, 16, 1024)), {"outside"});
  expectFails({}, with(descriptor(0, 16, 1024)), {"outside"});
  expectFails({}, with(descriptor(1024, 16, 1024) | uint64_t(1) << 49),
              {"descriptor of B: base offset 1"});
  expectFails({}, with(descriptor(1024, 16, 1024) | uint64_t(1) << 46),
              {"descriptor of B: reserved"});
  expectFails({}, with(descriptor(1024, 16, 1024), 12), {"n = 12"});
  expectFails({}, with(descriptor(1024 + 16 * 1024, 16, 1024)),
              {"nobody wrote"});
}

} // namespace

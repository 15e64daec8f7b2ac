//===- SimSharedTest.cpp - Shared memory of the simulated GPU -------------===//
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

/// A byte that says where it is.
uint8_t byteAt(uint32_t offset) {
  return static_cast<uint8_t>(offset * 37 + offset / 256);
}

TEST(SimShared, SizesAndAlignment) {
  SimOptions options;
  options.threads = 32;
  expectRuns(options, [](SimThread &t) {
    struct Wide {
      uint64_t low, high;
    };
    const uint32_t at = t.base + 64 * t.tid;
    t.store<Wide>(at, {1, 2});
    t.store<uint8_t>(at + 3, 0xab);
    EXPECT_EQ(t.load<uint32_t>(at), 0xab000001u);
    EXPECT_EQ(t.load<uint64_t>(at + 8), 2u);
    t.store<uint16_t>(at + 14, 0x1234);
    EXPECT_EQ(t.load<Wide>(at).high, uint64_t(0x1234) << 48 | 2);
  });
  expectFails(options, [](SimThread &t) { t.store<uint32_t>(t.base + 2, 0); },
              {"0x402 is not a multiple of the 4 bytes"});
  expectFails(options, [](SimThread &t) { t.load<uint64_t>(t.base); },
              {"nobody wrote"});
  expectFails(options, [](SimThread &t) { t.store<uint32_t>(0, 0); },
              {"outside"});
  expectFails(options, [](SimThread &t) { t.load<uint32_t>(0xfffffffc); },
              {"outside"});
}

TEST(SimShared, NeighboursDoNotConflict) {
  SimOptions options;
  options.threads = 64;
  expectRuns(options, [](SimThread &t) {
    for (uint16_t i = 0; i < 3; ++i) {
      t.store<uint16_t>(t.base + 2 * t.tid, i);
      EXPECT_EQ(t.load<uint16_t>(t.base + 2 * t.tid), i);
    }
  });
  // Two readers, then one of them writes.
  expectFails(options,
              [](SimThread &t) {
                if (t.tid == 5)
                  t.at("init").store<uint32_t>(t.base, 1);
                t.at(nullptr).sync();
                t.at("read").load<uint32_t>(t.base);
                if (t.tid == 5)
                  t.at("write").store<uint16_t>(t.base, 1);
              },
              {"'read'"});
}

// ldmatrix: lane l gets, of matrix m, the elements 2 * (l % 4) and the next of
// row l / 4; transposed, rows 2 * (l % 4) and the next of column l / 4.
TEST(SimShared, LdMatrixGoldenVectors) {
  SimOptions options;
  options.threads = 32;
  for (int32_t count : {1, 2, 4})
    for (bool transpose : {false, true})
      expectRuns(options, [=](SimThread &t) {
        // Row r of matrix m is at (8 * m + r) * 48: not contiguous.
        for (uint32_t i = t.tid; i < 32 * 48; i += 32)
          t.store<uint8_t>(t.base + i, byteAt(i));
        t.sync();
        uint32_t registers[4];
        t.ldmatrix(t.base + 48 * t.lane, registers, count, transpose);
        for (int32_t m = 0; m < count; ++m)
          for (uint32_t half = 0; half < 2; ++half) {
            const uint32_t x = t.lane / 4, y = 2 * (t.lane % 4) + half;
            const uint32_t row = 8 * m + (transpose ? y : x);
            const uint32_t byte = 48 * row + 2 * (transpose ? x : y);
            EXPECT_EQ(registers[m] >> 16 * half & 0xffff,
                      uint32_t(byteAt(byte) | byteAt(byte + 1) << 8));
          }
      });
  // By hand: row r of the one matrix is the numbers 10 r .. 10 r + 7.
  EXPECT_EQ(
      simulate(options,
               [](SimThread &t) {
                 if (t.lane < 8)
                   for (uint16_t i = 0; i < 8; ++i)
                     t.store<uint16_t>(t.base + 16 * t.lane + 2 * i,
                                       static_cast<uint16_t>(10 * t.lane + i));
                 t.sync();
                 uint32_t plain, transposed;
                 t.ldmatrix(t.base + 16 * (t.lane % 8), &plain, 1);
                 t.ldmatrix(t.base + 16 * (t.lane % 8), &transposed, 1, true);
                 if (t.lane == 0) {
                   EXPECT_EQ(plain, 1u << 16 | 0u);
                   EXPECT_EQ(transposed, 10u << 16 | 0u);
                 }
                 if (t.lane == 13) { // row or column 3, 2 and 3
                   EXPECT_EQ(plain, 33u << 16 | 32u);
                   EXPECT_EQ(transposed, 33u << 16 | 23u);
                 }
                 if (t.lane == 31) {
                   EXPECT_EQ(plain, 77u << 16 | 76u);
                   EXPECT_EQ(transposed, 77u << 16 | 67u);
                 }
               }),
      "");
}

TEST(SimShared, StMatrixIsTheInverse) {
  SimOptions options;
  options.threads = 32;
  for (int32_t count : {1, 2, 4})
    for (bool transpose : {false, true})
      expectRuns(options, [=](SimThread &t) {
        uint32_t registers[4];
        for (uint32_t m = 0; m < 4; ++m)
          registers[m] =
              (100 * m + 2 * t.lane + 1) << 16 | (100 * m + 2 * t.lane);
        t.stmatrix(t.base + 32 * t.lane, registers, count, transpose);
        t.sync();
        if (t.lane >= uint32_t(8 * count))
          return;
        for (uint32_t i = 0; i < 8; ++i) {
          // The lane that holds element i of row lane % 8, and which half.
          const uint32_t x = transpose ? i : t.lane % 8;
          const uint32_t y = transpose ? t.lane % 8 : i;
          EXPECT_EQ(t.load<uint16_t>(t.base + 32 * t.lane + 2 * i),
                    100 * (t.lane / 8) + 2 * (4 * x + y / 2) + y % 2);
        }
      });
  expectFails(options,
              [](SimThread &t) {
                uint32_t value = 0;
                t.stmatrix(t.base + 8 * t.lane, &value, 1);
              },
              {"not a multiple of 16"});
}

} // namespace

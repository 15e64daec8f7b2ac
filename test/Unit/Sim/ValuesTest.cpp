//===- ValuesTest.cpp - Approximations and exchanges --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the PTX ISA says of ex2.approx.ftz, lg2.approx.ftz, rcp.approx.ftz and
// cvt at the edges; elsewhere what is exact.
//
//===----------------------------------------------------------------------===//

#include "SimKernel.h"

#include "../../../runtime/test/SimInstructions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace ringattn::test;

static constexpr float inf = std::numeric_limits<float>::infinity();
static constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();
static constexpr float tiny = 0x1p-127f; // subnormal

namespace {
struct Approximation {
  float x, ex2, lg2, rcp;
};
struct Rounding {
  float x, tf32, bf16;
};
} // namespace

static constexpr Approximation approximations[] = {
    {0, 1, -inf, inf},
    {-0.0f, 1, -inf, -inf},
    {1, 2, 0, 1},
    {2, 4, 1, 0.5f},
    {-3, 0.125f, notANumber, -1 / 3.0f},
    {inf, inf, inf, 0},
    {-inf, 0, notANumber, -0.0f},
    {notANumber, notANumber, notANumber, notANumber},
    // Subnormal numbers and results are zeros of their sign.
    {tiny, 1, -inf, inf},
    {-tiny, 1, -inf, -inf},
    {-126, 0x1p-126f, notANumber, -1 / 126.0f},
    {-127, 0, notANumber, -1 / 127.0f},
    {0x1p127f, inf, 127, 0},
    {-0x1p127f, 0, notANumber, -0.0f},
};

/// tf32: ties away from zero; bf16: ties to even.
static constexpr Rounding roundings[] = {
    {3, 3, 3},
    {-0.0f, -0.0f, -0.0f},
    {1 + 0x1p-11f, 1 + 0x1p-10f, 1},
    {-1 - 0x1p-11f, -1 - 0x1p-10f, -1},
    {1 + 0x1p-12f, 1, 1},
    {1 + 0x1p-8f, 1 + 0x1p-8f, 1},
    {1 + 0x3p-8f, 1 + 0x3p-8f, 1 + 0x1p-6f},
    {1 + 0x1.1p-8f, 1 + 0x1p-8f, 1 + 0x1p-7f},
    {0x1.fffffep127f, inf, inf},
    {-inf, -inf, -inf},
    {notANumber, notANumber, notANumber},
};
static constexpr size_t numApproximations = std::size(approximations);
static_assert(numApproximations + std::size(roundings) <= 32);

static void expectValue(const char *what, float x, float actual,
                        float expected) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(actual)) << what << " of " << x << ": " << actual;
    return;
  }
  EXPECT_FLOAT_EQ(actual, expected) << what << " of " << x;
  EXPECT_EQ(std::signbit(actual), std::signbit(expected))
      << what << " of " << x << ": " << actual;
}

TEST(SimValues, Runs) {
  SimKernel kernel("values");
  ASSERT_TRUE(kernel.get());
  float in[32] = {}, out[7][32];
  for (auto [i, row] : llvm::enumerate(approximations))
    in[i] = row.x;
  for (auto [i, row] : llvm::enumerate(roundings))
    in[numApproximations + i] = row.x;
  const float *from = in;
  float *to = out[0];
  ASSERT_EQ(kernel.run({&from, &to}, /*sharedBytes=*/128, /*seed=*/1), "");
  for (auto [i, row] : llvm::enumerate(approximations)) {
    expectValue("ex2", row.x, out[0][i], row.ex2);
    expectValue("lg2", row.x, out[1][i], row.lg2);
    expectValue("rcp", row.x, out[2][i], row.rcp);
  }
  for (auto [i, row] : llvm::enumerate(roundings)) {
    expectValue("tf32", row.x, out[3][numApproximations + i], row.tf32);
    expectValue("bf16", row.x, out[4][numApproximations + i], row.bf16);
  }
  for (uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(memcmp(&out[5][i], &in[i ^ 1], 4), 0) << "ld.shared " << i;
    EXPECT_EQ(memcmp(&out[6][i], &in[i ^ 2], 4), 0) << "shfl " << i;
  }
}

// What a device is asked, too.
TEST(SimValues, GoldenVectors) {
  using namespace ringrt::test;
  SimKernel kernel("values");
  ASSERT_TRUE(kernel.get());
  for (const InstructionCase &test : instructionCases()) {
    int row = -1;
    switch (test.instruction) {
    case Instruction::Ex2:
      row = 0;
      break;
    case Instruction::Lg2:
      row = 1;
      break;
    case Instruction::ToTF32:
      row = 3;
      break;
    case Instruction::PackBF16:
      row = 4;
      break;
    default:
      continue;
    }
    for (size_t begin = 0; begin < test.in.size(); begin += 32) {
      uint32_t in[32], out[7][32];
      llvm::copy(llvm::ArrayRef(test.in).slice(begin, 32), in);
      const uint32_t *from = in;
      uint32_t *to = out[0];
      ASSERT_EQ(kernel.run({&from, &to}, /*sharedBytes=*/128, /*seed=*/1), "");
      for (size_t i = 0; i < 32; ++i) {
        const size_t at = begin + i;
        if (test.instruction == Instruction::PackBF16) {
          // Widened; the first of two is the upper half.
          const uint32_t both = test.out[at / 2].bits;
          EXPECT_EQ(out[row][i], at % 2 == 0 ? both & 0xffff0000 : both << 16)
              << test.name << " of word " << at;
        } else {
          EXPECT_TRUE(test.out[at].matches(out[row][i]))
              << test.name << " of 0x" << llvm::utohexstr(in[i]) << ": got 0x"
              << llvm::utohexstr(out[row][i]) << ", expected 0x"
              << llvm::utohexstr(test.out[at].bits);
        }
      }
    }
  }
}

TEST(SimValues, NeedsSynchronization) {
  SimKernel kernel("values", "sync");
  ASSERT_TRUE(kernel.get());
  float in[32] = {}, out[7][32];
  const float *from = in;
  float *to = out[0];
  std::string message = kernel.run({&from, &to}, 128, /*seed=*/1);
  EXPECT_NE(message.find(nameOf("values", "llvm.load %other", "ld.shared #1")),
            std::string::npos)
      << message;
}

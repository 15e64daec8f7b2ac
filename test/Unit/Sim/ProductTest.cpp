//===- ProductTest.cpp - Loads, products and stores ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimKernel.h"

#include "llvm/ADT/bit.h"

#include "gtest/gtest.h"

using namespace ringattn::test;

static constexpr uint32_t size = 64;
static constexpr uint32_t sharedBytes = 2 * size * size * 2 + 8;

namespace {
/// Small integers, which bf16 has: sums are exact.
struct Problem {
  alignas(128) uint16_t a[size][size], b[size][size];
  float c[size][size];
  alignas(64) rs_tensor_map mapA = {}, mapB = {};

  Problem() {
    uint32_t state = 1;
    auto fill = [&](uint16_t (&matrix)[size][size], rs_tensor_map &map) {
      for (auto &row : matrix)
        for (uint16_t &value : row) {
          state = state * 1664525 + 1013904223;
          auto number = static_cast<float>(static_cast<int>(state >> 28) - 8);
          value = static_cast<uint16_t>(llvm::bit_cast<uint32_t>(number) >> 16);
        }
      map.base = reinterpret_cast<uint64_t>(&matrix);
      map.rank = 2;
      map.element_bytes = 2;
      map.swizzle = 128;
      map.size[0] = map.size[1] = map.box[0] = map.box[1] = size;
      map.stride[0] = sizeof(matrix[0]);
    };
    fill(a, mapA);
    fill(b, mapB);
  }

  static float get(uint16_t half) {
    return llvm::bit_cast<float>(static_cast<uint32_t>(half) << 16);
  }

  /// How many elements are wrong.
  int countErrors() const {
    int errors = 0;
    for (uint32_t i = 0; i < size; ++i)
      for (uint32_t j = 0; j < size; ++j) {
        float sum = 0;
        for (uint32_t k = 0; k < size; ++k)
          sum += get(a[i][k]) * get(b[j][k]);
        errors += !(c[i][j] == sum);
      }
    return errors;
  }

  /// The simulator's message; empty: it ran.
  std::string run(const SimKernel &kernel, uint64_t seed) {
    for (auto &row : c)
      std::fill(std::begin(row), std::end(row), -1.0f);
    float *result = &c[0][0];
    int32_t stride = size;
    return kernel.run({&mapA, &mapB, &result, &stride}, sharedBytes, seed);
  }
};
} // namespace

TEST(SimProduct, Descriptor) {
  SimKernel kernel("product");
  ASSERT_TRUE(kernel.get());
  EXPECT_STREQ(kernel.get()->name, "product");
  EXPECT_EQ(kernel.get()->threads, 128u);
  EXPECT_EQ(kernel.get()->registers, 255u);
  ASSERT_EQ(kernel.get()->num_locations, 16u);
  EXPECT_EQ(kernel.get()->locations[0],
            nameOf("product", "nvvm.mbarrier.init", "mbarrier.init #1"));
  EXPECT_EQ(kernel.get()->locations[12],
            nameOf("product", "ringptx.wgmma bf16 %a3", "wgmma #4"));
}

TEST(SimProduct, Runs) {
  SimKernel kernel("product");
  ASSERT_TRUE(kernel.get());
  Problem problem;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    EXPECT_EQ(problem.run(kernel, seed), "");
    EXPECT_EQ(problem.countErrors(), 0) << "seed " << seed;
  }
}

/// With every seed, without the marked lines, at this instruction.
static void expectFails(llvm::StringRef marker, const std::string &where) {
  SimKernel kernel("product", marker);
  ASSERT_TRUE(kernel.get());
  Problem problem;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    std::string message = problem.run(kernel, seed);
    EXPECT_NE(message.find("at '" + where + "'"), std::string::npos)
        << "without " << marker.str() << ": '" << message << "', expected "
        << where;
  }
}

TEST(SimProduct, NeedsWait) {
  expectFails("wait", nameOf("product", "ringptx.wgmma bf16 %a0", "wgmma #1"));
}
TEST(SimProduct, NeedsBarrier) {
  expectFails("barrier", nameOf("product", "nvvm.mbarrier.try_wait.parity",
                                "mbarrier.try_wait.parity #1"));
}
TEST(SimProduct, NeedsFenceOfBarrier) {
  expectFails("init-fence",
              nameOf("product",
                     "nvvm.cp.async.bulk.tensor.shared.cluster.global %ca",
                     "cp.async.bulk.tensor.shared.cluster.global #1"));
}
TEST(SimProduct, NeedsFenceOfRegisters) {
  expectFails("fence", nameOf("product", "ringptx.wgmma bf16 %a0", "wgmma #1"));
}

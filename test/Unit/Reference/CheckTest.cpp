//===- CheckTest.cpp - Comparison with the oracle -------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Reference/Check.h"
#include "Programs.h"

#include <cmath>
#include <limits>
#include <set>

using namespace ringattn;
using namespace ringattn::reference;

static constexpr double infinity = std::numeric_limits<double>::infinity();

static Tensor makeTensor(llvm::ArrayRef<int64_t> shape,
                         std::vector<double> values,
                         std::vector<double> allowed) {
  Tensor tensor;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.values = std::move(values);
  tensor.allowed = std::move(allowed);
  return tensor;
}

/// One element against the oracle.
static bool passes(double actual, double expected, double allowed) {
  return compare(makeArray(DType::F64, {1}, {actual}),
                 makeTensor({1}, {expected}, {allowed}))
      .passed;
}

TEST(Compare, Elements) {
  EXPECT_TRUE(passes(1.5, 1, 0.5));
  EXPECT_FALSE(passes(1.51, 1, 0.5));
  EXPECT_TRUE(passes(0, 0, 0));
  EXPECT_FALSE(passes(1e-300, 0, 0));
  EXPECT_FALSE(passes(NAN, 1, 0.5));
  EXPECT_FALSE(passes(infinity, 1, 0.5));
  EXPECT_TRUE(passes(NAN, NAN, 0.5));
  EXPECT_FALSE(passes(1, NAN, 0.5));
  EXPECT_TRUE(passes(-infinity, -infinity, 0));
  EXPECT_FALSE(passes(infinity, -infinity, 0));
  EXPECT_FALSE(passes(-1e30, -infinity, 0));
  EXPECT_FALSE(passes(NAN, -infinity, 0));
}

// Where the number type may overflow, there is no bound.
TEST(Compare, ElementsWithoutABound) {
  for (double allowed : {infinity, double(NAN)}) {
    EXPECT_FALSE(passes(NAN, 1, allowed));
    EXPECT_FALSE(passes(7, NAN, allowed));
    EXPECT_FALSE(passes(7, infinity, allowed));
    // A check of nothing fails.
    EXPECT_FALSE(passes(7, 1, allowed));
    EXPECT_FALSE(passes(infinity, 1, allowed));
    EXPECT_FALSE(passes(infinity, NAN, allowed));
    EXPECT_TRUE(passes(NAN, NAN, allowed));
    EXPECT_TRUE(passes(-infinity, -infinity, allowed));
  }
  CheckResult result =
      compare(makeArray(DType::F32, {3}, {1, infinity, 7}),
              makeTensor({3}, {1, 2, 3}, {.5, infinity, infinity}));
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.numCompared, 1);
  EXPECT_EQ(result.numSkipped, 2);
  EXPECT_EQ(summarize(result),
            "max error 0, relative 0, 0 of the bound, 2 of 3 elements not "
            "compared (no finite bound)");
  result = compare(makeArray(DType::F32, {2}, {1, 2}),
                   makeTensor({2}, {1, 2}, {infinity, infinity}));
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(describeFailure(result), "no finite bound for any of 2 elements, "
                                     "expected at least 1 to compare");
}

TEST(Compare, ReportsTheWorst) {
  HostArray actual = makeArray(DType::F32, {2, 3}, {1, 2, 3, 4, 5.5, 7});
  Tensor expected =
      makeTensor({2, 3}, {1, 2, 3, 4, 5, 6}, {.1, .1, .1, .1, .1, .5});
  CheckResult result = compare(actual, expected);
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.numFailed, 2);
  EXPECT_EQ(result.worstIndex, (llvm::SmallVector<int64_t>{1, 1}));
  EXPECT_DOUBLE_EQ(result.maxOfBound, 5);
  EXPECT_DOUBLE_EQ(result.maxError, 1);
  EXPECT_DOUBLE_EQ(result.maxRelativeError, 1.0 / 6);
  EXPECT_EQ(describeFailure(result),
            "2 of 6 elements exceed the bound, worst at (1, 1): 5.5, expected "
            "5 within 0.1");
  EXPECT_EQ(summarize(result), "max error 1, relative 0.167, 5 of the bound");

  // Selected rows: indices are those of the whole.
  Tensor row = makeTensor({1, 3}, {4, 5, 6}, {});
  CheckResult selected = compare(actual, row, {0, {1}});
  EXPECT_EQ(selected.numCompared, 3);
  EXPECT_EQ(selected.worstIndex, (llvm::SmallVector<int64_t>{1, 1}));
}

TEST(Compare, Integers) {
  Tensor expected;
  expected.shape = {2};
  expected.isInteger = true;
  expected.ints = {-1, 0}; // true, false
  EXPECT_TRUE(compare(makeArray(DType::I1, {2}, {1, 0}), expected).passed);
  EXPECT_FALSE(compare(makeArray(DType::I1, {2}, {1, 1}), expected).passed);
  EXPECT_TRUE(compare(makeArray(DType::I8, {2}, {-1, 0}), expected).passed);
}

TEST(Sampling, CoversEveryRank) {
  auto rankOf = [](int64_t position) { return position / 3 % 8; };
  for (int64_t count : {1, 8, 50, 64, 1000}) {
    std::vector<int64_t> positions = samplePositions(5000, count, 3, rankOf);
    EXPECT_EQ(positions, samplePositions(5000, count, 3, rankOf));
    EXPECT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    EXPECT_EQ(std::set<int64_t>(positions.begin(), positions.end()).size(),
              positions.size());
    EXPECT_EQ(positions.size(),
              static_cast<size_t>(std::max<int64_t>(count, 8)));
    std::vector<int64_t> perRank(8);
    for (int64_t position : positions) {
      ASSERT_TRUE(position >= 0 && position < 5000);
      ++perRank[rankOf(position)];
    }
    for (int64_t number : perRank) {
      EXPECT_GE(number, std::max<int64_t>(count / 8, 1));
      EXPECT_LE(number, count / 8 + 1);
    }
    if (count >= 16) {
      EXPECT_EQ(positions.front(), 0);
      EXPECT_EQ(positions.back(), 4999);
    }
  }
  EXPECT_NE(samplePositions(5000, 64, 3), samplePositions(5000, 64, 4));
  EXPECT_EQ(samplePositions(3, 3, 1), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(samplePositions(5, 99, 1).size(), 5u);
  EXPECT_TRUE(samplePositions(0, 4, 1).empty());
  // Ranks of which some own next to nothing, or nothing.
  auto uneven = [](int64_t position) { return position < 990 ? 0 : 7; };
  EXPECT_EQ(samplePositions(991, 100, 1, uneven).size(), 51u);
}

static const char *const causal = R"mlir(
  func.func @main(%q: tensor<1x4x64x16xf32>, %k: tensor<1x2x64x16xf32>,
                  %v: tensor<1x2x64x16xf32>) -> (tensor<1x4x64x16xf32>, tensor<1x4x64xf32>) {
    %o, %lse = ringattn.attention %q, %k, %v {mask = #ringattn.causal}
      : (tensor<1x4x64x16xf32>, tensor<1x2x64x16xf32>, tensor<1x2x64x16xf32>)
        -> (tensor<1x4x64x16xf32>, tensor<1x4x64xf32>)
    return %o, %lse : tensor<1x4x64x16xf32>, tensor<1x4x64xf32>
  })mlir";

/// An implementation in f32 with the online softmax, in blocks of keys; `skip`
/// hides one key from one row.
static std::pair<HostArray, HostArray> runOnline(const Program &program,
                                                 int64_t block, int64_t skip) {
  const float *q = program.arguments[0].as<float>(),
              *k = program.arguments[1].as<float>(),
              *v = program.arguments[2].as<float>();
  HostArray output = makeArray(DType::F32, {1, 4, 64, 16}, {});
  HostArray lse = makeArray(DType::F32, {1, 4, 64}, {});
  for (int64_t h = 0; h < 4; ++h)
    for (int64_t i = 0; i < 64; ++i) {
      float m = -INFINITY, l = 0, o[16] = {};
      for (int64_t first = 0; first <= i; first += block) {
        int64_t last = std::min(first + block, i + 1);
        std::vector<float> s;
        float next = m;
        for (int64_t j = first; j < last; ++j) {
          float dot = 0;
          for (int64_t d = 0; d < 16; ++d)
            dot += q[(h * 64 + i) * 16 + d] * k[(h / 2 * 64 + j) * 16 + d];
          s.push_back(i == 40 && j == skip ? -INFINITY : dot * 0.25f);
          next = std::max(next, s.back());
        }
        float correction = std::exp(m - next);
        l *= correction;
        for (float &x : o)
          x *= correction;
        for (int64_t j = first; j < last; ++j) {
          float p = std::exp(s[j - first] - next);
          l += p;
          for (int64_t d = 0; d < 16; ++d)
            o[d] += p * v[(h / 2 * 64 + j) * 16 + d];
        }
        m = next;
      }
      for (int64_t d = 0; d < 16; ++d)
        output.set((h * 64 + i) * 16 + d, o[d] / l);
      lse.set(h * 64 + i, m + std::log(l));
    }
  return {std::move(output), std::move(lse)};
}

TEST(Check, AcceptsAnF32ImplementationAndRejectsAWrongKey) {
  std::vector<HostArray> inputs =
      arrays(makeRandom(DType::F32, {1, 4, 64, 16}, 0),
             makeRandom(DType::F32, {1, 2, 64, 16}, 1),
             makeRandom(DType::F32, {1, 2, 64, 16}, 2));
  Program program(causal, std::move(inputs));
  for (int64_t block : {1, 7, 16, 64}) {
    auto [output, lse] = runOnline(program, block, -1);
    auto first = check(*program.evaluator, 0, output);
    auto second = check(*program.evaluator, 1, lse);
    EXPECT_TRUE(first->passed) << describeFailure(*first);
    EXPECT_TRUE(second->passed) << describeFailure(*second);
    EXPECT_EQ(first->numCompared, 4 * 64 * 16);
    EXPECT_EQ(first->sample, "");
  }
  auto [output, lse] = runOnline(program, 16, 13);
  auto result = check(*program.evaluator, 0, output);
  EXPECT_FALSE(result->passed);
  EXPECT_EQ(result->worstIndex[2], 40);
  EXPECT_FALSE(check(*program.evaluator, 1, lse)->passed);
}

TEST(Check, SamplesAboveTheLimit) {
  Program program(causal, arrays(makeRandom(DType::F32, {1, 4, 64, 16}, 0),
                                 makeRandom(DType::F32, {1, 2, 64, 16}, 1),
                                 makeRandom(DType::F32, {1, 2, 64, 16}, 2)));
  auto [output, lse] = runOnline(program, 16, -1);
  CheckOptions options;
  options.maxScores = 4 * 64 * 12;
  options.rankOf = [](unsigned, int64_t position) { return position % 4; };
  auto result = check(*program.evaluator, 0, output, options);
  EXPECT_TRUE(result->passed);
  EXPECT_EQ(result->numCompared, 4 * 12 * 16);
  EXPECT_EQ(result->sample, "sampled 12 of 64 rows per head");
  EXPECT_NE(summarize(*result).find(" of the bound (sampled 12 of 64 rows per "
                                    "head)"),
            std::string::npos);
  // The last row of every rank is among them: an error there is found.
  output.set((2 * 64 + 63) * 16 + 5, 100);
  result = check(*program.evaluator, 0, output, options);
  EXPECT_EQ(result->numFailed, 1);
  EXPECT_EQ(result->worstIndex, (llvm::SmallVector<int64_t>{0, 2, 63, 5}));
}

TEST(Check, NamesAWrongResult) {
  Program program(causal, arrays(makeRandom(DType::F32, {1, 4, 64, 16}, 0),
                                 makeRandom(DType::F32, {1, 2, 64, 16}, 1),
                                 makeRandom(DType::F32, {1, 2, 64, 16}, 2)));
  HostArray wrong = makeArray(DType::F16, {1, 4, 64}, {});
  EXPECT_TRUE(mlir::failed(check(*program.evaluator, 1, wrong)));
  EXPECT_EQ(program.messages.front(),
            "result 1 is 1x4x64 of f16, expected 1x4x64 of f32");
}

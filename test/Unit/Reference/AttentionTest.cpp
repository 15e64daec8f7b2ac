//===- AttentionTest.cpp - Float64 attention and its bound ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Reference/Attention.h"
#include "ringattn/Support/Random.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace ringattn;
using namespace ringattn::reference;

static constexpr double infinity = std::numeric_limits<double>::infinity();

static Tensor makeTensor(llvm::ArrayRef<int64_t> shape, uint32_t argument,
                         double factor = 1) {
  Tensor tensor;
  tensor.shape.assign(shape.begin(), shape.end());
  for (int64_t i = 0; i < tensor.getNumElements(); ++i)
    tensor.values.push_back(factor * normalSample(11, argument, i));
  return tensor;
}

static std::vector<int64_t> iota(int64_t n) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < n; ++i)
    positions.push_back(i);
  return positions;
}

/// The definition, term by term, in long double.
static void expectDefinition(const AttentionProblem &p,
                             const AttentionRows &rows) {
  const auto &q = p.query.shape, &k = p.key.shape;
  int64_t d = q[3], dv = p.value.shape[3], group = q[1] / k[1];
  for (int64_t bh = 0; bh < q[0] * q[1]; ++bh)
    for (int64_t r = 0; r < q[2]; ++r) {
      int64_t row = bh * q[2] + r;
      int64_t kv = bh / q[1] * k[1] + bh % q[1] / group;
      std::vector<long double> output(dv, 0), score(k[2], -infinity);
      long double largest = -infinity, sum = 0, magnitude = 0;
      int64_t visible = 0;
      for (int64_t j = 0; j < k[2]; ++j) {
        int64_t i = p.positions[r];
        bool left = !p.mask.left || i - *p.mask.left <= j;
        bool right = !p.mask.right || j <= i + *p.mask.right;
        if (!left || !right)
          continue;
        ++visible;
        long double s = 0, t = 0;
        for (int64_t x = 0; x < d; ++x) {
          long double product = p.query.values[row * d + x];
          product *= p.key.values[(kv * k[2] + j) * d + x];
          s += product;
          t += std::abs(product);
        }
        score[j] = p.scale * s;
        largest = std::max(largest, score[j]);
        magnitude = std::max(magnitude, std::abs(p.scale) * t);
      }
      for (int64_t j = 0; j < k[2]; ++j) {
        if (score[j] == -infinity)
          continue;
        long double weight = std::exp(score[j] - largest);
        sum += weight;
        for (int64_t x = 0; x < dv; ++x)
          output[x] += weight * p.value.values[(kv * k[2] + j) * dv + x];
      }
      ASSERT_EQ(rows.numVisible[row], visible);
      ASSERT_NEAR(rows.scoreMagnitude[row], static_cast<double>(magnitude),
                  1e-12 * static_cast<double>(magnitude));
      double lse =
          visible ? static_cast<double>(largest + std::log(sum)) : -infinity;
      if (visible)
        ASSERT_NEAR(rows.lse.values[row], lse, 1e-12 * (1 + std::abs(lse)));
      else
        ASSERT_EQ(rows.lse.values[row], lse);
      for (int64_t x = 0; x < dv; ++x)
        ASSERT_NEAR(rows.output.values[row * dv + x],
                    visible ? static_cast<double>(output[x] / sum) : 0, 1e-12);
    }
}

TEST(Visibility, MatchesTheTruthTables) {
  Visibility causal{std::nullopt, 0}, window{1, 0}, full{};
  bool expected[3][3] = {{1, 0, 0}, {1, 1, 0}, {0, 1, 1}};
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 3; ++j) {
      EXPECT_EQ(causal.sees(i, j), j <= i);
      EXPECT_EQ(window.sees(i, j), expected[i][j]);
      EXPECT_TRUE(full.sees(i, j));
    }
  Visibility huge{INT64_MAX, INT64_MAX};
  EXPECT_TRUE(huge.sees(5, 0));
  EXPECT_TRUE(huge.sees(0, 5));
}

TEST(Attention, HandComputed) {
  // Scores 0 and ln 3 with scale ln 3: weights 1/4 and 3/4.
  Tensor q, k, v;
  q.shape = {1, 1, 2, 1};
  q.values = {1, 1};
  k.shape = {1, 1, 2, 1};
  k.values = {0, 1};
  v.shape = {1, 1, 2, 1};
  v.values = {8, 4};
  std::vector<int64_t> positions = {0, 1};
  AttentionRows rows = attend(
      {q, k, v, positions, std::log(3.0), {std::nullopt, 0}, DType::F32});
  EXPECT_DOUBLE_EQ(rows.output.values[0], 8);
  EXPECT_DOUBLE_EQ(rows.output.values[1], 5);
  EXPECT_DOUBLE_EQ(rows.lse.values[0], 0);
  EXPECT_DOUBLE_EQ(rows.lse.values[1], std::log(4.0));
  EXPECT_EQ(rows.numVisible, (std::vector<int64_t>{1, 2}));
  EXPECT_DOUBLE_EQ(rows.scoreMagnitude[1], std::log(3.0));
}

TEST(Attention, MatchesTheDefinition) {
  struct Case {
    int64_t batch, heads, keyHeads, rows, keys, d, dv;
  };
  for (Case c : {Case{1, 1, 1, 1, 1, 1, 1}, Case{2, 4, 2, 13, 13, 5, 3},
                 Case{1, 6, 2, 70, 70, 16, 20}, Case{1, 2, 1, 33, 33, 7, 17},
                 Case{1, 3, 3, 9, 31, 4, 16}}) {
    Tensor q = makeTensor({c.batch, c.heads, c.rows, c.d}, 0, 3);
    Tensor k = makeTensor({c.batch, c.keyHeads, c.keys, c.d}, 1);
    Tensor v = makeTensor({c.batch, c.keyHeads, c.keys, c.dv}, 2);
    std::vector<int64_t> positions = iota(c.rows);
    std::optional<int64_t> none;
    for (Visibility mask :
         {Visibility{}, Visibility{none, 0}, Visibility{0, 0}, Visibility{3, 2},
          Visibility{none, 5}, Visibility{8, none}, Visibility{0, 100},
          Visibility{INT64_MAX, INT64_MAX}})
      for (unsigned threads : {1u, 3u}) {
        AttentionProblem problem{q, k, v, positions, 0.3, mask, DType::F32};
        if (mask.left == INT64_MAX) // the judge's sums would overflow
          problem.mask = Visibility{1 << 30, 1 << 30};
        AttentionRows rows = attend(problem, threads);
        expectDefinition(problem, rows);
      }
  }
}

TEST(Attention, TakesAnyPositions) {
  Tensor q = makeTensor({1, 2, 3, 8}, 0), k = makeTensor({1, 1, 50, 8}, 1),
         v = makeTensor({1, 1, 50, 16}, 2);
  std::vector<int64_t> positions = {49, 0, 17};
  AttentionProblem problem{q, k, v, positions, 0.25, {4, 1}, DType::F32};
  expectDefinition(problem, attend(problem));
}

TEST(Attention, SurvivesLargeScores) {
  Tensor q = makeTensor({1, 1, 8, 4}, 0, 1e3), k = makeTensor({1, 1, 8, 4}, 1),
         v = makeTensor({1, 1, 8, 16}, 2);
  std::vector<int64_t> positions = iota(8);
  AttentionProblem problem{q, k, v, positions, 1.0, {}, DType::F32};
  expectDefinition(problem, attend(problem));
}

TEST(Attention, RowsWithoutKeysAreExact) {
  Tensor q = makeTensor({1, 1, 2, 4}, 0), k = makeTensor({1, 1, 3, 4}, 1),
         v = makeTensor({1, 1, 3, 2}, 2);
  v.values[0] = infinity;
  std::vector<int64_t> positions = {1, 10}; // the second sees 9 to 11 of 0 to 2
  AttentionRows rows = attend({q, k, v, positions, 1.0, {1, 1}, DType::F32});
  EXPECT_EQ(rows.numVisible[1], 0);
  for (int64_t d = 0; d < 2; ++d) {
    EXPECT_EQ(rows.output.values[2 + d], 0);
    EXPECT_EQ(rows.output.allowed[2 + d], 0);
  }
  EXPECT_EQ(rows.lse.values[1], -infinity);
  EXPECT_EQ(rows.lse.allowed[1], 0);
}

TEST(Attention, NonFiniteOperands) {
  Tensor q = makeTensor({1, 1, 4, 4}, 0), k = makeTensor({1, 1, 4, 4}, 1),
         v = makeTensor({1, 1, 4, 3}, 2);
  std::vector<int64_t> positions = iota(4);
  k.values[3 * 4] = NAN;     // key 3
  v.values[2 * 3 + 1] = NAN; // key 2, column 1
  AttentionRows rows =
      attend({q, k, v, positions, 1.0, {std::nullopt, 0}, DType::F32});
  auto output = [&](int64_t i, int64_t d) {
    return rows.output.values[i * 3 + d];
  };
  auto allowed = [&](int64_t i, int64_t d) {
    return rows.output.allowed[i * 3 + d];
  };
  // Masked non-finite K never matters; masked non-finite V may, in its column.
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(std::isfinite(output(i, 0)) && std::isfinite(output(i, 1)));
    EXPECT_LT(allowed(i, 0), 1e-4);
    EXPECT_EQ(allowed(i, 1), infinity);
    EXPECT_LT(rows.lse.allowed[i], 1e-4);
  }
  EXPECT_TRUE(std::isfinite(output(2, 0)));
  EXPECT_TRUE(std::isnan(output(2, 1)));
  EXPECT_TRUE(std::isnan(output(3, 0)));
  EXPECT_TRUE(std::isnan(rows.lse.values[3]));
}

TEST(Attention, AllowsWhatTheContractSays) {
  Tensor q = makeTensor({1, 1, 5, 8}, 0), k = makeTensor({1, 1, 40, 8}, 1),
         v = makeTensor({1, 1, 40, 16}, 2);
  std::vector<int64_t> positions = iota(5);
  for (DType storage : {DType::F64, DType::F32, DType::F16, DType::BF16}) {
    AttentionRows rows = attend({q, k, v, positions, -0.5, {}, storage});
    for (int64_t i = 0; i < 5; ++i) {
      double largest = 0;
      for (int64_t d = 0; d < 16; ++d)
        largest = std::max(largest, std::abs(rows.output.values[i * 16 + d]));
      double t = rows.scoreMagnitude[i];
      EXPECT_NEAR(rows.output.allowed[i * 16 + 3],
                  largest * outputBound(storage, 40, t) +
                      getFloatFormat(storage).smallest,
                  1e-15);
      EXPECT_DOUBLE_EQ(rows.lse.allowed[i], lseBound(storage, 40, t));
    }
  }
  // f32 overflows on these scores, and double does not.
  q.values[0] = 1e30;
  k.values[0] = 1e30;
  AttentionRows rows = attend({q, k, v, positions, 1.0, {}, DType::F32});
  EXPECT_EQ(rows.output.allowed[0], infinity);
  EXPECT_EQ(rows.lse.allowed[0], infinity);
  EXPECT_LT(rows.lse.allowed[1], infinity);
}

TEST(Attention, CarriesOperandErrors) {
  // Moving an operand within its error moves the result within the allowed one.
  Tensor q = makeTensor({1, 1, 6, 8}, 0), k = makeTensor({1, 1, 6, 8}, 1),
         v = makeTensor({1, 1, 6, 16}, 2);
  std::vector<int64_t> positions = iota(6);
  AttentionProblem problem{q,         k, v, positions, 0.3, {std::nullopt, 0},
                           DType::F64};
  AttentionRows exact = attend(problem);
  for (Tensor *operand : {&q, &k, &v}) {
    Tensor saved = *operand;
    operand->allowed.assign(operand->values.size(), 1e-4);
    AttentionRows loose = attend(problem);
    for (size_t i = 0; i < operand->values.size(); ++i)
      operand->values[i] += normalSample(3, 0, i) > 0 ? 1e-4 : -1e-4;
    AttentionRows moved = attend(problem);
    double largest = 0;
    for (size_t i = 0; i < exact.output.values.size(); ++i) {
      double error = std::abs(moved.output.values[i] - exact.output.values[i]);
      EXPECT_LE(error, loose.output.allowed[i]);
      EXPECT_LT(loose.output.allowed[i], 1e-2);
      largest = std::max(largest, error);
    }
    EXPECT_GT(largest, 1e-6);
    for (size_t i = 0; i < exact.lse.values.size(); ++i)
      EXPECT_LE(std::abs(moved.lse.values[i] - exact.lse.values[i]),
                loose.lse.allowed[i]);
    *operand = saved;
  }
}

TEST(Bound, Table) {
  EXPECT_DOUBLE_EQ(outputBound(DType::F32, 100, 10), 4e-6 + 2e-6 + 5e-6);
  EXPECT_DOUBLE_EQ(outputBound(DType::F16, 100, 10), 2e-3 + 11e-6);
  EXPECT_DOUBLE_EQ(outputBound(DType::BF16, 100, 10), 1.6e-2 + 11e-6);
  EXPECT_DOUBLE_EQ(outputBound(DType::F64, 100, 10), 1.1e-11);
  EXPECT_DOUBLE_EQ(outputBound(DType::F32, 100, 10, Products::TF32), 1.2e-2);
  EXPECT_DOUBLE_EQ(lseBound(DType::BF16, 100, 10), 11e-6);
  EXPECT_DOUBLE_EQ(lseBound(DType::F64, 100, 10), 1.1e-11);
}

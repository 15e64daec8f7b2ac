//===- Attention.cpp - Float64 attention ----------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Reference/Attention.h"

#include "AttentionKernel.h"
#include "ringattn/Support/Parallel.h"

#include <cfloat>
#include <cmath>
#include <limits>

using namespace ringattn;
using namespace ringattn::reference;

static constexpr double infinity = std::numeric_limits<double>::infinity();

namespace {

/// Sizes of a problem.
struct Sizes {
  explicit Sizes(const AttentionProblem &p)
      : batch(p.query.shape[0]), queryHeads(p.query.shape[1]),
        rows(p.query.shape[2]), head(p.query.shape[3]),
        keyHeads(p.key.shape[1]), keys(p.key.shape[2]), value(p.value.shape[3]),
        panels((keys + panelKeys - 1) / panelKeys) {}
  int64_t batch, queryHeads, rows, head, keyHeads, keys, value, panels;
};

/// What is known of one head of K and V.
struct HeadSummary {
  double keyNorm = 0;          ///< max over finite j of sum_d |k_jd|
  double keyError = 0;         ///< largest allowed error in K
  double valueLimit = 0;       ///< largest finite |v|
  std::vector<bool> nonFinite; ///< per column of V
};

} // namespace

static double maxOf(const std::vector<double> &values, int64_t begin,
                    int64_t count) {
  double result = 0;
  if (!values.empty())
    for (int64_t i = begin; i < begin + count; ++i)
      result = std::max(result, values[i]);
  return result;
}

/// Stores the keys of one head as panels.
static void packKeys(const Sizes &s, const double *keys, double *panels) {
  for (int64_t j = 0; j < s.keys; ++j) {
    double *panel = panels + (j / panelKeys) * s.head * panelKeys;
    for (int64_t d = 0; d < s.head; ++d)
      panel[d * panelKeys + j % panelKeys] = keys[j * s.head + d];
  }
}

static HeadSummary summarise(const Sizes &s, const AttentionProblem &p,
                             int64_t head) {
  HeadSummary summary;
  const double *k = p.key.values.data() + head * s.keys * s.head;
  for (int64_t j = 0; j < s.keys; ++j) {
    double norm = 0;
    for (int64_t d = 0; d < s.head; ++d)
      norm += std::abs(k[j * s.head + d]);
    if (std::isfinite(norm))
      summary.keyNorm = std::max(summary.keyNorm, norm);
  }
  summary.keyError =
      maxOf(p.key.allowed, head * s.keys * s.head, s.keys * s.head);
  summary.nonFinite.resize(s.value);
  const double *v = p.value.values.data() + head * s.keys * s.value;
  for (int64_t j = 0; j < s.keys; ++j)
    for (int64_t d = 0; d < s.value; ++d) {
      double magnitude = std::abs(v[j * s.value + d]);
      if (std::isfinite(magnitude))
        summary.valueLimit = std::max(summary.valueLimit, magnitude);
      else
        summary.nonFinite[d] = true;
    }
  return summary;
}

/// The allowed errors of one row; `weights` are those of its visible keys
/// [begin, end). `t` is the largest sum_d |q_d k_jd|, not yet scaled.
static void allowRow(const AttentionProblem &p, const Sizes &s,
                     const HeadSummary &head, int64_t keyHead, int64_t row,
                     const double *weights, int64_t begin, int64_t end,
                     double t, AttentionRows &result) {
  int64_t n = end - begin;
  double *allowed = result.output.allowed.data() + row * s.value;
  if (n <= 0)
    return;
  const double *o = result.output.values.data() + row * s.value;
  const double *v = p.value.values.data() + keyHead * s.keys * s.value;

  // Beyond this the accumulators' type overflows.
  double limit = p.storage == DType::F64 ? DBL_MAX : FLT_MAX;
  double scaled = std::abs(p.scale) * t;
  bool overflow = !(t <= limit) || !(scaled <= limit) ||
                  head.valueLimit * static_cast<double>(n) > limit;

  double magnitude = 0;
  for (int64_t d = 0; d < s.value; ++d)
    if (std::isfinite(o[d]))
      magnitude = std::max(magnitude, std::abs(o[d]));
  if (s.value < 16)
    for (int64_t d = 0; d < s.value; ++d) {
      double sum = 0;
      for (int64_t j = begin; j < end; ++j)
        sum += weights[j] * std::abs(v[j * s.value + d]);
      if (std::isfinite(sum))
        magnitude = std::max(magnitude, sum / std::sqrt(n));
    }

  // Errors of the operands, seen as errors of a score.
  double scoreError = 0, queryNorm = 0;
  double queryError = maxOf(p.query.allowed, row * s.head, s.head);
  for (int64_t d = 0; d < s.head; ++d)
    queryNorm += std::abs(p.query.values[row * s.head + d]);
  if (queryError > 0)
    scoreError += queryError * (head.keyNorm + s.head * head.keyError);
  if (head.keyError > 0)
    scoreError += queryNorm * head.keyError;
  scoreError *= std::abs(p.scale);

  double x = static_cast<double>(n);
  double relative =
      outputBound(p.storage, x, scaled, p.products) + 2 * scoreError;
  double lse = lseBound(p.storage, x, scaled, p.products) + scoreError;
  result.lse.allowed[row] = overflow || std::isnan(lse) ? infinity : lse;
  double floor = getFloatFormat(p.storage).smallest;
  for (int64_t d = 0; d < s.value; ++d) {
    double error = magnitude * relative + floor;
    if (!p.value.allowed.empty()) {
      const double *e = p.value.allowed.data() + keyHead * s.keys * s.value + d;
      double sum = 0, squares = 0;
      for (int64_t j = begin; j < end; ++j) {
        double term = weights[j] * e[j * s.value];
        sum += term;
        squares += term * term;
      }
      error += std::min(sum, 6 * std::sqrt(squares));
    }
    bool any = overflow || head.nonFinite[d] || std::isnan(error);
    allowed[d] = any ? infinity : error;
  }
}

/// The visible keys of the query at position `i`, a range.
static void getRange(const Visibility &mask, int64_t i, int64_t numKeys,
                     int64_t &begin, int64_t &end) {
  begin = mask.left && i > *mask.left ? i - *mask.left : 0;
  end = !mask.right || *mask.right >= numKeys - 1 - i ? numKeys
                                                      : i + *mask.right + 1;
  begin = std::min(begin, numKeys);
  end = std::max(begin, end);
}

AttentionRows reference::attend(const AttentionProblem &p, unsigned threads) {
  Sizes s(p);
  int64_t numHeads = s.batch * s.keyHeads;
  int64_t numRows = s.batch * s.queryHeads * s.rows;
  AttentionRows result;
  result.output.shape = {s.batch, s.queryHeads, s.rows, s.value};
  result.output.values.resize(numRows * s.value);
  result.output.allowed.resize(numRows * s.value);
  result.lse.shape = {s.batch, s.queryHeads, s.rows};
  result.lse.values.resize(numRows);
  result.lse.allowed.resize(numRows);
  result.numVisible.resize(numRows);
  result.scoreMagnitude.resize(numRows);

  // Blocks of rows whose weights take at most about 4 MiB.
  int64_t stride = s.panels * panelKeys;
  int64_t blockRows =
      std::clamp<int64_t>((1 << 19) / std::max<int64_t>(stride, 1), 4, 16);
  int64_t blocks = (s.rows + blockRows - 1) / blockRows;
  // The query heads of one K/V head follow each other, over all batches.
  int64_t group = s.queryHeads / s.keyHeads;
  int64_t panelSize = s.panels * s.head * panelKeys;
  // As many heads at a time as there are threads: packed keys take memory.
  int64_t window = std::min<int64_t>(std::max(threads, 1u), numHeads);
  std::vector<double> panels(window * panelSize);
  std::vector<HeadSummary> summaries(window);
  for (int64_t head = 0; head < numHeads; head += window) {
    int64_t heads = std::min(window, numHeads - head);
    parallelFor(heads, threads, [&](int64_t h) {
      packKeys(s, p.key.values.data() + (head + h) * s.keys * s.head,
               panels.data() + h * panelSize);
      summaries[h] = summarise(s, p, head + h);
    });
    parallelFor(heads * group * blocks, threads, [&](int64_t task) {
      int64_t h = task / (group * blocks), first = task % blocks * blockRows;
      int64_t count = std::min(blockRows, s.rows - first);
      int64_t row = (head * group + task / blocks) * s.rows + first;
      int64_t begin[16], end[16];
      for (int64_t r = 0; r < count; ++r) {
        getRange(p.mask, p.positions[first + r], s.keys, begin[r], end[r]);
        result.numVisible[row + r] = end[r] - begin[r];
      }
      std::vector<double> weights(blockRows * stride);
      computeRows(
          {count, s.head, s.value, p.scale,
           p.query.values.data() + row * s.head, panels.data() + h * panelSize,
           p.value.values.data() + (head + h) * s.keys * s.value, begin, end,
           stride, weights.data(), result.output.values.data() + row * s.value,
           result.lse.values.data() + row, result.scoreMagnitude.data() + row});
      for (int64_t r = 0; r < count; ++r) {
        allowRow(p, s, summaries[h], head + h, row + r,
                 weights.data() + r * stride, begin[r], end[r],
                 result.scoreMagnitude[row + r], result);
        result.scoreMagnitude[row + r] *= std::abs(p.scale);
      }
    });
  }
  return result;
}

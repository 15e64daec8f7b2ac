//===- AttentionKernel.cpp - The arithmetic of attention rows -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace ringattn::reference;

#define RINGATTN_INLINE static inline __attribute__((always_inline))

// 8 lanes, one per key of a panel, whatever the machine's vectors.
typedef double Lanes __attribute__((vector_size(64)));
typedef int64_t LaneBits __attribute__((vector_size(64)));
static constexpr int64_t groupRows = 4;
static constexpr int64_t valueKeys = 16;
static constexpr double infinity = std::numeric_limits<double>::infinity();

/// Scores of up to four rows against one panel; updates each row's maximum of
/// the scores and of their magnitudes over the keys it sees.
RINGATTN_INLINE void computeScores(const RowBlock &b, int64_t first,
                                   int64_t panel, double *maximum) {
  int64_t count = std::min(groupRows, b.numRows - first),
          key = panel * panelKeys;
  const double *k = b.panels + key * b.headSize, *q[groupRows];
  for (int64_t r = 0; r < groupRows; ++r)
    q[r] = b.query + (first + std::min(r, count - 1)) * b.headSize;
  Lanes score[groupRows] = {}, magnitude[groupRows] = {};
  const LaneBits noSign = LaneBits{} + INT64_MAX;
  for (int64_t d = 0; d < b.headSize; ++d) {
    Lanes lanes;
    std::memcpy(&lanes, k + d * panelKeys, sizeof(lanes));
    for (int64_t r = 0; r < groupRows; ++r) {
      Lanes product = lanes * q[r][d];
      score[r] += product;
      magnitude[r] += (Lanes)((LaneBits)product & noSign);
    }
  }
  for (int64_t r = 0; r < count; ++r) {
    int64_t row = first + r;
    Lanes scaled = score[r] * b.scale;
    std::memcpy(b.weights + row * b.stride + key, &scaled, sizeof(scaled));
    double s[panelKeys], t[panelKeys];
    std::memcpy(s, &scaled, sizeof(s));
    std::memcpy(t, &magnitude[r], sizeof(t));
    int64_t low = std::max<int64_t>(b.begin[row] - key, 0);
    int64_t high = std::min(b.end[row] - key, panelKeys);
    double m = maximum[row], largest = b.magnitude[row];
    for (int64_t j = low; j < high; ++j) {
      m = s[j] > m ? s[j] : m;
      // A NaN stays.
      largest = t[j] > largest || t[j] != t[j] ? t[j] : largest;
    }
    maximum[row] = m;
    b.magnitude[row] = largest;
  }
}

/// Turns a row's scores into weights, and gives its LSE.
RINGATTN_INLINE void computeWeights(const RowBlock &b, int64_t row,
                                    double maximum) {
  double *w = b.weights + row * b.stride, sum = 0;
  for (int64_t j = b.begin[row]; j < b.end[row]; ++j) {
    // Where all scores are -inf the maximum is too: all weights are 0. A NaN
    // among them stays one.
    w[j] = std::exp(maximum == -infinity ? w[j] : w[j] - maximum);
    sum += w[j];
  }
  b.lse[row] = sum == 0 ? -infinity
                        : (maximum == -infinity ? 0 : maximum) + std::log(sum);
  double factor = sum == 0 ? 0 : 1 / sum;
  for (int64_t j = b.begin[row]; j < b.end[row]; ++j)
    w[j] *= factor;
}

/// Adds the keys [low, high) to the output of a row.
RINGATTN_INLINE void accumulate(const RowBlock &b, int64_t row, int64_t low,
                                int64_t high) {
  const double *w = b.weights + row * b.stride;
  double *__restrict o = b.output + row * b.valueSize;
  int64_t n = b.valueSize, j = low;
  for (; j + 4 <= high; j += 4) {
    const double *v = b.value + j * n;
    for (int64_t d = 0; d < n; ++d)
      o[d] += (w[j] * v[d] + w[j + 1] * v[n + d]) +
              (w[j + 2] * v[2 * n + d] + w[j + 3] * v[3 * n + d]);
  }
  for (; j < high; ++j)
    for (int64_t d = 0; d < n; ++d)
      o[d] += w[j] * b.value[j * n + d];
}

RINGATTN_INLINE void computeAll(const RowBlock &b) {
  constexpr int64_t maxRows = 64;
  for (int64_t base = 0; base < b.numRows; base += maxRows) {
    int64_t limit = std::min(base + maxRows, b.numRows);
    double maximum[maxRows];
    int64_t low = INT64_MAX, high = 0;
    for (int64_t row = base; row < limit; ++row) {
      maximum[row - base] = -infinity;
      b.magnitude[row] = 0;
      std::fill_n(b.output + row * b.valueSize, b.valueSize, 0.0);
      if (b.begin[row] < b.end[row]) {
        low = std::min(low, b.begin[row]);
        high = std::max(high, b.end[row]);
      }
    }
    for (int64_t panel = low / panelKeys; panel * panelKeys < high; ++panel)
      for (int64_t row = base; row < limit; row += groupRows)
        computeScores(b, row, panel, maximum - base);
    for (int64_t row = base; row < limit; ++row)
      computeWeights(b, row, maximum[row - base]);
    // From a multiple, so that a row's sums do not depend on its neighbours.
    low -= low % valueKeys;
    for (int64_t key = low; key < high; key += valueKeys)
      for (int64_t row = base; row < limit; ++row)
        accumulate(b, row, std::max(key, b.begin[row]),
                   std::min(key + valueKeys, b.end[row]));
  }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,fma"))) static void
computeAvx512(const RowBlock &block) {
  computeAll(block);
}
__attribute__((target("avx2,fma"))) static void
computeAvx2(const RowBlock &block) {
  computeAll(block);
}
#endif

void ringattn::reference::computeRows(const RowBlock &block) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return computeAvx512(block);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return computeAvx2(block);
#endif
  computeAll(block);
}

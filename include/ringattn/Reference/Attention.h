//===- Attention.h - Float64 attention --------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_REFERENCE_ATTENTION_H
#define RINGATTN_REFERENCE_ATTENTION_H

#include "ringattn/Reference/Bound.h"
#include "ringattn/Reference/Tensor.h"
#include "llvm/ADT/ArrayRef.h"

#include <optional>

namespace ringattn::reference {

/// Query i sees key j iff `i - left <= j <= i + right`; an absent extent is
/// unbounded. Full: both absent. Causal: right = 0.
struct Visibility {
  std::optional<int64_t> left;
  std::optional<int64_t> right;

  bool sees(int64_t i, int64_t j) const {
    return (!left || i <= *left || j >= i - *left) &&
           (!right || j <= i || j - i <= *right);
  }
};

/// One attention: Q is B x Hq x Nq x D, K is B x Hkv x Sk x D, V is
/// B x Hkv x Sk x Dv; row r of Q has the global position `positions[r]`.
struct AttentionProblem {
  const Tensor &query;
  const Tensor &key;
  const Tensor &value;
  llvm::ArrayRef<int64_t> positions;
  double scale;
  Visibility mask;
  DType storage;
  Products products = Products::Storage;
};

/// Output, LSE (B x Hq x Nq) and what their bounds were computed from.
struct AttentionRows {
  Tensor output;
  Tensor lse;
  /// Per row, in the order of `lse`: the number of visible keys, and
  /// `|scale| * max over visible j of sum_d |q_d k_jd|`.
  std::vector<int64_t> numVisible;
  std::vector<double> scoreMagnitude;
};

/// Evaluates all rows of the query in float64: scores, their maximum, then the
/// sums, which is stable for any scores.
///
/// The allowed errors of a row are `outputBound` times its largest magnitude,
/// and `lseBound`, with these provisions:
/// - below 16 columns, the magnitude is at least
///   `max_d sum_j p_j |v_jd| / sqrt(n)`: few columns may all cancel;
/// - errors allowed in the operands are carried through: with `e` the largest
///   error of a score they cause, by `2e` relative to the row (`e` for the
///   LSE), and errors of V by six times the root of their summed squares, at
///   most their sum;
/// - the smallest normal number of the storage type is added;
/// - a column of non-finite V anywhere, and scores or sums beyond the largest
///   f32, allow anything in the rows they may reach;
/// - a row without visible keys is 0 and -inf, exactly.
AttentionRows attend(const AttentionProblem &problem, unsigned threads = 1);

} // namespace ringattn::reference

#endif // RINGATTN_REFERENCE_ATTENTION_H

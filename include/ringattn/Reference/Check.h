//===- Check.h - Comparison with the oracle ---------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_REFERENCE_CHECK_H
#define RINGATTN_REFERENCE_CHECK_H

#include "ringattn/Reference/Evaluator.h"
#include "ringattn/Reference/Sampling.h"

#include <functional>
#include <string>

namespace ringattn::reference {

/// How a result compares with the oracle.
///
/// An element passes where it is within the oracle's allowed error, or equals a
/// non-finite oracle. So -inf (the LSE of a row without keys) must be met
/// exactly, a row without keys must be 0, and a NaN for a number fails. Where
/// the oracle allows anything (its bound is not finite), there is nothing to
/// compare, unless only one of the two is a number; a result of which nothing
/// could be compared fails.
struct CheckResult {
  bool passed = true;
  int64_t numCompared = 0;
  /// Elements without a finite bound, beside those compared.
  int64_t numSkipped = 0;
  int64_t numFailed = 0;
  /// Over the elements that are finite on both sides: the largest absolute
  /// error, and the largest relative to the largest magnitude of its row (along
  /// the last dimension).
  double maxError = 0;
  double maxRelativeError = 0;
  /// Largest error as a fraction of the allowed one; infinite where an element
  /// fails that is not finite or has no allowance.
  double maxOfBound = 0;

  /// The element with the largest fraction, by its index in the whole result.
  llvm::SmallVector<int64_t> worstIndex;
  double actual = 0;
  double expected = 0;
  double allowed = 0;

  /// Empty, or what was sampled: `sampled 256 of 32768 rows per head`.
  std::string sample;
};

/// Compares a whole result with the oracle's value of all of it or of the
/// selected rows. The shapes must fit.
CheckResult compare(const HostArray &actual, const Tensor &expected,
                    const RowSelection &rows = {});

struct CheckOptions {
  uint64_t seed = 0;
  int64_t maxScores = maxWholeScores;
  /// The rank that owns a position of a result; null: one rank.
  std::function<int64_t(unsigned result, int64_t position)> rankOf;
};

/// Evaluates result number `result` - all of it where the program has at most
/// `maxScores` scores, else as many rows per head as give about that many - and
/// compares. A result without a row dimension is always evaluated wholly. Emits
/// an error where the program cannot be evaluated or the shapes differ.
mlir::FailureOr<CheckResult> check(Evaluator &evaluator, unsigned result,
                                   const HostArray &actual,
                                   const CheckOptions &options = {});

/// One line: `max error 1.2e-07, relative 3.1e-07, 0.08 of the bound`, the
/// sample, and the number of elements without a finite bound.
std::string summarize(const CheckResult &result);

/// One line for a failed check: `3 of 512 elements exceed the bound, worst at
/// (0, 1, 17, 5): 0.5, expected 0.25 within 1e-06`.
std::string describeFailure(const CheckResult &result);

} // namespace ringattn::reference

#endif // RINGATTN_REFERENCE_CHECK_H

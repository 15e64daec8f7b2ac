//===- Check.cpp - Comparison with the oracle -----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Reference/Check.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// The error of an element as a fraction of what is allowed: at most 1 passes.
/// None where the oracle allows anything, so that there is nothing to compare.
static std::optional<double> getFraction(double actual, double expected,
                                         double allowed) {
  bool bounded = std::isfinite(allowed);
  if (!std::isfinite(expected)) {
    bool same = std::isnan(expected) ? std::isnan(actual) : actual == expected;
    if (same)
      return 0;
    if (!bounded && !std::isfinite(actual))
      return std::nullopt;
    return infinity;
  }
  if (std::isnan(actual))
    return infinity;
  if (!bounded)
    return std::nullopt;
  double error = std::abs(actual - expected);
  if (error == 0)
    return 0;
  return error < infinity ? error / allowed : infinity;
}

/// The index in the whole result of element `linear` of the selected rows.
static SmallVector<int64_t> getIndex(const Tensor &tensor, int64_t linear,
                                     const RowSelection &rows) {
  SmallVector<int64_t> index(tensor.shape.size());
  for (size_t d = tensor.shape.size(); d-- > 0;) {
    index[d] = linear % tensor.shape[d];
    linear /= tensor.shape[d];
    if (static_cast<int64_t>(d) == rows.dim)
      index[d] = rows.positions[index[d]];
  }
  return index;
}

CheckResult reference::compare(const HostArray &actual, const Tensor &expected,
                               const RowSelection &rows) {
  CheckResult result;
  int64_t count = expected.getNumElements();
  int64_t columns = expected.shape.empty() ? 1 : expected.shape.back();
  int64_t worst = -1;
  for (int64_t begin = 0; begin < count; begin += columns) {
    double rowError = 0, magnitude = 0;
    for (int64_t i = begin; i < begin + columns; ++i) {
      SmallVector<int64_t> index = getIndex(expected, i, rows);
      int64_t at = 0;
      for (auto [position, size] : llvm::zip(index, actual.getShape()))
        at = at * size + position;
      double a, e, allowed;
      std::optional<double> fraction;
      if (expected.isInteger) {
        int64_t x = actual.getInt(at), y = expected.ints[i];
        if (actual.getDType() == DType::I1)
          y &= 1;
        a = static_cast<double>(x);
        e = static_cast<double>(y);
        allowed = 0;
        fraction = x == y ? 0 : infinity;
      } else {
        a = actual.get(at);
        e = expected.values[i];
        allowed = expected.allowed.empty() ? 0 : expected.allowed[i];
        fraction = getFraction(a, e, allowed);
      }
      if (!fraction) {
        ++result.numSkipped;
        continue;
      }
      ++result.numCompared;
      if (std::isfinite(a) && std::isfinite(e)) {
        rowError = std::max(rowError, std::abs(a - e));
        magnitude = std::max(magnitude, std::abs(e));
      }
      result.numFailed += !(*fraction <= 1);
      if (worst < 0 || *fraction > result.maxOfBound) {
        worst = i;
        result.maxOfBound = *fraction;
        result.worstIndex = index;
        result.actual = a;
        result.expected = e;
        result.allowed = allowed;
      }
    }
    result.maxError = std::max(result.maxError, rowError);
    if (rowError > 0)
      result.maxRelativeError =
          std::max(result.maxRelativeError, rowError / magnitude);
  }
  result.passed = result.numFailed == 0 &&
                  (result.numCompared > 0 || result.numSkipped == 0);
  return result;
}

FailureOr<CheckResult> reference::check(Evaluator &evaluator, unsigned result,
                                        const HostArray &actual,
                                        const CheckOptions &options) {
  FailureOr<SmallVector<int64_t>> shape = evaluator.getResultShape(result);
  FailureOr<Evaluator::ScoreCount> scores = evaluator.countScores();
  if (failed(shape) || failed(scores))
    return failure();
  if (actual.getShape() != ArrayRef(*shape) ||
      actual.getDType() != evaluator.getResultDType(result))
    return emitError(evaluator.getLoc())
           << "result " << result << " is " << formatShape(actual.getShape())
           << " of " << getName(actual.getDType()) << ", expected "
           << formatShape(*shape) << " of "
           << getName(evaluator.getResultDType(result));

  RowSelection rows;
  std::string sample;
  std::optional<int64_t> dim = evaluator.getRowDim(result);
  if (dim && scores->total > options.maxScores) {
    int64_t size = (*shape)[*dim];
    int64_t count = std::max<int64_t>(
        options.maxScores / std::max<int64_t>(scores->perRow, 1), 1);
    rows.dim = *dim;
    auto rankOf = [&](int64_t position) {
      return options.rankOf ? options.rankOf(result, position) : 0;
    };
    rows.positions = samplePositions(size, count, options.seed, rankOf);
    raw_string_ostream(sample) << "sampled " << rows.positions.size() << " of "
                               << size << " rows per head";
  }
  FailureOr<TensorPtr> expected = evaluator.evaluate(result, rows);
  if (failed(expected))
    return failure();
  CheckResult comparison = compare(actual, **expected, rows);
  comparison.sample = std::move(sample);
  return comparison;
}

std::string reference::summarize(const CheckResult &result) {
  std::string text;
  raw_string_ostream os(text);
  os << "max error " << format("%.3g", result.maxError) << ", relative "
     << format("%.3g", result.maxRelativeError) << ", "
     << format("%.3g", result.maxOfBound) << " of the bound";
  if (!result.sample.empty())
    os << " (" << result.sample << ")";
  if (result.numSkipped > 0)
    os << ", " << result.numSkipped << " of "
       << result.numCompared + result.numSkipped
       << " elements not compared (no finite bound)";
  return text;
}

std::string reference::describeFailure(const CheckResult &result) {
  std::string text;
  raw_string_ostream os(text);
  if (result.numFailed == 0) {
    os << "no finite bound for any of " << result.numSkipped
       << " elements, expected at least 1 to compare";
    return text;
  }
  os << result.numFailed << " of " << result.numCompared
     << " elements exceed the bound, worst at (";
  llvm::interleaveComma(result.worstIndex, os);
  os << "): " << format("%.9g", result.actual) << ", expected "
     << format("%.9g", result.expected) << " within "
     << format("%.3g", result.allowed);
  return text;
}

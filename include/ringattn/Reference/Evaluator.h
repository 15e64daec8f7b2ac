//===- Evaluator.h - Float64 evaluation of programs -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle: what a global program means, in float64 and int64, computed from
// the definitions alone. It shares no code with what it judges: neither masks
// nor layouts nor kernels.
//
// Covered: `ringattn.attention`, elementwise ops of arith and math on scalars
// and tensors, constants, every linalg op with linear indexing maps over those,
// `tensor.empty/dim/cast/splat/expand_shape/collapse_shape`, `shard.shard` (the
// identity). Any other op is an error at its location.
//
// Values are evaluated on demand, and where only some positions of a dimension
// are asked for, only what these need: rows pass through elementwise ops and
// parallel loops of linalg ops to the queries of an attention.
//
// Each value carries the error that an implementation may make (see Tensor):
// attention starts it (see `attend`), every op passes it on by evaluating
// itself at both ends of each operand's interval, and adds its own rounding:
// one unit in the last place of its type, four for the functions of math, and
// the smallest normal number. Comparisons are taken as exact: a select whose
// condition lies within an operand's error is not covered.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_REFERENCE_EVALUATOR_H
#define RINGATTN_REFERENCE_EVALUATOR_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ringattn/Reference/Bound.h"
#include "ringattn/Reference/Tensor.h"

#include <memory>
#include <optional>

namespace ringattn::reference {

using TensorPtr = std::shared_ptr<const Tensor>;

struct EvaluatorOptions {
  unsigned threads = 1;
  Products products = Products::Storage;
};

/// The element type of a scalar or tensor type, where it is one of DType's.
std::optional<DType> getDType(mlir::Type type);

class Evaluator {
public:
  /// Checks that `func` is a global program this class covers and that `args`
  /// fit its arguments; emits an error otherwise. `func` and `args` must
  /// outlive the evaluator.
  static mlir::FailureOr<Evaluator> create(mlir::func::FuncOp func,
                                           llvm::ArrayRef<HostArray> args,
                                           EvaluatorOptions options = {});
  Evaluator(Evaluator &&);
  Evaluator &operator=(Evaluator &&);
  ~Evaluator();

  mlir::Location getLoc() const;
  unsigned getNumResults() const;
  DType getResultDType(unsigned result) const;
  mlir::FailureOr<llvm::SmallVector<int64_t>> getResultShape(unsigned result);

  /// The dimension of a result that runs along the queries of an attention, if
  /// one does: the one to select rows of.
  std::optional<int64_t> getRowDim(unsigned result);

  /// Scores of all attentions, of all rows and of one row per batch and head
  /// (saturated at 2^63 - 1).
  struct ScoreCount {
    int64_t total = 0;
    int64_t perRow = 0;
  };
  mlir::FailureOr<ScoreCount> countScores();

  /// Evaluates a result, or the selected rows of it (the result's shape then
  /// has as many positions in that dimension as were selected).
  mlir::FailureOr<TensorPtr> evaluate(unsigned result,
                                      const RowSelection &rows = {});

private:
  struct Impl;
  explicit Evaluator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace ringattn::reference

#endif // RINGATTN_REFERENCE_EVALUATOR_H

//===- ScalarOps.h - Ops on batches of scalars ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_REFERENCE_SCALAROPS_H
#define RINGATTN_LIB_REFERENCE_SCALAROPS_H

#include "mlir/IR/Operation.h"
#include "ringattn/Reference/Bound.h"

#include <optional>

namespace ringattn::reference {

struct ScalarFunction;

constexpr int64_t batchSize = 256;

/// Scalars of one SSA value for a batch of loop iterations: floats with their
/// allowed errors, or integers.
struct Batch {
  double values[batchSize];
  double allowed[batchSize];
  int64_t ints[batchSize];
};

/// An elementwise op of arith or math, resolved once and then applied to
/// batches.
class ScalarOp {
public:
  /// None where the op or one of its types is not covered.
  static std::optional<ScalarOp> get(mlir::Operation *op);

  /// Evaluates the first `n` scalars. False on an undefined integer operation,
  /// such as a division by zero.
  bool evaluate(llvm::ArrayRef<const Batch *> operands, Batch &result,
                int64_t n) const;

private:
  void evaluateFloat(llvm::ArrayRef<const Batch *> operands, Batch &result,
                     int64_t n) const;
  bool evaluateInt(llvm::ArrayRef<const Batch *> operands, Batch &result,
                   int64_t n) const;

  const ScalarFunction *function = nullptr;
  /// Types of the first operand and of the result.
  DType from = DType::F64;
  DType to = DType::F64;
  unsigned predicate = 0;
  /// math.fpowi: the second operand is an integer.
  bool intExponent = false;
};

} // namespace ringattn::reference

#endif // RINGATTN_LIB_REFERENCE_SCALAROPS_H

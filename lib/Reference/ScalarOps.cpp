//===- ScalarOps.cpp - Ops on batches of scalars --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarOps.h"

#include "ScalarFunctions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ringattn/Reference/Evaluator.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

static constexpr double infinity = std::numeric_limits<double>::infinity();

static unsigned getWidth(DType dtype) {
  return dtype == DType::I1 ? 1 : static_cast<unsigned>(getByteSize(dtype)) * 8;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

std::optional<ScalarOp> ScalarOp::get(Operation *op) {
  auto it = getScalarFunctions().find(op->getName().getStringRef());
  if (it == getScalarFunctions().end() || op->getNumResults() != 1)
    return std::nullopt;
  ScalarOp result;
  result.function = &it->second;
  for (Type type : op->getOperandTypes())
    if (!getDType(type))
      return std::nullopt;
  std::optional<DType> to = getDType(op->getResult(0).getType());
  if (!to)
    return std::nullopt;
  result.from = *getDType(op->getOperand(0).getType());
  result.to = *to;
  result.intExponent = op->getName().getStringRef() == "math.fpowi";
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    result.predicate = static_cast<unsigned>(compare.getPredicate());
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    result.predicate = static_cast<unsigned>(compare.getPredicate());
  return result;
}

/// The error of a result: what moving one operand by its error changes.
static double spread(double value, double above, double below) {
  if (!std::isfinite(value))
    return infinity;
  double up = std::abs(above - value), down = std::abs(below - value);
  // A function that ends here (a square root at 0) has one side only.
  if (std::isnan(up))
    return std::isnan(down) ? infinity : down;
  return std::isnan(down) ? up : std::max(up, down);
}

/// Adds the rounding of one op to its error.
static double addRounding(double value, double error, int ulps,
                          const FloatFormat &format) {
  if (ulps == 0 || !std::isfinite(value) || (value == 0 && error == 0))
    return error;
  error += ulps * format.epsilon * std::abs(value) + format.smallest;
  return std::abs(value) + error > format.largest ? infinity : error;
}

void ScalarOp::evaluateFloat(ArrayRef<const Batch *> operands, Batch &result,
                             int64_t n) const {
  const ScalarFunction &f = *function;
  FloatFormat format = getFloatFormat(to);
  unsigned arity = f.f1 ? 1 : f.f2 ? 2 : 3;
  auto apply = [&](const double *x) {
    return f.f1 ? f.f1(x[0]) : f.f2 ? f.f2(x[0], x[1]) : f.f3(x[0], x[1], x[2]);
  };
  for (int64_t i = 0; i < n; ++i) {
    double x[3], error = 0;
    for (unsigned k = 0; k < arity; ++k)
      x[k] = operands[k]->values[i];
    double value = apply(x);
    for (unsigned k = 0; k < arity; ++k) {
      double e = operands[k]->allowed[i], center = x[k];
      if (e == 0)
        continue;
      x[k] = center + e;
      double above = apply(x);
      x[k] = center - e;
      error += spread(value, above, apply(x));
      x[k] = center;
    }
    result.values[i] = value;
    result.allowed[i] = addRounding(value, error, f.ulps, format);
  }
}

bool ScalarOp::evaluateInt(ArrayRef<const Batch *> operands, Batch &result,
                           int64_t n) const {
  unsigned from = getWidth(this->from), to = getWidth(this->to);
  const Batch &a = *operands[0], &b = *operands.back();
  for (int64_t i = 0; i < n; ++i) {
    int64_t value;
    if (!function->i2(a.ints[i], b.ints[i], from, value))
      return false;
    result.ints[i] = llvm::SignExtend64(static_cast<uint64_t>(value), to);
  }
  return true;
}

static bool compareInts(unsigned predicate, int64_t a, int64_t b,
                        unsigned width) {
  return arith::applyCmpPredicate(
      static_cast<arith::CmpIPredicate>(predicate),
      APInt(width, static_cast<uint64_t>(a), true, true),
      APInt(width, static_cast<uint64_t>(b), true, true));
}

static bool compareFloats(unsigned predicate, double a, double b) {
  return arith::applyCmpPredicate(static_cast<arith::CmpFPredicate>(predicate),
                                  APFloat(a), APFloat(b));
}

bool ScalarOp::evaluate(ArrayRef<const Batch *> operands, Batch &result,
                        int64_t n) const {
  const Batch &a = *operands[0];
  unsigned fromWidth = getWidth(from), toWidth = getWidth(to);
  switch (function->kind) {
  case ScalarFunction::Float:
    if (intExponent) {
      Batch exponent;
      for (int64_t i = 0; i < n; ++i) {
        exponent.values[i] = static_cast<double>(operands[1]->ints[i]);
        exponent.allowed[i] = 0;
      }
      evaluateFloat({operands[0], &exponent}, result, n);
      return true;
    }
    evaluateFloat(operands, result, n);
    return true;
  case ScalarFunction::Int:
    return evaluateInt(operands, result, n);
  case ScalarFunction::CmpF:
    for (int64_t i = 0; i < n; ++i)
      result.ints[i] =
          -compareFloats(predicate, a.values[i], operands[1]->values[i]);
    return true;
  case ScalarFunction::CmpI:
    for (int64_t i = 0; i < n; ++i)
      result.ints[i] =
          -compareInts(predicate, a.ints[i], operands[1]->ints[i], fromWidth);
    return true;
  case ScalarFunction::Select:
    for (int64_t i = 0; i < n; ++i) {
      const Batch &chosen = *operands[a.ints[i] ? 1 : 2];
      if (!isFloat(to)) {
        result.ints[i] = chosen.ints[i];
        continue;
      }
      result.values[i] = chosen.values[i];
      result.allowed[i] = chosen.allowed[i];
    }
    return true;
  case ScalarFunction::IntToFloat: {
    FloatFormat format = getFloatFormat(to);
    for (int64_t i = 0; i < n; ++i) {
      result.values[i] =
          function->isUnsigned
              ? static_cast<double>(zeroExtend(a.ints[i], fromWidth))
              : static_cast<double>(a.ints[i]);
      // Numbers with as many bits as the significand are exact.
      bool exact = std::abs(result.values[i]) * format.epsilon <= 1;
      result.allowed[i] =
          addRounding(result.values[i], 0, exact ? 0 : function->ulps, format);
    }
    return true;
  }
  case ScalarFunction::FloatToInt:
    for (int64_t i = 0; i < n; ++i) {
      double limit = std::ldexp(1, toWidth - (function->isUnsigned ? 0 : 1));
      double value = std::trunc(a.values[i]);
      if (!(value < limit && value >= (function->isUnsigned ? 0 : -limit)))
        return false;
      uint64_t bits = function->isUnsigned
                          ? static_cast<uint64_t>(value)
                          : static_cast<uint64_t>(static_cast<int64_t>(value));
      result.ints[i] = llvm::SignExtend64(bits, toWidth);
    }
    return true;
  case ScalarFunction::Classify:
    for (int64_t i = 0; i < n; ++i)
      result.ints[i] = -(function->f1(a.values[i]) != 0);
    return true;
  }
  return false;
}

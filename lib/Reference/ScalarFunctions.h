//===- ScalarFunctions.h - Definitions of scalar ops ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_REFERENCE_SCALARFUNCTIONS_H
#define RINGATTN_LIB_REFERENCE_SCALARFUNCTIONS_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <cstdint>

namespace ringattn::reference {

/// An op's definition. Exactly one function is set, but for ops of a kind of
/// their own.
struct ScalarFunction {
  enum Kind {
    Float,
    Int,
    CmpF,
    CmpI,
    Select,
    IntToFloat,
    FloatToInt,
    Classify
  };
  Kind kind = Float;
  /// Units in the last place of the result's type that rounding may cost.
  int ulps = 0;
  double (*f1)(double) = nullptr;
  double (*f2)(double, double) = nullptr;
  double (*f3)(double, double, double) = nullptr;
  /// On sign-extended operands; `width` is the first operand's. False where
  /// undefined.
  bool (*i2)(int64_t a, int64_t b, unsigned width, int64_t &r) = nullptr;
  bool isUnsigned = false;
};

/// The low `width` bits of a sign-extended integer.
inline uint64_t zeroExtend(int64_t value, unsigned width) {
  return static_cast<uint64_t>(value) & llvm::maskTrailingOnes<uint64_t>(width);
}

/// The definitions by op name.
const llvm::StringMap<ScalarFunction> &getScalarFunctions();

} // namespace ringattn::reference

#endif // RINGATTN_LIB_REFERENCE_SCALARFUNCTIONS_H

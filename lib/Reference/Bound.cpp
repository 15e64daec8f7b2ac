//===- Bound.cpp - The accuracy contract ----------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Reference/Bound.h"

#include "llvm/Support/ErrorHandling.h"

#include <cfloat>
#include <cmath>

using namespace ringattn;
using namespace ringattn::reference;

static double bound32(double n, double t) {
  return 4e-6 + 2e-7 * std::sqrt(n) + 5e-7 * t;
}

double reference::outputBound(DType storage, double n, double t,
                              Products products) {
  if (storage == DType::F64)
    return 1e-12 * (1 + t);
  if (storage == DType::F32 && products == Products::TF32)
    return 2e-3 + 1e-3 * t;
  double rounding = storage == DType::F16    ? 2e-3
                    : storage == DType::BF16 ? 1.6e-2
                                             : 0;
  return rounding + bound32(n, t);
}

double reference::lseBound(DType storage, double n, double t,
                           Products products) {
  if (storage == DType::F64 ||
      (storage == DType::F32 && products == Products::TF32))
    return outputBound(storage, n, t, products);
  return bound32(n, t);
}

FloatFormat reference::getFloatFormat(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return {DBL_MAX, DBL_EPSILON, DBL_MIN};
  case DType::F32:
    return {FLT_MAX, FLT_EPSILON, FLT_MIN};
  case DType::F16:
    return {65504, 0x1p-10, 0x1p-14};
  case DType::BF16:
    return {0x1.fep127, 0x1p-7, FLT_MIN};
  default:
    llvm_unreachable("not a floating-point type");
  }
}

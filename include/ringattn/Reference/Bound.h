//===- Bound.h - The accuracy contract --------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_REFERENCE_BOUND_H
#define RINGATTN_REFERENCE_BOUND_H

#include "ringattn/Support/HostArray.h"

namespace ringattn::reference {

/// How products are formed: in the storage type (exact in f32 for 16 bits), or
/// from f32 rounded to tf32.
enum class Products { Storage, TF32 };

/// The error that an attention output may have, relative to the largest
/// magnitude of its row, for `n` visible keys and
/// `t = |scale| * max over visible j of sum_d |q_d k_jd|`:
///
/// | storage | bound |
/// |---|---|
/// | f32 | B32 = 4e-6 + 2e-7 sqrt(n) + 5e-7 t |
/// | f16 | 2e-3 + B32 |
/// | bf16 | 1.6e-2 + B32 |
/// | f64 | 1e-12 (1 + t) |
/// | f32 with tf32 products | 2e-3 + 1e-3 t |
double outputBound(DType storage, double n, double t,
                   Products products = Products::Storage);

/// The absolute error that an LSE may have: B32, or the bound of f64 or tf32.
double lseBound(DType storage, double n, double t,
                Products products = Products::Storage);

/// Largest finite value, distance from 1 to the next value, and smallest
/// normal value of a floating-point type.
struct FloatFormat {
  double largest;
  double epsilon;
  double smallest;
};
FloatFormat getFloatFormat(DType dtype);

} // namespace ringattn::reference

#endif // RINGATTN_REFERENCE_BOUND_H

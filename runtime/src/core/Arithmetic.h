//===- Arithmetic.h - Checked 64-bit arithmetic -----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_ARITHMETIC_H
#define RINGRT_CORE_ARITHMETIC_H

#include <cstdint>
#include <optional>
#include <vector>

namespace ringrt {

inline std::optional<int64_t> checkedMul(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    return std::nullopt;
  return product;
}

/// Product of `sizes[first..]` times `factor`, or nothing on overflow. A size
/// of 0 makes the product 0 whatever the other sizes are.
inline std::optional<int64_t> checkedProduct(const std::vector<int64_t> &sizes,
                                             size_t first, size_t last,
                                             int64_t factor) {
  for (size_t i = first; i < last; ++i)
    if (sizes[i] == 0)
      return 0;
  std::optional<int64_t> product = factor;
  for (size_t i = first; i < last && product; ++i)
    product = checkedMul(*product, sizes[i]);
  return product;
}

} // namespace ringrt

#endif // RINGRT_CORE_ARITHMETIC_H

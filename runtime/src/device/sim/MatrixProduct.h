//===- MatrixProduct.h - The arithmetic of wgmma ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of the 8- to 11-bit significands are exact, and so are nearly all
// sums of them in double: one wgmma rounds once, to f32. The device sums in an
// order and with a precision of its own.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_MATRIXPRODUCT_H
#define RINGRT_DEVICE_SIM_MATRIXPRODUCT_H

#include "ringrt/sim.h"

#include <cstdint>

namespace ringrt::sim {

constexpr uint32_t productRows = 64;
constexpr uint32_t maxProductColumns = 256;
constexpr uint32_t maxProductDepth = 16;

/// Decoded operands of one wgmma.
struct ProductOperands {
  double a[productRows][maxProductDepth];
  double b[maxProductDepth][maxProductColumns];
};

/// Element `index` of those at `data`.
double decode(const void *data, uint32_t index, int32_t type);

/// result[64][columns] = (accumulate ? result : 0) + a * b.
void multiply(const ProductOperands &operands, float *result, uint32_t columns,
              uint32_t depth, bool accumulate);

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_MATRIXPRODUCT_H

//===- MatrixProduct.cpp - The arithmetic of wgmma ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/MatrixProduct.h"

#include <cmath>
#include <cstring>

using namespace ringrt;
using namespace ringrt::sim;

static float bitsToFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

static float halfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t rest = half & 0x7fff;
  if (rest >= 0x7c00) // infinity, NaN
    return bitsToFloat(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  // Moving the exponent by a product also treats subnormals right.
  const float scaled = bitsToFloat(rest << 13) * 0x1p112f;
  return sign ? -scaled : scaled;
}

double ringrt::sim::decode(const void *data, uint32_t index, int32_t type) {
  if (type == RS_TF32) {
    uint32_t bits;
    std::memcpy(&bits, static_cast<const char *>(data) + 4 * index, 4);
    // The low bits of an f32 are not looked at.
    return bitsToFloat(bits & 0xffffe000);
  }
  uint16_t bits;
  std::memcpy(&bits, static_cast<const char *>(data) + 2 * index, 2);
  return type == RS_BF16 ? bitsToFloat(static_cast<uint32_t>(bits) << 16)
                         : halfToFloat(bits);
}

namespace {

using Doubles = double __attribute__((vector_size(32)));
using Floats = float __attribute__((vector_size(16)));
constexpr uint32_t width = 4;

/// Tiles of this size stay in registers.
constexpr uint32_t tileRows = 4, tileVectors = 2;

__attribute__((always_inline)) inline void
multiplyTiles(const ProductOperands &operands, float *result, uint32_t columns,
              uint32_t depth, bool accumulate) {
  for (uint32_t column = 0; column < columns; column += tileVectors * width)
    for (uint32_t row = 0; row < productRows; row += tileRows) {
      Doubles sums[tileRows][tileVectors] = {};
      float *const corner = result + row * columns + column;
      for (uint32_t i = 0; accumulate && i < tileRows; ++i)
        for (uint32_t j = 0; j < tileVectors; ++j) {
          Floats old;
          std::memcpy(&old, corner + i * columns + j * width, sizeof(old));
          sums[i][j] = __builtin_convertvector(old, Doubles);
        }
      for (uint32_t k = 0; k < depth; ++k) {
        Doubles b[tileVectors];
        std::memcpy(b, &operands.b[k][column], sizeof(b));
        for (uint32_t i = 0; i < tileRows; ++i)
          for (uint32_t j = 0; j < tileVectors; ++j)
            sums[i][j] += operands.a[row + i][k] * b[j];
      }
      for (uint32_t i = 0; i < tileRows; ++i)
        for (uint32_t j = 0; j < tileVectors; ++j) {
          const Floats rounded = __builtin_convertvector(sums[i][j], Floats);
          std::memcpy(corner + i * columns + j * width, &rounded,
                      sizeof(rounded));
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void
multiplyAvx2(const ProductOperands &operands, float *result, uint32_t columns,
             uint32_t depth, bool accumulate) {
  multiplyTiles(operands, result, columns, depth, accumulate);
}
#endif

} // namespace

void ringrt::sim::multiply(const ProductOperands &operands, float *result,
                           uint32_t columns, uint32_t depth, bool accumulate) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return multiplyAvx2(operands, result, columns, depth, accumulate);
#endif
  multiplyTiles(operands, result, columns, depth, accumulate);
}

//===- Float16.h - 16-bit floats --------------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_FLOAT16_H
#define RINGATTN_SUPPORT_FLOAT16_H

#include <cstdint>
#include <cstring>

namespace ringattn {

/// Exact: every bfloat16 is a float.
inline float bfloat16ToFloat(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

/// Rounds to nearest even; a NaN stays a NaN.
inline uint16_t floatToBfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7fffffff) > 0x7f800000)
    return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// Exact: every half is a float.
inline float halfToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f, mantissa = bits & 0x3ff, wide;
  if (exponent == 0x1f) {
    wide = sign | 0x7f800000 | (mantissa << 13);
  } else if (exponent != 0) {
    wide = sign | ((exponent + 112) << 23) | (mantissa << 13);
  } else {
    // Zero or subnormal: mantissa * 2^-24.
    float value = static_cast<float>(mantissa) * 0x1p-24f;
    std::memcpy(&wide, &value, sizeof(wide));
    wide |= sign;
  }
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

/// Rounds to nearest even, past 65504 to infinity; a NaN stays a NaN.
inline uint16_t floatToHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  if (magnitude >= 0x47800000) // 2^16 and more
    return sign | 0x7c00;
  // The kept bits and the position of the first dropped one: subnormal results
  // (below 2^-14) drop more of them.
  uint32_t mantissa, shift;
  if (magnitude >= 0x38800000) {
    mantissa = magnitude - 0x38000000;
    shift = 13;
  } else {
    uint32_t exponent = magnitude >> 23;
    if (exponent < 102) // below 2^-25: rounds to zero
      return sign;
    mantissa = (magnitude & 0x7fffff) | 0x800000;
    shift = 126 - exponent;
  }
  uint32_t half = 1u << (shift - 1), rest = mantissa & ((1u << shift) - 1);
  uint32_t result = mantissa >> shift;
  result += rest > half || (rest == half && (result & 1));
  return static_cast<uint16_t>(sign | result);
}

} // namespace ringattn

#endif // RINGATTN_SUPPORT_FLOAT16_H

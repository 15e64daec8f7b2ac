//===- Random.h - Numbers that a seed gives ---------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_RANDOM_H
#define RINGRT_DEVICE_SIM_RANDOM_H

#include <cstdint>

namespace ringrt::sim {

/// A bijection of 64 bits in which every bit of the input reaches every bit of
/// the output.
inline uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

class Random {
public:
  explicit Random(uint64_t seed = 0) : state(seed) {}

  uint64_t next() { return mix(state += 0x9e3779b97f4a7c15); }
  /// A number from 0 to `bound` - 1.
  uint32_t below(uint32_t bound) {
    return static_cast<uint32_t>((next() >> 32) * bound >> 32);
  }

private:
  uint64_t state;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_RANDOM_H

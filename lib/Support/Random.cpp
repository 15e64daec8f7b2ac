//===- Random.cpp - Random inputs -----------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/Random.h"

#include "ringattn/Support/Parallel.h"
#include "llvm/ADT/Twine.h"

#include <array>
#include <cmath>

using namespace llvm;
using namespace ringattn;

/// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2,
/// 3", 2011).
static std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                                      std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t(0xD2511F53) * counter[0];
    uint64_t p1 = uint64_t(0xCD9E8D57) * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// Elements 2 * pair and 2 * pair + 1.
static std::array<double, 2> normalPair(uint64_t seed, uint32_t argument,
                                        uint64_t pair) {
  std::array<uint32_t, 4> bits =
      philox({static_cast<uint32_t>(pair), static_cast<uint32_t>(pair >> 32),
              argument, 0},
             {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  // Uniform in (0, 1) and in [0, 1) with 53 bits each.
  uint64_t a = (uint64_t(bits[1]) << 32 | bits[0]) >> 11;
  uint64_t b = (uint64_t(bits[3]) << 32 | bits[2]) >> 11;
  double radius =
      std::sqrt(-2 * std::log((static_cast<double>(a) + 0.5) * 0x1p-53));
  double angle = 6.283185307179586 * (static_cast<double>(b) * 0x1p-53);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

double ringattn::normalSample(uint64_t seed, uint32_t argument, int64_t index) {
  return normalPair(seed, argument,
                    static_cast<uint64_t>(index) / 2)[index % 2];
}

Error ringattn::fillNormal(HostArray &array, uint64_t seed, uint32_t argument,
                           unsigned threads) {
  if (!isFloat(array.getDType()))
    return createStringError(
        "argument " + Twine(argument) + " has type " +
        getName(array.getDType()) +
        ", expected a floating-point type for random inputs");
  constexpr int64_t chunk = 1 << 16; // even: a chunk holds whole pairs
  int64_t count = array.getNumElements();
  parallelFor((count + chunk - 1) / chunk, threads, [&](int64_t part) {
    int64_t end = std::min(count, (part + 1) * chunk);
    for (int64_t i = part * chunk; i < end; i += 2) {
      std::array<double, 2> pair =
          normalPair(seed, argument, static_cast<uint64_t>(i) / 2);
      array.set(i, pair[0]);
      if (i + 1 < end)
        array.set(i + 1, pair[1]);
    }
  });
  return Error::success();
}

//===- Sampling.cpp - Which rows are checked ------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Reference/Sampling.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

using namespace ringattn;
using namespace ringattn::reference;

std::vector<int64_t> reference::samplePositions(int64_t size, int64_t count,
                                                uint64_t seed, RankOf rankOf) {
  std::vector<int64_t> result;
  if (count >= size) {
    result.resize(size);
    std::iota(result.begin(), result.end(), 0);
    return result;
  }
  std::map<int64_t, std::vector<int64_t>> owned;
  for (int64_t position = 0; position < size; ++position)
    owned[rankOf ? rankOf(position) : 0].push_back(position);

  // Its numbers are the same everywhere, those of std's distributions are not.
  std::mt19937_64 random(seed);
  int64_t remaining = count, ranks = static_cast<int64_t>(owned.size());
  for (auto &[rank, positions] : owned) {
    int64_t have = static_cast<int64_t>(positions.size());
    int64_t take = std::clamp<int64_t>(remaining / ranks, 1, have);
    --ranks;
    remaining = std::max<int64_t>(remaining - take, 0);
    // A partial shuffle, behind the two ends.
    int64_t fixed = 0;
    if (take >= 2) {
      std::swap(positions[1], positions.back());
      fixed = 2;
    }
    for (int64_t i = fixed; i < take; ++i)
      std::swap(positions[i],
                positions[i + static_cast<int64_t>(
                                  random() % static_cast<uint64_t>(have - i))]);
    result.insert(result.end(), positions.begin(), positions.begin() + take);
  }
  std::sort(result.begin(), result.end());
  return result;
}

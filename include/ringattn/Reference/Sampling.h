//===- Sampling.h - Which rows are checked ----------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_REFERENCE_SAMPLING_H
#define RINGATTN_REFERENCE_SAMPLING_H

#include "ringattn/Reference/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace ringattn::reference {

/// A program of at most this many scores is checked wholly.
constexpr int64_t maxWholeScores = int64_t(1) << 28;

/// The rank that owns a position of the sequence.
using RankOf = llvm::function_ref<int64_t(int64_t position)>;

/// Draws about `count` of `size` positions: the same number of every rank that
/// owns any, at least one of each, its first and last among them where it gives
/// two or more; without `rankOf` all belong to one rank. Sorted, and a function
/// of the arguments alone. All positions where `count` reaches `size`.
std::vector<int64_t> samplePositions(int64_t size, int64_t count, uint64_t seed,
                                     RankOf rankOf = nullptr);

} // namespace ringattn::reference

#endif // RINGATTN_REFERENCE_SAMPLING_H

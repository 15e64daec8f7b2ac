//===- Random.h - Random inputs ---------------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_RANDOM_H
#define RINGATTN_SUPPORT_RANDOM_H

#include "ringattn/Support/HostArray.h"

namespace ringattn {

/// Element `index` of argument `argument` under `seed`: a draw from N(0, 1).
/// Counter-based (Philox 4x32-10 and Box-Muller): the value depends on these
/// three numbers only, whatever the order, the threads or the ranks.
double normalSample(uint64_t seed, uint32_t argument, int64_t index);

/// Fills a floating-point array with `normalSample`, rounded to its type. An
/// integer array is an error: what its values mean is not known here.
llvm::Error fillNormal(HostArray &array, uint64_t seed, uint32_t argument,
                       unsigned threads = 1);

} // namespace ringattn

#endif // RINGATTN_SUPPORT_RANDOM_H

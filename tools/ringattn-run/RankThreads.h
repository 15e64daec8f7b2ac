//===- RankThreads.h - One thread per rank ----------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_RANKTHREADS_H
#define RINGATTN_TOOLS_RUN_RANKTHREADS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace ringattn::tools {

/// Calls `body(rank)` for all ranks at once, each on a thread of its own, and
/// waits for them. The bodies may wait for each other: none starts before all
/// threads exist, and none runs when one cannot be created.
llvm::Error runOnThreads(int32_t ranks,
                         llvm::function_ref<void(int32_t rank)> body);

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_RANKTHREADS_H

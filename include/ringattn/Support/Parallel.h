//===- Parallel.h - A parallel loop -----------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_PARALLEL_H
#define RINGATTN_SUPPORT_PARALLEL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ringattn {

/// Calls `body(i)` for 0 <= i < count on at most `threads` threads, in any
/// order; each thread takes the next index when it is done with one.
inline void parallelFor(int64_t count, unsigned threads,
                        llvm::function_ref<void(int64_t)> body) {
  threads = static_cast<unsigned>(
      std::min<int64_t>(std::max(threads, 1u), std::max<int64_t>(count, 1)));
  if (threads == 1) {
    for (int64_t i = 0; i < count; ++i)
      body(i);
    return;
  }
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
  std::atomic<int64_t> next(0);
  for (unsigned t = 0; t < threads; ++t)
    pool.async([&] {
      for (int64_t i = next++; i < count; i = next++)
        body(i);
    });
  pool.wait();
}

} // namespace ringattn

#endif // RINGATTN_SUPPORT_PARALLEL_H

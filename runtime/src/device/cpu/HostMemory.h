//===- HostMemory.h - Memory that is left to this process -------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_CPU_HOSTMEMORY_H
#define RINGRT_DEVICE_CPU_HOSTMEMORY_H

#include "core/Hooks.h"

#include <cstdint>
#include <mutex>
#include <string>

namespace ringrt {

/// The bytes that this process can still fill: what the system has available,
/// or what the control groups of the process (v1 and v2) leave of their limits
/// if that is less. Page cache counts as available. What cannot be read limits
/// nothing; `root` is where the file systems /proc and /sys are looked for.
int64_t availableMemory(const std::string &root = "");

/// What the ranks of a world hold together. The kernel promises more memory
/// than there is and ends the process when the promise is called, so blocks
/// that have been allocated but not filled must count as well.
class MemoryBudget {
public:
  /// `hooks` outlives the budget.
  explicit MemoryBudget(const Hooks &hooks) : hooks(hooks) {}
  MemoryBudget(const MemoryBudget &) = delete;
  MemoryBudget &operator=(const MemoryBudget &) = delete;

  /// Counts `bytes` more as held, or returns false and how many would fit.
  bool take(int64_t bytes, int64_t &available);
  void give(int64_t bytes);
  /// Whether `bytes` more would fit now.
  bool fits(int64_t bytes, int64_t &available);

private:
  bool fitsLocked(int64_t bytes, int64_t &available);

  const Hooks &hooks;
  std::mutex mutex;
  int64_t held = 0;
  /// What was available when nothing was held.
  int64_t initial = 0;
};

} // namespace ringrt

#endif // RINGRT_DEVICE_CPU_HOSTMEMORY_H

//===- Hooks.h - Where tests inject faults ----------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_HOOKS_H
#define RINGRT_CORE_HOOKS_H

#include <cstdint>
#include <functional>

namespace ringrt {

/// Empty outside tests; set while no rank executes.
struct Hooks {
  /// Asked before every allocation for a rank; true makes it fail.
  std::function<bool(int32_t rank, int64_t bytes)> failAllocation;
  /// Stands in for what the system has available.
  std::function<int64_t()> availableMemory;
  /// Called before a rank posts an exchange, and before a transfer's copy (with
  /// the receiving rank, on the copying thread).
  std::function<void(int32_t rank)> beforePost;
  std::function<void(int32_t rank)> beforeCopy;
};

} // namespace ringrt

#endif // RINGRT_CORE_HOOKS_H

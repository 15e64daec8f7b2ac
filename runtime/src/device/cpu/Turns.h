//===- Turns.h - Threads that share too few cores ---------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel that the system takes off its core every few milliseconds comes back
// to cold caches. Where a world has more computing threads than cores, they
// take turns instead: long ones, in the order in which they asked.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_CPU_TURNS_H
#define RINGRT_DEVICE_CPU_TURNS_H

#include "core/Clock.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace ringrt {

class Turns {
public:
  /// `threads` share `cores`.
  Turns(int64_t threads, int64_t cores)
      : scarce(threads > cores), available(cores) {}
  Turns(const Turns &) = delete;
  Turns &operator=(const Turns &) = delete;

  /// One thread's turn, from construction to destruction. It must not block
  /// on what another thread computes in its own turn.
  class Turn {
  public:
    explicit Turn(Turns &turns);
    ~Turn();
    Turn(const Turn &) = delete;
    Turn &operator=(const Turn &) = delete;
    /// Lets others go first if any wait and this turn has been long.
    void mayPass();

  private:
    Turns &turns;
    TimePoint begin;
  };

private:
  struct Waiter {
    std::condition_variable called;
    bool mayGo = false;
    Waiter *next = nullptr;
  };

  void take();
  void give();

  const bool scarce;
  std::atomic<int64_t> waiting{0};
  std::mutex mutex;
  int64_t available;
  /// The queue of those that wait, linked so that queueing cannot fail.
  Waiter *first = nullptr;
  Waiter *last = nullptr;
};

} // namespace ringrt

#endif // RINGRT_DEVICE_CPU_TURNS_H

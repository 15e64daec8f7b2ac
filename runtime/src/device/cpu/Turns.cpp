//===- Turns.cpp - Threads that share too few cores -----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/cpu/Turns.h"

namespace ringrt {

/// Refilling a core's caches takes a few hundred microseconds: under 1% of
/// this.
static constexpr double turnSeconds = 0.05;

Turns::Turn::Turn(Turns &turns) : turns(turns) {
  if (!turns.scarce)
    return;
  turns.take();
  begin = Clock::now();
}

Turns::Turn::~Turn() {
  if (turns.scarce)
    turns.give();
}

void Turns::Turn::mayPass() {
  if (turns.waiting.load(std::memory_order_relaxed) == 0 ||
      secondsBetween(begin, Clock::now()) < turnSeconds)
    return;
  turns.give();
  turns.take();
  begin = Clock::now();
}

void Turns::take() {
  std::unique_lock<std::mutex> lock(mutex);
  if (available > 0) {
    --available;
    return;
  }
  Waiter self;
  (last ? last->next : first) = &self;
  last = &self;
  waiting.fetch_add(1, std::memory_order_relaxed);
  self.called.wait(lock, [&] { return self.mayGo; });
}

void Turns::give() {
  std::lock_guard<std::mutex> lock(mutex);
  if (!first) {
    ++available;
    return;
  }
  // The turn goes to the next one, so nobody can come in between.
  Waiter *next = first;
  first = next->next;
  if (!first)
    last = nullptr;
  waiting.fetch_sub(1, std::memory_order_relaxed);
  next->mayGo = true;
  next->called.notify_one();
}

} // namespace ringrt

//===- Scheduler.h - Who runs next, and when copies arrive ------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With seed 0 the threads take turns at every call, and what is asynchronous
// happens as late as it can: when no thread can run. Any other seed draws both:
// for a while a warp may be starved or preferred, and a copy may arrive at
// once, after some turns, or last.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_SCHEDULER_H
#define RINGRT_DEVICE_SIM_SCHEDULER_H

#include "device/sim/Random.h"
#include "device/sim/Thread.h"

#include <cstdint>
#include <vector>

namespace ringrt::sim {

/// A step of an asynchronous copy that is still to come.
struct Event {
  enum Kind : uint8_t { LoadArrives, StoreReads, StoreWrites };
  Kind kind;
  uint32_t operation;
  uint64_t due;
};

class Scheduler {
public:
  Scheduler(Block &block, uint64_t seed, uint32_t threads);

  /// Runs until all threads have ended or one has failed.
  void run();
  /// Resumes `run`; the calling fiber is left for good.
  [[noreturn]] void leave();

  void makeReady(Thread &thread);
  /// Returns when somebody has made the thread ready again.
  void block(Thread &thread, const Wait &wait);
  /// A point at which others may come between.
  void mayYield(Thread &thread);
  [[noreturn]] void end(Thread &thread);

  void schedule(Event::Kind kind, uint32_t operation);

private:
  Thread *next();
  Thread *pick();
  void runEvent(size_t index);
  void runDueEvents();
  void leaveFor(Thread &from, bool last);

  Block &theBlock;
  const uint64_t seed;
  Random random;
  Fiber host;
  /// A ring of the threads that can run.
  std::vector<Thread *> ready;
  uint32_t head = 0, count = 0;
  std::vector<Event> events;
  uint64_t now = 0, nextDue = UINT64_MAX;
  enum class Mood : uint8_t { Even, Starve, Prefer } mood = Mood::Even;
  uint32_t moodWarp = 0, moodLeft = 0;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_SCHEDULER_H

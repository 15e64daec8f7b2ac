//===- Scheduler.cpp - Who runs next, and when copies arrive --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/Scheduler.h"
#include "device/sim/Block.h"

#include <algorithm>

using namespace ringrt;
using namespace ringrt::sim;

Scheduler::Scheduler(Block &block, uint64_t seed, uint32_t threads)
    : theBlock(block), seed(seed), random(seed), ready(threads) {}

void Scheduler::run() {
  if (Thread *first = next())
    Fiber::swap(host, first->fiber);
}

void Scheduler::leave() {
  // The host forgets which thread this was.
  Fiber gone;
  Fiber::swap(gone, host, /*last=*/true);
  __builtin_trap();
}

void Scheduler::makeReady(Thread &thread) {
  thread.state = Thread::State::Ready;
  ready[(head + count++) % ready.size()] = &thread;
}

void Scheduler::leaveFor(Thread &from, bool last) {
  Thread *to = next();
  if (to != &from || last)
    Fiber::swap(from.fiber, to ? to->fiber : host, last);
}

void Scheduler::block(Thread &thread, const Wait &wait) {
  thread.state = Thread::State::Waiting;
  thread.wait = wait;
  leaveFor(thread, /*last=*/false);
}

void Scheduler::mayYield(Thread &thread) {
  if (seed != 0 && random.next() >> 63)
    return;
  makeReady(thread);
  leaveFor(thread, /*last=*/false);
}

void Scheduler::end(Thread &thread) {
  thread.state = Thread::State::Ended;
  leaveFor(thread, /*last=*/true);
  __builtin_trap();
}

Thread *Scheduler::next() {
  ++now;
  if (now >= nextDue)
    runDueEvents();
  while (count == 0) {
    if (!events.empty()) {
      runEvent(seed == 0 ? 0
                         : random.below(static_cast<uint32_t>(events.size())));
      continue;
    }
    theBlock.nobodyRuns();
    return nullptr;
  }
  return pick();
}

Thread *Scheduler::pick() {
  const auto size = static_cast<uint32_t>(ready.size());
  auto at = [&](uint32_t i) -> Thread *& { return ready[(head + i) % size]; };
  if (seed != 0) {
    if (moodLeft-- == 0) {
      moodLeft = 32u << random.below(6);
      mood = static_cast<Mood>(random.below(3));
      moodWarp = random.below(size / warpSize);
    }
    uint32_t chosen = random.below(count);
    for (int tries = 0; mood != Mood::Even && tries < 6; ++tries) {
      if ((at(chosen)->warp() == moodWarp) == (mood == Mood::Prefer))
        break;
      chosen = random.below(count);
    }
    std::swap(at(0), at(chosen));
  }
  Thread *thread = at(0);
  head = (head + 1) % size;
  --count;
  return thread;
}

void Scheduler::schedule(Event::Kind kind, uint32_t operation) {
  uint64_t due = UINT64_MAX;
  if (seed != 0)
    switch (random.below(4)) {
    case 0:
      due = now;
      break;
    case 1:
      due = now + random.below(64);
      break;
    case 2:
      due = now + random.below(16384);
      break;
    }
  events.push_back({kind, operation, due});
  nextDue = std::min(nextDue, due);
}

void Scheduler::runEvent(size_t index) {
  const Event event = events[index];
  events.erase(events.begin() + static_cast<std::ptrdiff_t>(index));
  theBlock.happen(event);
}

void Scheduler::runDueEvents() {
  // An event may schedule another one.
  for (size_t i = 0; i < events.size();)
    if (events[i].due <= now)
      runEvent(i);
    else
      ++i;
  nextDue = UINT64_MAX;
  for (const Event &event : events)
    nextDue = std::min(nextDue, event.due);
}

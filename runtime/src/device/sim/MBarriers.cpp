//===- MBarriers.cpp - mbarrier objects -----------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/MBarriers.h"
#include "core/Status.h"
#include "device/sim/Block.h"

#include <algorithm>

using namespace ringrt;
using namespace ringrt::sim;

/// Limits of the counts: 20 bits.
static constexpr int32_t maxCount = (1 << 20) - 1;

MBarrier *MBarriers::find(uint32_t address) {
  for (MBarrier &barrier : barriers)
    if (barrier.address == address)
      return &barrier;
  return nullptr;
}

const MBarrier *MBarriers::search(uint32_t begin, uint32_t end) const {
  for (const MBarrier &barrier : barriers)
    if (barrier.live && barrier.address < end && barrier.address + 8 > begin)
      return &barrier;
  return nullptr;
}

void MBarriers::checkAddress(Thread &thread, uint32_t where, uint32_t address) {
  if (address % 8 != 0 || !block.window.contains(address, 8))
    block.fail(thread, where,
               formatString("no mbarrier can be at 0x%x: expected a multiple "
                            "of 8 from 0x%x to 0x%x",
                            address, block.window.begin(),
                            block.window.end() - 8));
}

/// A live barrier whose initialisation the thread has been synchronised with.
MBarrier &MBarriers::use(Thread &thread, uint32_t where, uint32_t address) {
  checkAddress(thread, where, address);
  MBarrier *barrier = find(address);
  if (!barrier || !barrier->live)
    block.fail(
        thread, where,
        formatString("the mbarrier at 0x%x is not initialised", address));
  if (thread.clock[barrier->initThread] < barrier->initEpoch)
    block.fail(thread, where,
               formatString("uses the mbarrier at 0x%x without being "
                            "synchronised with its initialisation by thread %u "
                            "at %s",
                            address, barrier->initThread,
                            block.at(barrier->initWhere)));
  return *barrier;
}

MBarrier &MBarriers::useAsynchronously(Thread &thread, uint32_t where,
                                       uint32_t address) {
  MBarrier &barrier = use(thread, where, address);
  const std::vector<int32_t> &fences =
      block.threads[barrier.initThread].initFences;
  auto fence =
      std::lower_bound(fences.begin(), fences.end(), barrier.initEpoch);
  if (fence == fences.end() || thread.clock[barrier.initThread] <= *fence)
    block.fail(thread, where,
               formatString(
                   "the asynchronous proxy is to use the mbarrier at 0x%x, but "
                   "thread %u executed no fence.mbarrier_init or "
                   "fence.proxy.async between initialising it at %s and the "
                   "synchronisation",
                   address, barrier.initThread, block.at(barrier.initWhere)));
  return barrier;
}

void MBarriers::init(Thread &thread, uint32_t where, uint32_t address,
                     uint32_t count) {
  checkAddress(thread, where, address);
  if (count == 0 || count > static_cast<uint32_t>(maxCount))
    block.fail(thread, where,
               formatString("mbarrier.init with count %u: expected 1 to %d",
                            count, maxCount));
  MBarrier *barrier = find(address);
  if (barrier && barrier->live)
    block.fail(thread, where,
               formatString("the mbarrier at 0x%x is live: initialised by "
                            "thread %u at %s and not invalidated",
                            address, barrier->initThread,
                            block.at(barrier->initWhere)));
  block.shadow.store(thread, where, address, 8);
  if (!barrier) {
    if (barriers.size() == maxMBarriers)
      block.fail(thread, where,
                 formatString("the simulator has room for %u mbarriers",
                              maxMBarriers));
    barriers.emplace_back();
    barrier = &barriers.back();
    barrier->address = address;
    barrier->index = static_cast<uint32_t>(barriers.size() - 1);
    barrier->arrivals = block.makeClock();
    barrier->done = block.makeClock();
  }
  barrier->live = true;
  ++barrier->generation;
  barrier->count = barrier->pending = static_cast<int32_t>(count);
  barrier->bytes = 0;
  barrier->first = barrier->completed;
  barrier->initThread = thread.index;
  barrier->initWhere = where;
  barrier->initEpoch = thread.epoch();
  lowest = std::min(lowest, address);
  highest = std::max(highest, address + 8);
  block.scheduler.mayYield(thread);
}

void MBarriers::invalidate(Thread &thread, uint32_t where, uint32_t address) {
  MBarrier &barrier = use(thread, where, address);
  if (!barrier.waiting.empty())
    block.fail(thread, where,
               formatString("invalidates the mbarrier at 0x%x, for which "
                            "thread %u waits",
                            address, barrier.waiting.front()->index));
  barrier.live = false;
  block.shadow.store(thread, where, address, 8);
}

void MBarriers::arrive(Thread &thread, uint32_t where, uint32_t address,
                       uint32_t bytes) {
  MBarrier &barrier = use(thread, where, address);
  if (bytes > static_cast<uint32_t>(maxCount) ||
      barrier.bytes + static_cast<int32_t>(bytes) > maxCount)
    block.fail(thread, where,
               formatString("the mbarrier at 0x%x would expect %lld bytes: at "
                            "most %d",
                            address,
                            static_cast<long long>(barrier.bytes) + bytes,
                            maxCount));
  if (barrier.pending == 0)
    block.fail(thread, where,
               formatString("all %d arrivals of phase %d of the mbarrier at "
                            "0x%x have come already",
                            barrier.count, barrier.completed - barrier.first,
                            address));
  block.release(thread, barrier.arrivals.data());
  barrier.bytes += static_cast<int32_t>(bytes);
  --barrier.pending;
  checkPhase(barrier);
  block.scheduler.mayYield(thread);
}

void MBarriers::complete(uint32_t index, uint32_t generation, uint32_t bytes,
                         uint32_t where) {
  MBarrier &barrier = barriers[index];
  if (!barrier.live || barrier.generation != generation)
    block.fail(formatString("the load at %s arrives, but its mbarrier at 0x%x "
                            "has been invalidated",
                            block.at(where), barrier.address));
  barrier.bytes -= static_cast<int32_t>(bytes);
  if (barrier.bytes < -maxCount)
    block.fail(formatString("the load at %s arrives on the mbarrier at 0x%x, "
                            "which has %d bytes too many",
                            block.at(where), barrier.address, -barrier.bytes));
  barrier.lastLoad = barrier.completed;
  barrier.lastLoadWhere = where;
  checkPhase(barrier);
}

void MBarriers::checkPhase(MBarrier &barrier) {
  if (barrier.pending != 0 || barrier.bytes != 0)
    return;
  barrier.done = barrier.arrivals;
  ++barrier.completed;
  barrier.pending = barrier.count;
  for (Thread *thread : barrier.waiting)
    block.scheduler.makeReady(*thread);
  barrier.waiting.clear();
}

void MBarriers::wait(Thread &thread, uint32_t where, uint32_t address,
                     uint32_t parity) {
  block.scheduler.mayYield(thread);
  MBarrier &barrier = use(thread, where, address);
  if (parity > 1)
    block.fail(thread, where,
               formatString("waits for parity %u: expected 0 or 1", parity));
  // Who wakes late may find the next phase complete as well, as a loop on
  // try_wait would.
  while (barrier.parity() == parity) {
    barrier.waiting.push_back(&thread);
    block.scheduler.block(thread, {Wait::MBarrier, where, address, parity});
  }
  block.acquire(thread, barrier.done.data());
  int32_t &known = thread.clock[block.mbarrierComponent(barrier.index)];
  known = std::max(known, barrier.completed);
  barrier.observed = std::max(barrier.observed, barrier.completed);
}

std::string MBarriers::describe(uint32_t address, uint32_t parity) const {
  for (const MBarrier &barrier : barriers)
    if (barrier.address == address)
      return formatString(
          "for the mbarrier at 0x%x, parity %u (in phase %d: %d "
          "of %d arrivals and %d bytes to come)",
          address, parity, barrier.completed - barrier.first, barrier.pending,
          barrier.count, barrier.bytes);
  return "for an mbarrier";
}

void MBarriers::checkEnd() {
  for (const MBarrier &barrier : barriers)
    if (barrier.lastLoad >= barrier.observed)
      block.fail(formatString("the block ended, but nobody waited for the load "
                              "at %s on the mbarrier at 0x%x",
                              block.at(barrier.lastLoadWhere),
                              barrier.address));
}

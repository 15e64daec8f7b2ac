//===- NamedBarriers.cpp - bar.sync and bar.arrive ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/NamedBarriers.h"
#include "core/Status.h"
#include "device/sim/Block.h"

#include <algorithm>

using namespace ringrt;
using namespace ringrt::sim;

namespace {
struct BarrierArguments {
  uint32_t id, threads;
};
} // namespace

void NamedBarriers::execute(Thread &thread, Op op, uint32_t where, uint32_t id,
                            uint32_t threads) {
  if (threads == 0)
    threads = block.kernel.threads;
  if (id >= std::size(barriers))
    block.fail(thread, where,
               formatString("barrier %u: there are 16, 0 to 15", id));
  if (threads % warpSize != 0 || threads > block.kernel.threads)
    block.fail(thread, where,
               formatString("barrier %u: %u threads is not a multiple of %u up "
                            "to the block's %u",
                            id, threads, warpSize, block.kernel.threads));
  BarrierArguments arguments{id, threads};
  block.together(
      thread, op, where, UINT32_MAX, arguments, [&](const Meeting &meeting) {
        Warp &warp = block.warps[thread.warp()];
        for (uint32_t lane = 0; lane < warpSize; ++lane) {
          const auto &other =
              Block::argumentsOf<BarrierArguments>(meeting, lane);
          if (other.id != id || other.threads != threads)
            block.fail(warp, where,
                       formatString("lanes differ: barrier %u for %u threads, "
                                    "barrier %u for %u",
                                    id, threads, other.id, other.threads));
        }
        if (arrive(warp, where, id, threads) || op == Op::BarArrive)
          return;
        barriers[id].waiting.push_back(&thread);
        block.blockAll(thread, meeting, {Wait::Barrier, where, id, threads});
      });
  block.scheduler.mayYield(thread);
}

/// True if the barrier is complete: then the warps that wait have been woken.
/// A warp that waits is acquired for here, since the barrier's next use may
/// begin before it runs.
bool NamedBarriers::arrive(Warp &warp, uint32_t where, uint32_t id,
                           uint32_t threads) {
  Barrier &barrier = barriers[id];
  if (barrier.expected == 0) {
    barrier.expected = threads;
    barrier.where = where;
    barrier.clock.assign(block.clockSize, 0);
  }
  if (barrier.expected != threads)
    block.fail(warp, where,
               formatString("barrier %u for %u threads, while those that "
                            "arrived at %s gave %u",
                            id, threads, block.at(barrier.where),
                            barrier.expected));
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    block.release(warp.lanes[lane], barrier.clock.data());
  barrier.arrived += warpSize;
  if (barrier.arrived < barrier.expected)
    return false;
  auto acquire = [&](const Warp &waiter) {
    for (uint32_t lane = 0; lane < warpSize; ++lane)
      block.acquire(waiter.lanes[lane], barrier.clock.data());
  };
  // An arrival that completes the barrier learns nothing; bar.sync does.
  const Meeting &meeting = warp.meetings[0];
  if (meeting.op == Op::BarSync)
    acquire(warp);
  for (Thread *last : barrier.waiting) {
    acquire(block.warps[last->warp()]);
    block.scheduler.makeReady(*last);
  }
  barrier.waiting.clear();
  barrier.expected = barrier.arrived = 0;
  return true;
}

std::string NamedBarriers::describe(uint32_t id) const {
  const Barrier &barrier = barriers[id];
  return formatString("for barrier %u (%u of %u threads arrived)", id,
                      barrier.arrived, barrier.expected);
}

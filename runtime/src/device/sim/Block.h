//===- Block.h - One block of a simulated grid ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Holds what the instructions share: threads, warps, clocks, shared memory and
// its shadow, and the models of barriers, copies and matrix products. Each
// group of instructions is a class with a file of its own.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_BLOCK_H
#define RINGRT_DEVICE_SIM_BLOCK_H

#include "device/sim/BulkCopies.h"
#include "device/sim/GlobalMemory.h"
#include "device/sim/MBarriers.h"
#include "device/sim/NamedBarriers.h"
#include "device/sim/RegisterPool.h"
#include "device/sim/Scheduler.h"
#include "device/sim/Shadow.h"
#include "device/sim/Thread.h"
#include "device/sim/Wgmmas.h"
#include "device/sim/Window.h"

#include <deque>
#include <string>
#include <vector>

namespace ringrt::sim {

/// The instructions, for every thread's `ops`.
extern const rs_ops instructions;

class Block {
public:
  Block(const rs_kernel &kernel, const rs_launch &launch, Window &window,
        Stacks &stacks, GlobalMemory &global, const uint32_t (&id)[3]);
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;

  /// False on failure: `message` says why.
  bool run();
  const std::string &failure() const { return message; }

  /// Ends the run. `text` goes after the names of the kernel and the block. The
  /// frames of the calling fiber are never unwound: they must own nothing but
  /// what is passed here.
  [[noreturn]] void fail(std::string text);
  /// Same, with the name of the thread, or of its warp, and the instruction.
  [[noreturn]] void fail(const Thread &thread, uint32_t where,
                         std::string text);
  [[noreturn]] void fail(const Warp &warp, uint32_t where, std::string text);

  // Parts of messages, which live as long as the block.

  const char *keep(std::string text);
  /// The location `where`, quoted.
  const char *at(uint32_t where);
  const char *name(const Thread &thread);

  /// Blocks until all lanes of `mask` have come; then the last one calls
  /// `action` with the meeting, which may block as well, and all go on.
  template <typename Arguments, typename Action>
  void together(Thread &thread, Op op, uint32_t where, uint32_t mask,
                Arguments &arguments, const Action &action) {
    Meeting *meeting = meet(thread, op, where, mask, &arguments);
    if (!meeting)
      return;
    action(*meeting);
    part(thread, *meeting);
  }
  /// In an action: the other lanes wait for this as well.
  void blockAll(Thread &thread, const Meeting &meeting, const Wait &wait);

  /// Everything the lanes of `meeting` passed.
  template <typename Arguments>
  static Arguments &argumentsOf(const Meeting &meeting, uint32_t lane) {
    return *static_cast<Arguments *>(meeting.arguments[lane]);
  }

  /// A release: what the thread did so far becomes part of `into`.
  void release(Thread &thread, int32_t *into) {
    join(into, thread.clock, clockSize);
    ++thread.epoch();
  }
  void acquire(Thread &thread, const int32_t *from) {
    join(thread.clock, from, clockSize);
  }
  std::vector<int32_t> makeClock() const {
    return std::vector<int32_t>(clockSize);
  }
  uint32_t mbarrierComponent(uint32_t index) const {
    return kernel.threads + index;
  }
  uint32_t wgmmaComponent(uint32_t warp) const {
    return kernel.threads + maxMBarriers + warp;
  }

  // Called by the scheduler.
  void happen(const Event &event);
  void nobodyRuns();

  const rs_kernel &kernel;
  const rs_launch &launch;
  const uint32_t id[3];
  const uint64_t seed;
  const size_t clockSize;
  Window &window;
  /// Of the launch.
  GlobalMemory &global;
  /// A clock for an action that needs one.
  std::vector<int32_t> scratch;

private:
  static void enter(void *thread);
  Meeting *meet(Thread &thread, Op op, uint32_t where, uint32_t mask,
                void *arguments);
  void part(Thread &thread, Meeting &meeting);
  void endThread(Thread &thread);
  [[noreturn]] void failDeadlocked();
  std::string describe(const Wait &wait);

  std::vector<int32_t> clocks;
  std::string message;
  std::deque<std::string> kept;

public:
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  Scheduler scheduler;
  Shadow shadow;
  NamedBarriers barriers;
  MBarriers mbarriers;
  RegisterPool registers;
  BulkCopies copies;
  Wgmmas wgmmas;
};

inline Block &blockOf(rs_thread *thread) {
  return *static_cast<Thread *>(thread)->block;
}

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_BLOCK_H

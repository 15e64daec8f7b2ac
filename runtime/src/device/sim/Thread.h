//===- Thread.h - A simulated thread and its warp ---------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Time is a vector clock of plain integers. Its components are, in this order:
//
//   one a thread     the thread's epoch, which every release advances: who
//                    knows epoch e of a thread is ordered after what it did up
//                    to e
//   one a barrier    phases of an mbarrier that are known to be complete
//   one a warp       wgmma operations of its warpgroup that the warp has
//                    waited for
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_THREAD_H
#define RINGRT_DEVICE_SIM_THREAD_H

#include "device/sim/Fiber.h"
#include "ringrt/sim.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringrt::sim {

class Block;

constexpr uint32_t warpSize = 32;
constexpr uint32_t warpgroupSize = 128;
constexpr uint32_t maxThreads = 1024;
constexpr uint32_t maxMBarriers = 64;

/// What an operation that is not done yet has in place of an epoch.
constexpr int32_t never = INT32_MAX;

/// Raises every component of `into` to that of `from`.
inline void join(int32_t *into, const int32_t *from, size_t components) {
  for (size_t i = 0; i < components; ++i)
    into[i] = into[i] > from[i] ? into[i] : from[i];
}

/// What a thread that does not run waits for: the meaning of `object` and
/// `value` is that of the kind.
struct Wait {
  enum Kind : uint8_t {
    Lanes,     // object: the warp, value: the mask
    Barrier,   // object: the id, value: the threads
    MBarrier,  // object: the address, value: the parity
    Registers, // object: registers wanted
    Bulk,      // value: groups that may be pending
    Wgmma,     // value: groups that may be pending
  };
  Kind kind = Lanes;
  uint32_t where = 0;
  uint32_t object = 0;
  uint32_t value = 0;

  bool operator==(const Wait &other) const {
    return kind == other.kind && where == other.where &&
           object == other.object && value == other.value;
  }
};

/// A thread's bulk stores. The last group is the one not committed yet.
struct BulkStores {
  struct Group {
    uint32_t operations = 0;
    uint32_t unread = 0;
    uint32_t unwritten = 0;
  };
  struct Source {
    uint32_t record;
    uint32_t group;
  };
  std::vector<Group> groups{1};
  /// Groups before this one are complete.
  uint32_t first = 0;
  /// Those whose source no wait covers yet.
  std::vector<Source> sources;
};

struct Thread : rs_thread {
  enum class State : uint8_t { Ready, Waiting, Ended };

  Block *block = nullptr;
  uint32_t index = 0;
  State state = State::Ready;
  Wait wait;
  int32_t *clock = nullptr;
  /// Epochs that a fence.proxy.async ended; the second also counts
  /// fence.mbarrier_init.
  std::vector<int32_t> proxyFences, initFences;
  BulkStores bulk;
  Fiber fiber;

  uint32_t warp() const { return index / warpSize; }
  uint32_t lane() const { return index % warpSize; }
  int32_t &epoch() { return clock[index]; }
  int32_t epoch() const { return clock[index]; }
};

/// Instructions that lanes execute together.
enum class Op : uint8_t {
  Shfl,
  Elect,
  WarpSync,
  SetMaxNReg,
  BarSync,
  BarArrive,
  LdMatrix,
  StMatrix,
  WgmmaFence,
  Wgmma,
  WgmmaCommit,
  WgmmaWait,
};

/// Lanes of a warp on their way into one instruction.
struct Meeting {
  uint32_t mask = 0; // 0: none
  uint32_t came = 0;
  uint32_t where = 0;
  Op op = Op::Shfl;
  /// What each lane passed.
  void *arguments[warpSize];
};

struct Warp {
  uint32_t index = 0;
  Thread *lanes = nullptr;
  uint32_t ended = 0;
  /// Lanes that are in a meeting; a meeting is at its first lane's slot.
  uint32_t meeting = 0;
  Meeting meetings[warpSize];

  uint32_t registers = 0;
  uint32_t registerChanges = 0;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_THREAD_H

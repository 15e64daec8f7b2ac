//===- MBarriers.h - mbarrier objects ---------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An mbarrier counts the phases it completed. A wait learns how many those are
// and, through them, what the threads that arrived had done: also in earlier
// phases, since every arrival reads what the previous one wrote.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_MBARRIERS_H
#define RINGRT_DEVICE_SIM_MBARRIERS_H

#include "device/sim/Thread.h"

#include <deque>
#include <string>
#include <vector>

namespace ringrt::sim {

struct MBarrier {
  uint32_t address = 0;
  uint32_t index = 0;
  bool live = false;
  /// Which initialisation of it this is.
  uint32_t generation = 0;
  int32_t count = 0, pending = 0;
  int32_t bytes = 0;
  /// Phases completed ever, and at the last initialisation.
  int32_t completed = 0, first = 0;
  uint32_t initThread = 0, initWhere = 0;
  int32_t initEpoch = 0;
  std::vector<int32_t> arrivals, done;
  std::vector<Thread *> waiting;
  /// Phases that some wait has observed, and the last load's phase.
  int32_t observed = 0, lastLoad = -1;
  uint32_t lastLoadWhere = 0;

  uint32_t parity() const {
    return static_cast<uint32_t>(completed - first) & 1;
  }
};

class MBarriers {
public:
  explicit MBarriers(Block &block) : block(block) {}

  void init(Thread &thread, uint32_t where, uint32_t address, uint32_t count);
  void invalidate(Thread &thread, uint32_t where, uint32_t address);
  /// An arrival, after expecting `bytes` more.
  void arrive(Thread &thread, uint32_t where, uint32_t address, uint32_t bytes);
  void wait(Thread &thread, uint32_t where, uint32_t address, uint32_t parity);

  /// The barrier at `address`, which the asynchronous proxy is to use.
  MBarrier &useAsynchronously(Thread &thread, uint32_t where, uint32_t address);
  /// Bytes of a load that was issued at `where` have arrived.
  void complete(uint32_t barrier, uint32_t generation, uint32_t bytes,
                uint32_t where);

  const MBarrier &operator[](uint32_t index) const { return barriers[index]; }
  /// A live barrier that overlaps these bytes, or null.
  const MBarrier *overlapping(uint32_t begin, uint32_t end) const {
    return begin < highest && end > lowest ? search(begin, end) : nullptr;
  }
  std::string describe(uint32_t address, uint32_t parity) const;
  /// Loads must have been waited for.
  void checkEnd();

private:
  const MBarrier *search(uint32_t begin, uint32_t end) const;
  MBarrier *find(uint32_t address);
  void checkAddress(Thread &thread, uint32_t where, uint32_t address);
  MBarrier &use(Thread &thread, uint32_t where, uint32_t address);
  void checkPhase(MBarrier &barrier);

  Block &block;
  std::deque<MBarrier> barriers;
  /// Where live barriers are.
  uint32_t lowest = UINT32_MAX, highest = 0;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_MBARRIERS_H

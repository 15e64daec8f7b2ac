//===- NamedBarriers.h - bar.sync and bar.arrive ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Warps arrive, each with all its threads. A barrier is complete when as many
// threads as the instructions say have arrived, and can be used again at once.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_NAMEDBARRIERS_H
#define RINGRT_DEVICE_SIM_NAMEDBARRIERS_H

#include "device/sim/Thread.h"

#include <string>
#include <vector>

namespace ringrt::sim {

class NamedBarriers {
public:
  explicit NamedBarriers(Block &block) : block(block) {}

  void execute(Thread &thread, Op op, uint32_t where, uint32_t id,
               uint32_t threads);
  /// What the waiting threads wait for.
  std::string describe(uint32_t id) const;

private:
  struct Barrier {
    uint32_t expected = 0; // 0: nobody has arrived
    uint32_t arrived = 0;
    uint32_t where = 0;
    std::vector<int32_t> clock;
    /// The last thread of each waiting warp.
    std::vector<Thread *> waiting;
  };

  bool arrive(Warp &warp, uint32_t where, uint32_t id, uint32_t threads);

  Block &block;
  Barrier barriers[16];
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_NAMEDBARRIERS_H

//===- RegisterPool.h - The registers of a block and setmaxnreg -*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_REGISTERPOOL_H
#define RINGRT_DEVICE_SIM_REGISTERPOOL_H

#include "device/sim/Thread.h"

#include <string>
#include <vector>

namespace ringrt::sim {

/// The block owns what it was launched with. A warp that decreases gives back;
/// one that increases waits until there is enough.
class RegisterPool {
public:
  explicit RegisterPool(Block &block);

  /// Registers of each thread at launch.
  uint32_t atLaunch() const { return initial; }
  void setMax(Thread &thread, uint32_t where, bool increase,
              uint32_t registers);
  std::string describe() const;
  /// All warps of a warpgroup must have executed the same instructions.
  void checkEnd();

private:
  struct Change {
    bool increase;
    uint32_t registers, where;
  };
  struct Waiter {
    Thread *thread;
    uint32_t registers;
  };

  Block &block;
  uint32_t initial;
  uint32_t free = 0;
  std::vector<Waiter> waiters;
  /// By warpgroup.
  std::vector<std::vector<Change>> changes;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_REGISTERPOOL_H

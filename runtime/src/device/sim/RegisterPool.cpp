//===- RegisterPool.cpp - The registers of a block and setmaxnreg ---------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/RegisterPool.h"
#include "core/Status.h"
#include "device/sim/Block.h"

using namespace ringrt;
using namespace ringrt::sim;

namespace {
struct ChangeArguments {
  bool increase;
  uint32_t registers;
};
} // namespace

/// Registers come in multiples of this.
static constexpr uint32_t unit = 8;

RegisterPool::RegisterPool(Block &block)
    : block(block), initial((block.kernel.registers + unit - 1) / unit * unit),
      changes(block.kernel.threads / warpgroupSize + 1) {}

void RegisterPool::setMax(Thread &thread, uint32_t where, bool increase,
                          uint32_t registers) {
  ChangeArguments arguments{increase, registers};
  block.together(
      thread, Op::SetMaxNReg, where, UINT32_MAX, arguments,
      [&](const Meeting &meeting) {
        Warp &warp = block.warps[thread.warp()];
        for (uint32_t lane = 0; lane < warpSize; ++lane) {
          const auto &other =
              Block::argumentsOf<ChangeArguments>(meeting, lane);
          if (other.increase != increase || other.registers != registers)
            block.fail(warp, where, "lanes differ in setmaxnreg");
        }
        if (registers % unit != 0 || registers < 24 || registers > 256)
          block.fail(warp, where,
                     formatString("setmaxnreg %u: expected a multiple of %u "
                                  "from 24 to 256",
                                  registers, unit));
        if (increase ? registers < warp.registers : registers > warp.registers)
          block.fail(warp, where,
                     formatString("setmaxnreg.%s to %u: the warp has %u",
                                  increase ? "inc" : "dec", registers,
                                  warp.registers));
        std::vector<Change> &group = changes[warp.index / 4];
        if (warp.registerChanges == group.size())
          group.push_back({increase, registers, where});
        const Change &change = group[warp.registerChanges++];
        if (change.where != where || change.increase != increase ||
            change.registers != registers)
          block.fail(warp, where,
                     formatString("setmaxnreg must be executed by all warps of "
                                  "the warpgroup: another one executed that at "
                                  "%s instead",
                                  block.at(change.where)));
        if (!increase) {
          free += (warp.registers - registers) * warpSize;
          warp.registers = registers;
          for (const Waiter &waiter : waiters)
            block.scheduler.makeReady(*waiter.thread);
          waiters.clear();
          return;
        }
        const uint32_t wanted = (registers - warp.registers) * warpSize;
        while (free < wanted) {
          waiters.push_back({&thread, wanted});
          block.blockAll(thread, meeting,
                         {Wait::Registers, where, registers, 0});
        }
        free -= wanted;
        warp.registers = registers;
      });
}

std::string RegisterPool::describe() const {
  return formatString("%u of the block's %u are free", free,
                      initial * block.kernel.threads);
}

void RegisterPool::checkEnd() {
  for (const Warp &warp : block.warps) {
    const std::vector<Change> &group = changes[warp.index / 4];
    if (warp.registerChanges < group.size())
      block.fail(warp, group[warp.registerChanges].where,
                 "ended without this setmaxnreg, which another warp of its "
                 "warpgroup executed: all must");
  }
}

//===- WarpOps.cpp - Instructions of the lanes of a warp ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/WarpOps.h"
#include "core/Status.h"
#include "device/sim/Block.h"

#include <cstring>

using namespace ringrt;
using namespace ringrt::sim;

namespace {

struct ShuffleArguments {
  uint32_t value, lane, clamp;
  int32_t kind;
  uint32_t result;
};

struct ElectArguments {
  uint32_t elected;
};

struct SyncArguments {};

struct MatrixArguments {
  uint32_t address;
  uint32_t *loaded;
  const uint32_t *stored;
  int32_t count;
  bool transpose;
};

} // namespace

/// The lane that `lane` reads from. `clamp` is operand c: bits 0-4 the clamp,
/// bits 8-12 the mask of the lane bits that name a segment.
static uint32_t sourceOf(uint32_t lane, const ShuffleArguments &arguments) {
  const uint32_t b = arguments.lane & 31, c = arguments.clamp & 31;
  const uint32_t segment = arguments.clamp >> 8 & 31;
  const uint32_t lowest = lane & segment;
  const uint32_t bound = lowest | (c & ~segment);
  switch (arguments.kind) {
  case RS_SHFL_UP: {
    const auto source = static_cast<int32_t>(lane) - static_cast<int32_t>(b);
    return source >= static_cast<int32_t>(bound) ? static_cast<uint32_t>(source)
                                                 : lane;
  }
  case RS_SHFL_DOWN:
    return lane + b <= bound ? lane + b : lane;
  case RS_SHFL_BFLY:
    return (lane ^ b) <= bound ? lane ^ b : lane;
  default: {
    const uint32_t source = lowest | (b & ~segment);
    return source <= bound ? source : lane;
  }
  }
}

uint32_t ringrt::sim::shuffle(Thread &thread, uint32_t where, uint32_t mask,
                              uint32_t value, uint32_t lane, uint32_t clamp,
                              int32_t kind) {
  Block &block = *thread.block;
  if (kind < RS_SHFL_BFLY || kind > RS_SHFL_DOWN)
    block.fail(thread, where, formatString("shfl of kind %d", kind));
  block.wgmmas.checkNoTag(thread, where, "shuffles", &value, 1);
  ShuffleArguments arguments{value, lane, clamp, kind, 0};
  block.together(
      thread, Op::Shfl, where, mask, arguments, [&](const Meeting &meeting) {
        for (uint32_t to = 0; to < warpSize; ++to) {
          if (!(mask >> to & 1))
            continue;
          auto &own = Block::argumentsOf<ShuffleArguments>(meeting, to);
          const uint32_t from = sourceOf(to, own);
          if (!(mask >> from & 1))
            block.fail(
                thread, where,
                formatString("lane %u reads lane %u, which is not in the mask "
                             "0x%08x",
                             to, from, mask));
          own.result =
              Block::argumentsOf<ShuffleArguments>(meeting, from).value;
        }
      });
  return arguments.result;
}

uint32_t ringrt::sim::elect(Thread &thread, uint32_t where, uint32_t mask) {
  Block &block = *thread.block;
  ElectArguments arguments{0};
  block.together(
      thread, Op::Elect, where, mask, arguments, [&](const Meeting &meeting) {
        // The same seed in all blocks: the instruction is deterministic.
        const uint64_t seed = block.launch.seed;
        uint32_t nth =
            seed == 0 ? 0
                      : static_cast<uint32_t>(
                            mix(seed ^ mask) %
                            static_cast<uint32_t>(__builtin_popcount(mask)));
        for (uint32_t lane = 0; lane < warpSize; ++lane)
          if ((mask >> lane & 1) && nth-- == 0)
            Block::argumentsOf<ElectArguments>(meeting, lane).elected = 1;
      });
  return arguments.elected;
}

void ringrt::sim::warpSync(Thread &thread, uint32_t where, uint32_t mask) {
  Block &block = *thread.block;
  SyncArguments arguments;
  block.together(thread, Op::WarpSync, where, mask, arguments,
                 [&](const Meeting &) {
                   Warp &warp = block.warps[thread.warp()];
                   block.scratch.assign(block.clockSize, 0);
                   for (uint32_t lane = 0; lane < warpSize; ++lane)
                     if (mask >> lane & 1)
                       block.release(warp.lanes[lane], block.scratch.data());
                   for (uint32_t lane = 0; lane < warpSize; ++lane)
                     if (mask >> lane & 1)
                       block.acquire(warp.lanes[lane], block.scratch.data());
                 });
  block.scheduler.mayYield(thread);
}

/// The byte that lane `lane` holds as half `half` of a matrix' register: a lane
/// has two neighbours of row lane / 4, or of column lane / 4 if transposed.
static void placeOf(uint32_t lane, uint32_t half, bool transpose, uint32_t &row,
                    uint32_t &byte) {
  const uint32_t major = lane / 4, minor = 2 * (lane % 4) + half;
  row = transpose ? minor : major;
  byte = 2 * (transpose ? major : minor);
}

/// Checks what ldmatrix and stmatrix have in common. Lane 8 * m + r gives the
/// address of row r of matrix m; who has none to give is not looked at.
static void checkMatrices(Block &block, Thread &thread, uint32_t where,
                          const Meeting &meeting) {
  const auto &own = Block::argumentsOf<MatrixArguments>(meeting, thread.lane());
  const Warp &warp = block.warps[thread.warp()];
  if (own.count != 1 && own.count != 2 && own.count != 4)
    block.fail(warp, where,
               formatString("%d matrices: expected 1, 2 or 4", own.count));
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    const auto &other = Block::argumentsOf<MatrixArguments>(meeting, lane);
    if (other.count != own.count || other.transpose != own.transpose)
      block.fail(warp, where, "lanes differ in the matrices");
    if (lane < static_cast<uint32_t>(8 * own.count) && other.address % 16 != 0)
      block.fail(warp.lanes[lane], where,
                 formatString("row address 0x%x is not a multiple of 16",
                              other.address));
  }
}

void ringrt::sim::loadMatrices(Thread &thread, uint32_t where, uint32_t address,
                               uint32_t *registers, int32_t count,
                               bool transpose) {
  Block &block = *thread.block;
  MatrixArguments arguments{address, registers, nullptr, count, transpose};
  block.scheduler.mayYield(thread);
  block.together(
      thread, Op::LdMatrix, where, UINT32_MAX, arguments,
      [&](const Meeting &meeting) {
        Warp &warp = block.warps[thread.warp()];
        checkMatrices(block, thread, where, meeting);
        for (uint32_t matrix = 0; matrix < static_cast<uint32_t>(count);
             ++matrix) {
          uint16_t rows[8][8];
          for (uint32_t row = 0; row < 8; ++row) {
            Thread &addresser = warp.lanes[8 * matrix + row];
            const uint32_t from =
                Block::argumentsOf<MatrixArguments>(meeting, addresser.lane())
                    .address;
            block.shadow.load(addresser, where, from, 16);
            std::memcpy(rows[row], block.window.at(from), 16);
          }
          for (uint32_t lane = 0; lane < warpSize; ++lane) {
            uint32_t value = 0;
            for (uint32_t half = 0; half < 2; ++half) {
              uint32_t row, byte;
              placeOf(lane, half, transpose, row, byte);
              value |= static_cast<uint32_t>(rows[row][byte / 2]) << 16 * half;
            }
            Block::argumentsOf<MatrixArguments>(meeting, lane).loaded[matrix] =
                value;
          }
        }
        block.wgmmas.loadedFragment(warp);
      });
}

void ringrt::sim::storeMatrices(Thread &thread, uint32_t where,
                                uint32_t address, const uint32_t *registers,
                                int32_t count, bool transpose) {
  Block &block = *thread.block;
  MatrixArguments arguments{address, nullptr, registers, count, transpose};
  block.together(thread, Op::StMatrix, where, UINT32_MAX, arguments,
                 [&](const Meeting &meeting) {
                   Warp &warp = block.warps[thread.warp()];
                   checkMatrices(block, thread, where, meeting);
                   for (uint32_t matrix = 0;
                        matrix < static_cast<uint32_t>(count); ++matrix) {
                     uint16_t rows[8][8];
                     for (uint32_t lane = 0; lane < warpSize; ++lane) {
                       const uint32_t value =
                           Block::argumentsOf<MatrixArguments>(meeting, lane)
                               .stored[matrix];
                       for (uint32_t half = 0; half < 2; ++half) {
                         uint32_t row, byte;
                         placeOf(lane, half, transpose, row, byte);
                         rows[row][byte / 2] =
                             static_cast<uint16_t>(value >> 16 * half);
                       }
                     }
                     for (uint32_t row = 0; row < 8; ++row) {
                       Thread &addresser = warp.lanes[8 * matrix + row];
                       const uint32_t to = Block::argumentsOf<MatrixArguments>(
                                               meeting, addresser.lane())
                                               .address;
                       block.shadow.store(addresser, where, to, 16);
                       std::memcpy(block.window.at(to), rows[row], 16);
                     }
                   }
                 });
  block.scheduler.mayYield(thread);
}

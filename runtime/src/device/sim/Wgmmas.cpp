//===- Wgmmas.cpp - wgmma and its groups ----------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/Wgmmas.h"
#include "core/Status.h"
#include "device/sim/Block.h"
#include "device/sim/MatrixOperand.h"

#include <algorithm>
#include <cstring>

using namespace ringrt;
using namespace ringrt::sim;

/// A tag is a negative quiet NaN whose payload is a tile's id and, in the low 7
/// bits, the register. Ids start where no NaN that hardware makes of its own
/// can be a tag, nor two 16-bit ones in a word.
static constexpr uint32_t tagBits = 0xffc00000;
static constexpr uint32_t firstId = 512, endId = 0x7fff;
/// Results that nobody asked for are dropped after this many newer ones.
static constexpr size_t maxTiles = 64;

static bool looksLikeTag(uint32_t bits) {
  const uint32_t id = bits >> 7 & 0x7fff;
  return static_cast<int>((bits & tagBits) == tagBits) &
         static_cast<int>(id >= firstId) & static_cast<int>(id < endId);
}

static uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

uint32_t Wgmmas::tagOf(const Tile &tile, uint32_t i) {
  return tagBits | tile.id << 7 | i;
}

/// The row and the column of register `i` of a warpgroup's thread.
static uint32_t rowOf(uint32_t thread, uint32_t i) {
  return 16 * (thread / 32) + thread % 32 / 4 + 8 * (i / 2 % 2);
}
static uint32_t columnOf(uint32_t thread, uint32_t i) {
  return 8 * (i / 4) + i % 2 + 2 * (thread % 4);
}

static uint32_t depthOf(const rs_wgmma &what) {
  return what.type == RS_TF32 ? 8 : 16;
}

struct Wgmmas::IssueArguments {
  const rs_wgmma *what;
  float *accumulators;
  const uint32_t *a;
  uint64_t descriptorA, descriptorB;
};

Wgmmas::Wgmmas(Block &block)
    : block(block), warps(block.warps.size()),
      groups(block.kernel.threads / warpgroupSize),
      registers(block.kernel.threads), nextId(firstId),
      operands(new ProductOperands) {}

namespace {
struct Nothing {};
} // namespace

void Wgmmas::fence(Thread &thread, uint32_t where) {
  Nothing nothing;
  block.together(thread, Op::WgmmaFence, where, UINT32_MAX, nothing,
                 [&](const Meeting &) {
                   WarpState &warp = warps[thread.warp()];
                   warp.fenced = warp.fencedA = true;
                 });
  for (Registers &written : registers[thread.index])
    written.written = false;
}

Wgmmas::Registers &Wgmmas::registersOf(const Thread &thread, uint32_t number) {
  std::vector<Registers> &all = registers[thread.index];
  if (number >= all.size())
    all.resize(number + 1);
  return all[number];
}

void Wgmmas::writeRegisters(Thread &thread, uint32_t where, uint32_t number) {
  Registers &written = registersOf(thread, number);
  const WarpState &warp = warps[thread.warp()];
  if (written.readBy > warp.awaited)
    block.fail(
        thread, where,
        formatString("writes the registers of A of the wgmma at %s: a "
                     "wgmma.wait_group must come between",
                     block.at(whereOf(thread.warp() / 4, written.readBy))));
  written.written = true;
  written.where = where;
}

void Wgmmas::checkFenced(Thread &thread, uint32_t where, uint32_t number,
                         const char *what) {
  const Registers &written = registersOf(thread, number);
  if (written.written)
    block.fail(thread, where,
               formatString("%s written at %s, since the last wgmma.fence: one "
                            "must come between that and the wgmma",
                            what, block.at(written.where)));
}

void Wgmmas::issue(Thread &thread, uint32_t where, const rs_wgmma *what,
                   float *accumulators, const uint32_t *a, uint64_t descriptorA,
                   uint64_t descriptorB) {
  IssueArguments arguments{what, accumulators, a, descriptorA, descriptorB};
  block.together(thread, Op::Wgmma, where, UINT32_MAX, arguments,
                 [&](const Meeting &meeting) {
                   issueWarp(block.warps[thread.warp()], where, meeting);
                 });
  block.scheduler.mayYield(thread);
}

void Wgmmas::checkSameArguments(Warp &warp, uint32_t where,
                                const Meeting &meeting) {
  const auto &first = Block::argumentsOf<IssueArguments>(meeting, 0);
  const rs_wgmma &what = *first.what;
  if (warp.index / 4 >= groups.size())
    block.fail(warp, where, "wgmma needs a warpgroup: four whole warps");
  if (what.type < RS_BF16 || what.type > RS_TF32)
    block.fail(warp, where, formatString("wgmma of type %d", what.type));
  if (what.n < 8 || what.n > static_cast<int32_t>(maxProductColumns) ||
      what.n % 8 != 0)
    block.fail(warp, where,
               formatString("wgmma with n = %d: expected a multiple of 8 up to "
                            "%u",
                            what.n, maxProductColumns));
  if (what.type == RS_TF32 && (what.transpose_a || what.transpose_b))
    block.fail(warp, where, "only 16-bit operands can be MN-major");
  if (first.a && what.transpose_a)
    block.fail(warp, where, "A is in registers and cannot be transposed");
  for (uint32_t lane = 1; lane < warpSize; ++lane) {
    const auto &other = Block::argumentsOf<IssueArguments>(meeting, lane);
    if (std::memcmp(other.what, &what, sizeof(what)) != 0 ||
        !other.a != !first.a || other.descriptorB != first.descriptorB ||
        (!first.a && other.descriptorA != first.descriptorA))
      block.fail(
          warp, where,
          formatString("lanes 0 and %u differ in the operands of wgmma", lane));
  }
  for (int b = first.a ? 1 : 0; b < 2; ++b) {
    const MatrixDescriptor descriptor(b ? first.descriptorB
                                        : first.descriptorA);
    if (const char *error = block.keep(descriptor.findError()); *error)
      block.fail(warp, where,
                 formatString("descriptor of %c: %s", b ? 'B' : 'A', error));
  }
}

Wgmmas::Tile *Wgmmas::findTile(uint32_t warpgroup, uint32_t bits) {
  if (!looksLikeTag(bits) || warpgroup >= groups.size())
    return nullptr;
  const uint32_t id = bits >> 7 & 0x7fff;
  std::deque<Tile> &tiles = groups[warpgroup].tiles;
  for (Tile &tile : tiles)
    if (tile.id == id)
      return &tile;
  return nullptr;
}

/// The tile whose tags the accumulators are, all of them and in order; null if
/// they are plain values. Without accumulation anything else is plain as well.
Wgmmas::Tile *Wgmmas::findChained(Warp &warp, uint32_t where,
                                  const Meeting &meeting) {
  const auto &first = Block::argumentsOf<IssueArguments>(meeting, 0);
  const uint32_t warpgroup = warp.index / 4;
  const auto count = static_cast<uint32_t>(first.what->n) / 2;
  Tile *tile = findTile(warpgroup, bitsOf(first.accumulators[0]));
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    const auto &arguments = Block::argumentsOf<IssueArguments>(meeting, lane);
    const float *accumulators = arguments.accumulators;
    uint32_t suspicious = 0;
    for (uint32_t i = 0; i < count; ++i)
      suspicious |= tile ? bitsOf(accumulators[i]) ^ tagOf(*tile, i)
                         : looksLikeTag(bitsOf(accumulators[i]));
    if (suspicious == 0)
      continue;
    uint32_t wrong = 0;
    while (wrong < count &&
           (tile ? bitsOf(accumulators[wrong]) == tagOf(*tile, wrong)
                 : !findTile(warpgroup, bitsOf(accumulators[wrong]))))
      ++wrong;
    if (wrong == count)
      continue;
    if (!first.what->accumulate)
      return nullptr;
    const uint32_t bits = bitsOf(arguments.accumulators[wrong]);
    const Tile *other = findTile(warpgroup, bits);
    if (!other)
      block.fail(
          warp.lanes[lane], where,
          formatString("accumulator %u is a value, others are results of "
                       "the wgmma at %s, which has not been waited for",
                       wrong, block.at(whereOf(warpgroup, tile->last))));
    block.fail(warp.lanes[lane], where,
               formatString("accumulator %u is register %u of the wgmma at %s, "
                            "which has not been waited for: expected %s",
                            wrong, bits & 127,
                            block.at(whereOf(warpgroup, other->last)),
                            tile ? "the registers of one wgmma in order"
                                 : "values, as in accumulator 0"));
  }
  if (tile && (tile->columns != static_cast<uint32_t>(first.what->n) ||
               tile->depth != depthOf(*first.what))) {
    if (!first.what->accumulate)
      return nullptr;
    block.fail(
        warp, where,
        formatString("continues the wgmma at %s, which has another shape "
                     "(m64n%uk%u): wait for it first",
                     block.at(whereOf(warpgroup, tile->last)), tile->columns,
                     tile->depth));
  }
  return tile;
}

Wgmmas::Tile &Wgmmas::makeTile(uint32_t warpgroup, const rs_wgmma &what) {
  Warpgroup &group = groups[warpgroup];
  if (group.tiles.size() >= maxTiles) {
    auto oldest = std::min_element(
        group.tiles.begin(), group.tiles.end(),
        [](const Tile &a, const Tile &b) { return a.last < b.last; });
    if (oldest->last <= group.computed)
      group.tiles.erase(oldest);
  }
  group.tiles.emplace_back();
  Tile &tile = group.tiles.back();
  // A chain may have lived for as long as the ids took to come round.
  do {
    tile.id = nextId;
    nextId = nextId + 1 == endId ? firstId : nextId + 1;
  } while (findTile(warpgroup, tagBits | tile.id << 7) != &tile);
  tile.columns = static_cast<uint32_t>(what.n);
  tile.depth = depthOf(what);
  tile.values.resize(size_t(productRows) * tile.columns);
  return tile;
}

/// This warp's next operation: the one that other warps of the warpgroup have
/// issued already, or a new one.
Wgmmas::Operation &Wgmmas::join(Warp &warp, uint32_t where,
                                const IssueArguments &arguments,
                                Tile *chained) {
  const uint32_t warpgroup = warp.index / 4;
  Warpgroup &group = groups[warpgroup];
  const uint32_t sequence = ++warps[warp.index].issued;
  if (sequence > group.wheres.size()) {
    group.wheres.push_back(where);
    // A tile that is overwritten is not continued, its registers are.
    Tile *tile = chained && arguments.what->accumulate
                     ? chained
                     : &makeTile(warpgroup, *arguments.what);
    group.open.emplace_back();
    Operation &operation = group.open.back();
    operation.what = *arguments.what;
    operation.where = where;
    operation.descriptorA = arguments.descriptorA;
    operation.descriptorB = arguments.descriptorB;
    operation.registersA = arguments.a != nullptr;
    operation.chained = tile == chained;
    operation.tile = tile->id;
    tile->last = sequence;
    return operation;
  }
  const uint32_t firstOpen =
      static_cast<uint32_t>(group.wheres.size() - group.open.size()) + 1;
  Operation &operation = group.open[sequence - firstOpen];
  if (operation.where != where ||
      std::memcmp(&operation.what, arguments.what, sizeof(rs_wgmma)) != 0 ||
      operation.registersA != (arguments.a != nullptr) ||
      operation.descriptorB != arguments.descriptorB ||
      (!operation.registersA && operation.descriptorA != arguments.descriptorA))
    block.fail(
        warp, where,
        formatString("divergence: another warp of the warpgroup executed "
                     "the wgmma at %s, or other operands, instead",
                     block.at(operation.where)));
  if (operation.what.accumulate && (operation.chained != (chained != nullptr) ||
                                    (chained && operation.tile != chained->id)))
    block.fail(warp, where,
               "the accumulators continue another wgmma than those of another "
               "warp of the warpgroup");
  return operation;
}

/// The operands must be visible to the asynchronous proxy, for every thread of
/// the warp: the warps issue on their own.
void Wgmmas::readOperands(Warp &warp, uint32_t where,
                          const Operation &operation) {
  const Access access{warp.lanes, warpSize, where, true};
  const uint32_t warpgroup = warp.index / 4;
  const uint32_t sequence = warps[warp.index].issued;
  const uint32_t depth = depthOf(operation.what);
  const uint32_t elements = depth / 2;
  Shadow &shadow = block.shadow;
  shadow.beginAccess();
  auto read = [&](uint32_t address, uint32_t, uint32_t) {
    if (!block.window.contains(address, 16))
      shadow.checkRange(access, address, 16);
    shadow.wgmmaRead(access, address, warpgroup, sequence);
  };
  if (!operation.registersA)
    MatrixOperand(MatrixDescriptor(operation.descriptorA), productRows,
                  operation.what.transpose_a != 0)
        .forEachPiece(elements, depth, read);
  MatrixOperand(MatrixDescriptor(operation.descriptorB),
                static_cast<uint32_t>(operation.what.n),
                operation.what.transpose_b != 0)
      .forEachPiece(elements, depth, read);
}

void Wgmmas::issueWarp(Warp &warp, uint32_t where, const Meeting &meeting) {
  checkSameArguments(warp, where, meeting);
  const auto &first = Block::argumentsOf<IssueArguments>(meeting, 0);
  const uint32_t warpgroup = warp.index / 4;
  const auto count = static_cast<uint32_t>(first.what->n) / 2;
  Tile *chained = findChained(warp, where, meeting);
  if (!chained && !warps[warp.index].fenced)
    block.fail(warp, where,
               "the accumulators were accessed since the last wgmma.fence: one "
               "must come between that and the wgmma");
  if (first.a && !warps[warp.index].fencedA)
    block.fail(warp, where,
               "the registers of A were written since the last wgmma.fence: "
               "one must come between that and the wgmma");
  const rs_wgmma &what = *first.what;
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    if (!chained && what.accumulate && what.accumulator_registers)
      checkFenced(warp.lanes[lane], where,
                  static_cast<uint32_t>(what.accumulator_registers),
                  "the accumulators were");
    if (first.a && what.a_registers) {
      const auto number = static_cast<uint32_t>(what.a_registers);
      checkFenced(warp.lanes[lane], where, number, "the registers of A were");
      registersOf(warp.lanes[lane], number).readBy =
          warps[warp.index].issued + 1;
    }
  }
  Operation &operation = join(warp, where, first, chained);
  readOperands(warp, where, operation);

  // An operation's tile cannot be dropped before it is computed.
  Tile &tile = *findTile(warpgroup, tagBits | operation.tile << 7);
  tile.lastOf[warp.index % 4] = warps[warp.index].issued;
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    const auto &arguments = Block::argumentsOf<IssueArguments>(meeting, lane);
    const uint32_t thread = warp.index % 4 * warpSize + lane;
    if (arguments.a) {
      checkNoTag(warp.lanes[lane], where, "passes as A", arguments.a, 4);
      std::copy_n(arguments.a, 4, operation.a[thread]);
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (!chained && operation.what.accumulate)
        tile.values[rowOf(thread, i) * tile.columns + columnOf(thread, i)] =
            arguments.accumulators[i];
      const uint32_t tag = tagOf(tile, i);
      std::memcpy(&arguments.accumulators[i], &tag, sizeof(tag));
    }
  }
  operation.issued |= 1u << warp.index % 4;
  Warpgroup &group = groups[warpgroup];
  // Warps issue in order, so operations become complete in order.
  if (operation.issued != 15)
    return;
  compute(warpgroup, operation);
  group.open.pop_front();
  ++group.computed;
  for (Thread *thread : group.waiting)
    block.scheduler.makeReady(*thread);
  group.waiting.clear();
}

void Wgmmas::compute(uint32_t warpgroup, Operation &operation) {
  const int32_t type = operation.what.type;
  const uint32_t depth = depthOf(operation.what);
  const uint32_t elements = depth / 2;
  ProductOperands &to = *operands;
  if (operation.registersA) {
    for (uint32_t thread = 0; thread < warpgroupSize; ++thread)
      for (uint32_t i = 0; i < 4; ++i) {
        const uint32_t row = 16 * (thread / 32) + thread % 32 / 4 + 8 * (i % 2);
        const uint32_t *data = &operation.a[thread][i];
        if (type == RS_TF32) {
          to.a[row][thread % 4 + 4 * (i / 2)] = decode(data, 0, type);
          continue;
        }
        const uint32_t k = 2 * (thread % 4) + 8 * (i / 2);
        to.a[row][k] = decode(data, 0, type);
        to.a[row][k + 1] = decode(data, 1, type);
      }
  } else {
    const bool transpose = operation.what.transpose_a != 0;
    MatrixOperand(MatrixDescriptor(operation.descriptorA), productRows,
                  transpose)
        .forEachPiece(elements, depth,
                      [&](uint32_t address, uint32_t row, uint32_t k) {
                        const char *from = block.window.at(address);
                        for (uint32_t i = 0; i < elements; ++i)
                          (transpose ? to.a[row + i][k] : to.a[row][k + i]) =
                              decode(from, i, type);
                      });
  }
  const bool transpose = operation.what.transpose_b != 0;
  MatrixOperand(MatrixDescriptor(operation.descriptorB),
                static_cast<uint32_t>(operation.what.n), transpose)
      .forEachPiece(elements, depth,
                    [&](uint32_t address, uint32_t row, uint32_t k) {
                      const char *from = block.window.at(address);
                      for (uint32_t i = 0; i < elements; ++i)
                        (transpose ? to.b[k][row + i] : to.b[k + i][row]) =
                            decode(from, i, type);
                    });
  Tile &tile = *findTile(warpgroup, tagBits | operation.tile << 7);
  multiply(to, tile.values.data(), tile.columns, depth,
           operation.what.accumulate != 0);
}

void Wgmmas::commit(Thread &thread, uint32_t where) {
  Nothing nothing;
  block.together(thread, Op::WgmmaCommit, where, UINT32_MAX, nothing,
                 [&](const Meeting &) {
                   WarpState &warp = warps[thread.warp()];
                   warp.groups.push_back(warp.issued);
                 });
}

void Wgmmas::wait(Thread &thread, uint32_t where, uint32_t pending,
                  float *values, uint32_t count) {
  const uint32_t warpgroup = thread.warp() / 4;
  WarpState &state = warps[thread.warp()];
  if (warpgroup >= groups.size())
    block.fail(thread, where, "wgmma needs a warpgroup: four whole warps");
  uint32_t arguments = pending;
  block.together(
      thread, Op::WgmmaWait, where, UINT32_MAX, arguments,
      [&](const Meeting &meeting) {
        for (uint32_t lane = 0; lane < warpSize; ++lane)
          if (Block::argumentsOf<uint32_t>(meeting, lane) != pending)
            block.fail(block.warps[thread.warp()], where,
                       "lanes differ in wgmma.wait_group");
        const size_t finished =
            state.groups.size() > pending ? state.groups.size() - pending : 0;
        state.target = finished == 0 ? 0 : state.groups[finished - 1];
        state.fenced = state.fencedA = false;
        Warpgroup &group = groups[warpgroup];
        while (group.computed < state.target) {
          group.waiting.push_back(&thread);
          block.blockAll(thread, meeting, {Wait::Wgmma, where, 0, pending});
        }
        state.awaited = std::max(state.awaited, state.target);
      });
  // The lanes leave together and none can come here again before all have.
  const uint32_t awaited = state.awaited;
  thread.clock[block.wgmmaComponent(thread.warp())] =
      static_cast<int32_t>(awaited);
  const uint32_t index = thread.index % warpgroupSize;
  const Tile *tile = nullptr;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t bits = bitsOf(values[i]);
    if (!looksLikeTag(bits))
      continue;
    const uint32_t reg = bits & 127;
    if (!tile || bits != tagOf(*tile, reg))
      tile = findTile(warpgroup, bits);
    if (!tile || tile->lastOf[thread.warp() % 4] > awaited)
      continue;
    values[i] =
        tile->values[rowOf(index, reg) * tile->columns + columnOf(index, reg)];
  }
  block.scheduler.mayYield(thread);
}

void Wgmmas::checkNoTag(Thread &thread, uint32_t where, const char *verb,
                        const void *words, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, static_cast<const char *>(words) + 4 * i, 4);
    const uint32_t warpgroup = thread.warp() / 4;
    if (const Tile *tile = findTile(warpgroup, bits))
      block.fail(thread, where,
                 formatString("%s register %u of the wgmma at %s, which no "
                              "wgmma.wait_group has made a value",
                              verb, bits & 127,
                              block.at(whereOf(warpgroup, tile->last))));
  }
}

void Wgmmas::checkEnd(const Warp &warp) {
  const WarpState &state = warps[warp.index];
  if (state.awaited < state.issued)
    block.fail(warp, whereOf(warp.index / 4, state.awaited + 1),
               "the warp ended without a wgmma.wait_group for this wgmma");
}

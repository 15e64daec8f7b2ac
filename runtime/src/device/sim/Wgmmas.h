//===- Wgmmas.h - wgmma and its groups --------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The warps of a warpgroup issue the same operations, each at its own time; an
// operation is computed when the last one has. Until a warp has waited for it,
// its accumulators hold tags: NaNs that name a tile of results and a register.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_WGMMAS_H
#define RINGRT_DEVICE_SIM_WGMMAS_H

#include "device/sim/MatrixProduct.h"
#include "device/sim/Thread.h"

#include <deque>
#include <memory>
#include <vector>

namespace ringrt::sim {

class Wgmmas {
public:
  explicit Wgmmas(Block &block);

  void fence(Thread &thread, uint32_t where);
  void issue(Thread &thread, uint32_t where, const rs_wgmma *what,
             float *accumulators, const uint32_t *a, uint64_t descriptorA,
             uint64_t descriptorB);
  void commit(Thread &thread, uint32_t where);
  void wait(Thread &thread, uint32_t where, uint32_t pending, float *values,
            uint32_t count);

  /// Plain arithmetic writes the registers of this number.
  void writeRegisters(Thread &thread, uint32_t where, uint32_t registers);
  /// A register that a fragment was loaded into is newer than the last fence.
  void loadedFragment(const Warp &warp) { warps[warp.index].fencedA = false; }
  /// Fails if a value is the tag of a result.
  void checkNoTag(Thread &thread, uint32_t where, const char *verb,
                  const void *words, uint32_t count);
  /// Where the operation was issued.
  uint32_t whereOf(uint32_t warpgroup, uint32_t sequence) const {
    return groups[warpgroup].wheres[sequence - 1];
  }
  /// A warp that ends must have waited for everything.
  void checkEnd(const Warp &warp);

private:
  /// The results of a chain of operations on the same registers.
  struct Tile {
    uint32_t id = 0;
    uint32_t columns = 0, depth = 0;
    /// The last operation on it, in all and of each warp.
    uint32_t last = 0;
    uint32_t lastOf[4] = {};
    std::vector<float> values;
  };
  /// An operation that not all warps have issued.
  struct Operation {
    rs_wgmma what;
    uint32_t where;
    uint64_t descriptorA, descriptorB;
    bool registersA;
    /// Continues the tile, whose registers hold its tags.
    bool chained;
    uint32_t tile;
    uint32_t issued = 0;
    uint32_t a[warpgroupSize][4];
  };
  struct WarpState {
    uint32_t issued = 0;
    /// The last operation of each group.
    std::vector<uint32_t> groups;
    uint32_t awaited = 0;
    uint32_t target = 0;
    bool fenced = false, fencedA = false;
  };
  struct Warpgroup {
    std::vector<uint32_t> wheres;
    uint32_t computed = 0;
    std::deque<Operation> open;
    std::deque<Tile> tiles;
    std::vector<Thread *> waiting;
  };
  /// Registers of a thread that plain arithmetic writes.
  struct Registers {
    /// Since the last fence.
    bool written = false;
    uint32_t where = 0;
    /// The last operation that reads them as A.
    uint32_t readBy = 0;
  };
  struct IssueArguments;

  Registers &registersOf(const Thread &thread, uint32_t number);
  void checkFenced(Thread &thread, uint32_t where, uint32_t number,
                   const char *what);
  void issueWarp(Warp &warp, uint32_t where, const Meeting &meeting);
  void checkSameArguments(Warp &warp, uint32_t where, const Meeting &meeting);
  Tile *findChained(Warp &warp, uint32_t where, const Meeting &meeting);
  Operation &join(Warp &warp, uint32_t where, const IssueArguments &arguments,
                  Tile *chained);
  void readOperands(Warp &warp, uint32_t where, const Operation &operation);
  void compute(uint32_t warpgroup, Operation &operation);
  Tile *findTile(uint32_t warpgroup, uint32_t bits);
  Tile &makeTile(uint32_t warpgroup, const rs_wgmma &what);
  static uint32_t tagOf(const Tile &tile, uint32_t i);

  Block &block;
  std::vector<WarpState> warps;
  std::vector<Warpgroup> groups;
  /// By thread and number.
  std::vector<std::vector<Registers>> registers;
  uint32_t nextId;
  std::unique_ptr<ProductOperands> operands;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_WGMMAS_H

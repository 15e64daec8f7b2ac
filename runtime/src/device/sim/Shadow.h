//===- Shadow.h - Who may touch which shared bytes --------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Remembers, for shared memory, the last write and the reads since: a later
// access must be ordered after those that it conflicts with. Asynchronous
// operations are ordered through what their issuer waited for:
//
//   load (TMA)      whoever knows that its mbarrier's phase is complete
//   store (TMA)     whoever knows an epoch of the issuer after its wait_group
//   wgmma operands  whoever knows that all four warps waited for it
//
// What the generic proxy stores must in addition be fenced, by the thread that
// stored it, before the asynchronous proxy touches it.
//
// Entries are per 16 bytes. Where accesses are smaller, they are per byte.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_SHADOW_H
#define RINGRT_DEVICE_SIM_SHADOW_H

#include "device/sim/Thread.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ringrt::sim {

/// An access of the past.
struct Record {
  enum Kind : uint8_t { None, Store, Load, BulkLoad, BulkStore };
  Kind kind = None;
  uint16_t thread = 0;
  /// Of the thread; a bulk load's is the phase of its mbarrier, a bulk store's
  /// the one that its wait began. `never` while it is under way.
  int32_t epoch = 0;
  uint32_t where = 0;
  /// A bulk load's mbarrier.
  uint32_t barrier = 0;
  /// The last access that was found to be ordered after it.
  uint64_t checked = 0;
};

/// An access of now, by one thread or by lanes of a warp together.
struct Access {
  const Thread *threads;
  uint32_t lanes;
  uint32_t where;
  bool asynchronous;
};

class Shadow {
public:
  explicit Shadow(Block &block);

  // The generic proxy.

  void load(Thread &thread, uint32_t where, uint32_t address, uint32_t bytes);
  void store(Thread &thread, uint32_t where, uint32_t address, uint32_t bytes);

  // Steps of the asynchronous ones. Addresses and sizes are multiples of 16.

  /// What follows, to the next call, is one access: a record is checked once.
  void beginAccess() {
    ++stamp;
    readable = UINT32_MAX;
  }
  void checkRange(const Access &access, uint64_t address, uint64_t bytes);
  void checkRead(const Access &access, uint32_t begin, uint32_t end);
  void checkWrite(const Access &access, uint32_t begin, uint32_t end);
  void noteRead(uint32_t begin, uint32_t end, uint32_t record,
                const int32_t *clock);
  void noteWrite(uint32_t begin, uint32_t end, uint32_t record);
  /// Checks and notes 16 bytes that operation `sequence` of a warpgroup reads.
  void wgmmaRead(const Access &access, uint32_t address, uint32_t warpgroup,
                 uint32_t sequence) {
    const uint32_t cell = (address - origin) / cellBytes;
    // Most cells were written by the same operation.
    if (writes[cell] != readable)
      checkRead(access, address, address + cellBytes);
    operands[warpgroup][cell] = sequence;
  }

  uint32_t addRecord(const Record &record);
  Record &operator[](uint32_t record) { return records[record]; }

private:
  static constexpr uint32_t cellBytes = 16;
  /// Marks an index of `fine` among those of records, and one of `nodes`.
  static constexpr uint32_t flag = uint32_t(1) << 31;

  /// The entries of a cell whose bytes differ.
  struct Fine {
    uint32_t writes[cellBytes], reads[cellBytes];
  };
  /// A list of reads; it is never changed.
  struct Node {
    uint32_t record, next;
  };

  uint32_t recordOf(const Thread &thread, Record::Kind kind, uint32_t where);
  bool ordered(const Record &record, const int32_t *clock) const;
  bool fenced(const Record &record, const int32_t *clock) const;
  void checkWrittenBy(const Access &access, uint32_t record, uint32_t address,
                      bool reads);
  void checkReadBy(const Access &access, uint32_t reads, uint32_t address);
  void checkBarriers(const Access &access, uint32_t begin, uint32_t end);
  uint32_t addRead(uint32_t reads, uint32_t record, const int32_t *clock);
  Fine &split(uint32_t cell);
  void merge(uint32_t cell);
  const char *describe(const Record &record);
  [[noreturn]] void fail(const Access &access, uint32_t lane, const char *verb,
                         uint32_t address, const char *text);

  Block &block;
  const uint32_t origin;
  std::vector<Record> records{1};
  /// By thread: its newest load and store.
  std::vector<uint32_t> newest[2];
  std::vector<uint32_t> writes, reads;
  /// By warpgroup: the last operation that read the cell.
  std::vector<std::vector<uint32_t>> operands;
  std::vector<Fine> fine;
  std::vector<uint32_t> freeFine;
  std::vector<Node> nodes{1};
  uint64_t stamp = 0;
  /// A record that the access was found to be ordered after.
  uint32_t readable = UINT32_MAX;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_SHADOW_H

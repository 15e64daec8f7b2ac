//===- Shadow.cpp - Who may touch which shared bytes ----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/Shadow.h"
#include "core/Status.h"
#include "device/sim/Block.h"

#include <algorithm>

using namespace ringrt;
using namespace ringrt::sim;

Shadow::Shadow(Block &block) : block(block), origin(block.window.begin()) {
  const uint32_t cells =
      (block.window.end() - origin + cellBytes - 1) / cellBytes;
  writes.resize(cells);
  reads.resize(cells);
  operands.assign(block.kernel.threads / warpgroupSize,
                  std::vector<uint32_t>(cells));
  for (std::vector<uint32_t> &list : newest)
    list.resize(block.kernel.threads);
}

uint32_t Shadow::addRecord(const Record &record) {
  records.push_back(record);
  return static_cast<uint32_t>(records.size() - 1);
}

/// The record of a generic access: one for all of the same instruction between
/// two releases of the thread.
uint32_t Shadow::recordOf(const Thread &thread, Record::Kind kind,
                          uint32_t where) {
  uint32_t &index = newest[kind == Record::Store][thread.index];
  const Record &last = records[index];
  if (last.kind != kind || last.epoch != thread.epoch() || last.where != where)
    index = addRecord(
        {kind, static_cast<uint16_t>(thread.index), thread.epoch(), where, 0});
  return index;
}

bool Shadow::ordered(const Record &record, const int32_t *clock) const {
  if (record.kind == Record::BulkLoad)
    return record.epoch != never &&
           clock[block.mbarrierComponent(record.barrier)] > record.epoch;
  return clock[record.thread] >= record.epoch;
}

bool Shadow::fenced(const Record &record, const int32_t *clock) const {
  if (record.kind != Record::Store)
    return true;
  const std::vector<int32_t> &fences = block.threads[record.thread].proxyFences;
  auto fence = std::lower_bound(fences.begin(), fences.end(), record.epoch);
  return fence != fences.end() && clock[record.thread] > *fence;
}

const char *Shadow::describe(const Record &record) {
  const char *at = block.at(record.where);
  switch (record.kind) {
  case Record::None:
    break;
  case Record::Store:
    return block.keep(
        formatString("thread %u stored at %s", record.thread, at));
  case Record::Load:
    return block.keep(
        formatString("thread %u loaded at %s", record.thread, at));
  case Record::BulkLoad: {
    const uint32_t address = block.mbarriers[record.barrier].address;
    return block.keep(formatString("the load that thread %u issued at %s on "
                                   "the mbarrier at 0x%x writes",
                                   record.thread, at, address));
  }
  case Record::BulkStore:
    return block.keep(formatString(
        "the store that thread %u issued at %s reads", record.thread, at));
  }
  return "";
}

void Shadow::fail(const Access &access, uint32_t lane, const char *verb,
                  uint32_t address, const char *text) {
  block.fail(access.threads[lane], access.where,
             formatString("%s shared memory 0x%x%s", verb, address, text));
}

void Shadow::checkRange(const Access &access, uint64_t address,
                        uint64_t bytes) {
  if (!block.window.contains(address, bytes))
    block.fail(access.threads[0], access.where,
               formatString("bytes 0x%llx to 0x%llx are outside of the block's "
                            "shared memory, 0x%x to 0x%x",
                            static_cast<unsigned long long>(address),
                            static_cast<unsigned long long>(address + bytes),
                            block.window.begin(), block.window.end()));
}

void Shadow::checkBarriers(const Access &access, uint32_t begin, uint32_t end) {
  if (const MBarrier *barrier = block.mbarriers.overlapping(begin, end))
    block.fail(access.threads[0], access.where,
               formatString("touches the live mbarrier at 0x%x, which thread "
                            "%u initialised at %s",
                            barrier->address, barrier->initThread,
                            block.at(barrier->initWhere)));
}

void Shadow::checkWrittenBy(const Access &access, uint32_t index,
                            uint32_t address, bool isRead) {
  Record &record = records[index];
  if (record.checked == stamp)
    return;
  const char *verb = isRead ? "reads" : "writes";
  if (record.kind == Record::None) {
    if (isRead)
      fail(access, 0, verb, address, ", which nobody wrote");
    return;
  }
  for (uint32_t lane = 0; lane < access.lanes; ++lane) {
    const int32_t *clock = access.threads[lane].clock;
    if (!ordered(record, clock)) {
      if (record.kind == Record::BulkLoad)
        fail(access, lane, verb, address,
             block.keep(formatString(
                 ", which %s (%s): a wait for that phase must come between",
                 describe(record),
                 record.epoch == never ? "still under way"
                                       : "not known to be complete")));
      fail(access, lane, verb, address,
           block.keep(formatString(", which %s: no barrier orders the two",
                                   describe(record))));
    }
    if (access.asynchronous && !fenced(record, clock))
      fail(access, lane, verb, address,
           block.keep(formatString(
               " in the asynchronous proxy, which %s: a fence.proxy.async of "
               "that thread must come between, before the barrier",
               describe(record))));
  }
  record.checked = stamp;
}

void Shadow::checkReadBy(const Access &access, uint32_t list,
                         uint32_t address) {
  while (list != 0) {
    const Node node = list & flag ? nodes[list & ~flag] : Node{list, 0};
    const Record &record = records[node.record];
    for (uint32_t lane = 0; lane < access.lanes; ++lane)
      if (!ordered(record, access.threads[lane].clock))
        fail(access, lane, "writes", address,
             block.keep(formatString(
                 record.kind == Record::BulkStore
                     ? ", which %s: a wait_group of that thread and a barrier "
                       "must come between"
                     : ", which %s: no barrier orders the two",
                 describe(record))));
    list = node.next;
  }
}

void Shadow::checkRead(const Access &access, uint32_t begin, uint32_t end) {
  checkBarriers(access, begin, end);
  for (uint32_t address = begin; address < end;) {
    const uint32_t cell = (address - origin) / cellBytes;
    const uint32_t cellEnd = std::min(end, origin + (cell + 1) * cellBytes);
    const uint32_t write = writes[cell];
    if (!(write & flag)) {
      if (write != readable)
        checkWrittenBy(access, write, address, /*isRead=*/true);
      readable = write;
    } else {
      const Fine &bytes = fine[write & ~flag];
      uint32_t before = UINT32_MAX;
      for (; address < cellEnd; ++address) {
        const uint32_t here = bytes.writes[(address - origin) % cellBytes];
        if (here != before)
          checkWrittenBy(access, here, address, /*isRead=*/true);
        before = here;
      }
    }
    address = cellEnd;
  }
}

void Shadow::checkWrite(const Access &access, uint32_t begin, uint32_t end) {
  checkBarriers(access, begin, end);
  // Operations of each warpgroup that all its warps are known to have awaited.
  uint32_t finished[maxThreads / warpgroupSize];
  for (uint32_t group = 0; group < operands.size(); ++group) {
    uint32_t least = UINT32_MAX;
    for (uint32_t warp = 0; warp < 4; ++warp)
      for (uint32_t lane = 0; lane < access.lanes; ++lane)
        least = std::min(
            least, static_cast<uint32_t>(
                       access.threads[lane]
                           .clock[block.wgmmaComponent(4 * group + warp)]));
    finished[group] = least;
  }
  uint32_t checked = 0;
  for (uint32_t address = begin; address < end;) {
    const uint32_t cell = (address - origin) / cellBytes;
    const uint32_t cellEnd = std::min(end, origin + (cell + 1) * cellBytes);
    const uint32_t write = writes[cell];
    for (uint32_t group = 0; group < operands.size(); ++group)
      if (operands[group][cell] > finished[group])
        fail(access, 0, "writes", address,
             block.keep(formatString(
                 ", which the wgmma at %s of warpgroup %u reads: a "
                 "wgmma.wait_group of all its warps and a barrier must come "
                 "between",
                 block.at(block.wgmmas.whereOf(group, operands[group][cell])),
                 group)));
    if (!(write & flag)) {
      if (write != checked)
        checkWrittenBy(access, write, address, /*isRead=*/false);
      checked = write;
      checkReadBy(access, reads[cell], address);
    } else {
      const Fine &bytes = fine[write & ~flag];
      for (; address < cellEnd; ++address) {
        const uint32_t byte = (address - origin) % cellBytes;
        checkWrittenBy(access, bytes.writes[byte], address, /*isRead=*/false);
        checkReadBy(access, bytes.reads[byte], address);
      }
    }
    address = cellEnd;
  }
}

/// The list of reads with one more. Those that it is ordered after need not be
/// kept: who is ordered after the new one is ordered after them.
uint32_t Shadow::addRead(uint32_t list, uint32_t record, const int32_t *clock) {
  uint32_t kept = 0;
  auto append = [&](uint32_t value) {
    if (kept == 0) {
      kept = value;
      return;
    }
    if (!(kept & flag)) {
      nodes.push_back({kept, 0});
      kept = static_cast<uint32_t>(nodes.size() - 1) | flag;
    }
    nodes.push_back({value, kept});
    kept = static_cast<uint32_t>(nodes.size() - 1) | flag;
  };
  for (uint32_t rest = list; rest != 0;) {
    const Node node = rest & flag ? nodes[rest & ~flag] : Node{rest, 0};
    if (node.record == record)
      return list;
    if (!ordered(records[node.record], clock))
      append(node.record);
    rest = node.next;
  }
  append(record);
  return kept;
}

Shadow::Fine &Shadow::split(uint32_t cell) {
  if (writes[cell] & flag)
    return fine[writes[cell] & ~flag];
  if (freeFine.empty()) {
    freeFine.push_back(static_cast<uint32_t>(fine.size()));
    fine.emplace_back();
  }
  const uint32_t index = freeFine.back();
  freeFine.pop_back();
  std::fill_n(fine[index].writes, cellBytes, writes[cell]);
  std::fill_n(fine[index].reads, cellBytes, reads[cell]);
  writes[cell] = index | flag;
  reads[cell] = 0;
  return fine[index];
}

void Shadow::merge(uint32_t cell) {
  if (writes[cell] & flag)
    freeFine.push_back(writes[cell] & ~flag);
}

void Shadow::noteRead(uint32_t begin, uint32_t end, uint32_t record,
                      const int32_t *clock) {
  for (uint32_t address = begin; address < end;) {
    const uint32_t cell = (address - origin) / cellBytes;
    const uint32_t cellBegin = origin + cell * cellBytes;
    const uint32_t cellEnd = std::min(end, cellBegin + cellBytes);
    if (!(writes[cell] & flag) && address == cellBegin &&
        cellEnd == cellBegin + cellBytes) {
      reads[cell] = addRead(reads[cell], record, clock);
    } else {
      Fine &bytes = split(cell);
      // Equal lists stay equal.
      uint32_t before = 0, after = addRead(0, record, clock);
      for (uint32_t i = address - cellBegin; i < cellEnd - cellBegin; ++i) {
        if (bytes.reads[i] != before) {
          before = bytes.reads[i];
          after = addRead(before, record, clock);
        }
        bytes.reads[i] = after;
      }
    }
    address = cellEnd;
  }
}

void Shadow::noteWrite(uint32_t begin, uint32_t end, uint32_t record) {
  for (uint32_t address = begin; address < end;) {
    const uint32_t cell = (address - origin) / cellBytes;
    const uint32_t cellBegin = origin + cell * cellBytes;
    const uint32_t cellEnd = std::min(end, cellBegin + cellBytes);
    if (address == cellBegin && cellEnd == cellBegin + cellBytes) {
      merge(cell);
      writes[cell] = record;
      reads[cell] = 0;
    } else {
      Fine &bytes = split(cell);
      for (uint32_t i = address - cellBegin; i < cellEnd - cellBegin; ++i) {
        bytes.writes[i] = record;
        bytes.reads[i] = 0;
      }
    }
    address = cellEnd;
  }
}

void Shadow::load(Thread &thread, uint32_t where, uint32_t address,
                  uint32_t bytes) {
  const Access access{&thread, 1, where, false};
  beginAccess();
  checkRange(access, address, bytes);
  checkRead(access, address, address + bytes);
  noteRead(address, address + bytes, recordOf(thread, Record::Load, where),
           thread.clock);
}

void Shadow::store(Thread &thread, uint32_t where, uint32_t address,
                   uint32_t bytes) {
  const Access access{&thread, 1, where, false};
  beginAccess();
  checkRange(access, address, bytes);
  checkWrite(access, address, address + bytes);
  noteWrite(address, address + bytes, recordOf(thread, Record::Store, where));
}

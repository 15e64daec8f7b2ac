//===- BulkCopies.cpp - Tensor copies (TMA) and their groups --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/BulkCopies.h"
#include "core/Status.h"
#include "device/sim/Block.h"
#include "device/sim/TensorMap.h"

#include <cstring>

using namespace ringrt;
using namespace ringrt::sim;

/// Tensor copies want their shared address aligned to this.
static constexpr uint32_t sharedAlignment = 128;

BulkCopies::Operation &BulkCopies::issue(Thread &thread, uint32_t where,
                                         uint32_t shared,
                                         const rs_tensor_map *map,
                                         const int32_t *coordinates,
                                         uint32_t &index) {
  if (!map || reinterpret_cast<uintptr_t>(map) % 64 != 0)
    block.fail(thread, where,
               "the tensor map's address is not a multiple of 64");
  if (const char *error = block.keep(findError(*map)); *error)
    block.fail(thread, where, std::string("tensor map: ") + error);
  if (shared % sharedAlignment != 0)
    block.fail(thread, where,
               formatString("shared address 0x%x is not a multiple of %u",
                            shared, sharedAlignment));
  if (unused.empty()) {
    unused.push_back(static_cast<uint32_t>(operations.size()));
    operations.emplace_back();
  }
  index = unused.back();
  unused.pop_back();
  Operation &operation = operations[index];
  operation.map = *map;
  for (uint32_t d = 0; d < map->rank; ++d)
    operation.coordinates[d] = coordinates[d];
  operation.shared = shared;
  operation.where = where;
  operation.thread = &thread;
  return operation;
}

void BulkCopies::load(Thread &thread, uint32_t where, uint32_t destination,
                      const rs_tensor_map *map, const int32_t *coordinates,
                      uint32_t barrierAddress) {
  uint32_t index;
  Operation &operation =
      issue(thread, where, destination, map, coordinates, index);
  const MBarrier &barrier =
      block.mbarriers.useAsynchronously(thread, where, barrierAddress);
  operation.barrier = barrier.index;
  operation.generation = barrier.generation;
  operation.record = block.shadow.addRecord(
      {Record::BulkLoad, static_cast<uint16_t>(thread.index), never, where,
       barrier.index});
  const Access access{&thread, 1, where, true};
  const Box box(operation.map, operation.coordinates, destination);
  block.shadow.checkRange(access, destination, box.footprint());
  block.shadow.beginAccess();
  auto write = [&](uint32_t begin, uint32_t end) {
    block.shadow.checkWrite(access, begin, end);
    block.shadow.noteWrite(begin, end, operation.record);
    block.window.poison(begin, end - begin);
  };
  if (box.dense())
    write(destination, destination + box.footprint());
  else
    box.forEachChunk(
        [&](const Chunk &chunk) { write(chunk.shared, chunk.shared + 16); });
  box.forEachChunk([&](const Chunk &chunk) {
    if (chunk.low < chunk.high)
      block.global.access(thread, where, chunk.global + chunk.low,
                          chunk.high - chunk.low, RS_READ);
  });
  block.scheduler.schedule(Event::LoadArrives, index);
  block.scheduler.mayYield(thread);
}

void BulkCopies::arrive(Operation &operation) {
  const rs_tensor_map &map = operation.map;
  char fill[16] = {};
  if (map.fill_nan) {
    // The same bits are NaN in both 16-bit types.
    std::memset(fill, 0xff, sizeof(fill));
    for (size_t i = map.element_bytes - 1; i < sizeof(fill);
         i += map.element_bytes)
      fill[i] = 0x7f;
  }
  const Box box(map, operation.coordinates, operation.shared);
  box.forEachChunk([&](const Chunk &chunk) {
    char *to = block.window.at(chunk.shared);
    std::memcpy(to, fill, sizeof(fill));
    if (chunk.low < chunk.high)
      std::memcpy(to + chunk.low,
                  reinterpret_cast<const char *>(chunk.global + chunk.low),
                  chunk.high - chunk.low);
  });
  const MBarrier &barrier = block.mbarriers[operation.barrier];
  block.shadow[operation.record].epoch = barrier.completed;
  block.mbarriers.complete(operation.barrier, operation.generation, box.bytes(),
                           operation.where);
}

void BulkCopies::store(Thread &thread, uint32_t where, uint32_t source,
                       const rs_tensor_map *map, const int32_t *coordinates,
                       bool add) {
  uint32_t index;
  Operation &operation = issue(thread, where, source, map, coordinates, index);
  if (add && map->element_bytes != 4)
    block.fail(thread, where,
               "reduce-add is modelled for elements of 4 bytes (f32) only");
  operation.add = add;
  operation.record = block.shadow.addRecord(
      {Record::BulkStore, static_cast<uint16_t>(thread.index), never, where,
       0});
  operation.group = static_cast<uint32_t>(thread.bulk.groups.size() - 1);
  BulkStores::Group &group = thread.bulk.groups.back();
  ++group.operations;
  ++group.unread;
  ++group.unwritten;
  thread.bulk.sources.push_back({operation.record, operation.group});
  const Access access{&thread, 1, where, true};
  const Box box(operation.map, operation.coordinates, source);
  block.shadow.checkRange(access, source, box.footprint());
  block.shadow.beginAccess();
  // What lies outside of the tensor is not read.
  box.forEachChunk([&](const Chunk &chunk) {
    if (chunk.low >= chunk.high)
      return;
    block.global.access(thread, where, chunk.global + chunk.low,
                        chunk.high - chunk.low, add ? RS_ATOMIC : RS_WRITE);
    block.shadow.checkRead(access, chunk.shared, chunk.shared + 16);
    block.shadow.noteRead(chunk.shared, chunk.shared + 16, operation.record,
                          thread.clock);
  });
  block.scheduler.schedule(Event::StoreReads, index);
  block.scheduler.mayYield(thread);
}

void BulkCopies::readSource(Operation &operation) {
  const Box box(operation.map, operation.coordinates, operation.shared);
  operation.data.clear();
  box.forEachChunk([&](const Chunk &chunk) {
    const char *from = block.window.at(chunk.shared);
    operation.data.insert(operation.data.end(), from, from + 16);
  });
}

void BulkCopies::writeTensor(Operation &operation) {
  const Box box(operation.map, operation.coordinates, operation.shared);
  const char *from = operation.data.data();
  box.forEachChunk([&](const Chunk &chunk) {
    auto *to = reinterpret_cast<char *>(chunk.global);
    if (!operation.add && chunk.low < chunk.high)
      std::memcpy(to + chunk.low, from + chunk.low, chunk.high - chunk.low);
    for (uint32_t i = chunk.low; operation.add && i < chunk.high; i += 4) {
      float sum, term;
      std::memcpy(&sum, to + i, 4);
      std::memcpy(&term, from + i, 4);
      sum += term;
      std::memcpy(to + i, &sum, 4);
    }
    from += 16;
  });
}

void BulkCopies::happen(const Event &event) {
  Operation &operation = operations[event.operation];
  if (event.kind == Event::LoadArrives) {
    arrive(operation);
    unused.push_back(event.operation);
    return;
  }
  Thread &thread = *operation.thread;
  BulkStores::Group &group = thread.bulk.groups[operation.group];
  if (event.kind == Event::StoreReads) {
    readSource(operation);
    --group.unread;
    block.scheduler.schedule(Event::StoreWrites, event.operation);
  } else {
    writeTensor(operation);
    --group.unwritten;
    unused.push_back(event.operation);
  }
  if (thread.state == Thread::State::Waiting && thread.wait.kind == Wait::Bulk)
    block.scheduler.makeReady(thread);
}

void BulkCopies::commit(Thread &thread, uint32_t) {
  thread.bulk.groups.emplace_back();
}

void BulkCopies::wait(Thread &thread, uint32_t where, uint32_t pending,
                      bool read) {
  block.scheduler.mayYield(thread);
  BulkStores &bulk = thread.bulk;
  const auto committed = static_cast<uint32_t>(bulk.groups.size() - 1);
  const uint32_t finished = committed > pending ? committed - pending : 0;
  auto done = [&] {
    for (; bulk.first < finished; ++bulk.first)
      if (bulk.groups[bulk.first].unread != 0 ||
          bulk.groups[bulk.first].unwritten != 0)
        break;
    for (uint32_t i = bulk.first; i < finished; ++i)
      if (bulk.groups[i].unread != 0 ||
          (!read && bulk.groups[i].unwritten != 0))
        return false;
    return true;
  };
  while (!done())
    block.scheduler.block(thread, {Wait::Bulk, where, 0, pending});
  // Who learns of this epoch knows that the sources have been read.
  ++thread.epoch();
  size_t kept = 0;
  for (const BulkStores::Source &source : bulk.sources)
    if (source.group < finished)
      block.shadow[source.record].epoch = thread.epoch();
    else
      bulk.sources[kept++] = source;
  bulk.sources.resize(kept);
}

void BulkCopies::checkEnd(Thread &thread) {
  if (thread.bulk.sources.empty())
    return;
  const Record &record = block.shadow[thread.bulk.sources.front().record];
  block.fail(thread, record.where,
             "the thread ended without a wait_group for this store: its source "
             "may be read after the block's shared memory is gone");
}

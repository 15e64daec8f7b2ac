//===- BulkCopies.h - Tensor copies (TMA) and their groups ------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A load's bytes are poison from its issue on; at some later time they arrive
// and are counted on the mbarrier. A store reads its source at some time before
// wait_group.read returns, and the tensor changes some time after that.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_BULKCOPIES_H
#define RINGRT_DEVICE_SIM_BULKCOPIES_H

#include "device/sim/Scheduler.h"
#include "device/sim/Thread.h"

#include <deque>
#include <vector>

namespace ringrt::sim {

class BulkCopies {
public:
  explicit BulkCopies(Block &block) : block(block) {}

  void load(Thread &thread, uint32_t where, uint32_t destination,
            const rs_tensor_map *map, const int32_t *coordinates,
            uint32_t barrier);
  void store(Thread &thread, uint32_t where, uint32_t source,
             const rs_tensor_map *map, const int32_t *coordinates, bool add);
  void commit(Thread &thread, uint32_t where);
  void wait(Thread &thread, uint32_t where, uint32_t pending, bool read);

  void happen(const Event &event);
  /// A thread that ends must have waited for its sources to be read.
  void checkEnd(Thread &thread);

private:
  struct Operation {
    rs_tensor_map map;
    int32_t coordinates[5];
    uint32_t shared;
    uint32_t where;
    uint32_t record;
    // A load's.
    uint32_t barrier;
    uint32_t generation;
    // A store's.
    Thread *thread;
    uint32_t group;
    bool add;
    bool waited;
    std::vector<char> data;
  };

  Operation &issue(Thread &thread, uint32_t where, uint32_t shared,
                   const rs_tensor_map *map, const int32_t *coordinates,
                   uint32_t &index);
  void arrive(Operation &operation);
  void readSource(Operation &operation);
  void writeTensor(Operation &operation);

  Block &block;
  std::deque<Operation> operations;
  std::vector<uint32_t> unused;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_BULKCOPIES_H

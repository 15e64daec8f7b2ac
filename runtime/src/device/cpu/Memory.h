//===- Memory.h - A rank's memory on the CPU --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_CPU_MEMORY_H
#define RINGRT_DEVICE_CPU_MEMORY_H

#include "core/Hooks.h"
#include "core/Status.h"
#include "device/cpu/HostMemory.h"

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace ringrt {

struct MemoryRange {
  const void *data;
  int64_t bytes;
};

/// Allocates and counts what is held for one rank. Freed blocks of an execution
/// are kept for the next one, which asks for the same sizes: fresh pages cost a
/// fault each. What is kept never raises the peak. All functions may be called
/// from any thread.
class Memory {
public:
  /// `hooks` and `budget`, which the ranks of a world share, outlive the
  /// memory.
  Memory(int32_t rank, const Hooks &hooks, MemoryBudget &budget)
      : rank(rank), hooks(hooks), budget(budget) {}
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  /// Who frees a block: the binding's shards live longer than what generated
  /// code allocates.
  enum class Owner { Binding, Execution };

  /// Refuses a number of bytes, for `what`, that will not fit.
  Status checkFits(int64_t bytes, const char *what);
  Status allocate(int64_t bytes, int64_t alignment, Owner owner, void **out);
  /// Frees a block that generated code allocated.
  Status free(void *data);
  /// The size of a block that generated code allocated, -1 for others.
  int64_t sizeOf(void *data) const;
  /// All blocks, of every owner.
  std::vector<MemoryRange> ranges() const;
  /// Frees all blocks of `owner`.
  void release(Owner owner);

  int64_t peakBytes() const;

private:
  struct Block {
    void *data;
    int64_t bytes;
    int64_t alignment;
    Owner owner;
  };

  void *newBlock(int64_t bytes, int64_t alignment, int64_t &available);
  void freeBlock(const Block &block);
  void *takeKept(int64_t bytes, int64_t alignment);
  void keep(const Block &block);
  void dropKept(int64_t roomFor);
  void dropAllKept();

  const int32_t rank;
  const Hooks &hooks;
  MemoryBudget &budget;
  mutable std::mutex mutex;
  std::unordered_map<void *, Block> blocks;
  std::vector<Block> kept;
  int64_t held = 0;
  int64_t keptBytes = 0;
  int64_t peak = 0;
};

} // namespace ringrt

#endif // RINGRT_DEVICE_CPU_MEMORY_H

//===- Memory.cpp - A rank's memory on the CPU ----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/cpu/Memory.h"

#include <algorithm>
#include <cstdlib>
#include <sys/mman.h>

namespace ringrt {

/// Blocks of one and more are aligned to huge pages and ask to be backed by
/// them, but for their last part.
static constexpr int64_t hugePage = int64_t(2) << 20;
/// Smaller blocks are not worth keeping.
static constexpr int64_t leastKept = int64_t(64) << 10;

static void *allocateBlock(int64_t bytes, int64_t alignment) {
  bool huge = bytes >= hugePage;
  void *data = nullptr;
  if (posix_memalign(
          &data,
          static_cast<size_t>(huge ? std::max(alignment, hugePage) : alignment),
          static_cast<size_t>(std::max<int64_t>(bytes, 1))) != 0)
    return nullptr;
  if (huge)
    madvise(data, static_cast<size_t>(bytes / hugePage * hugePage),
            MADV_HUGEPAGE);
  return data;
}

Memory::~Memory() {
  for (auto &[data, block] : blocks)
    freeBlock(block);
  dropAllKept();
}

void *Memory::newBlock(int64_t bytes, int64_t alignment, int64_t &available) {
  if (!budget.take(bytes, available))
    return nullptr;
  void *data = allocateBlock(bytes, alignment);
  if (!data)
    budget.give(bytes);
  return data;
}

void Memory::freeBlock(const Block &block) {
  std::free(block.data);
  budget.give(block.bytes);
}

Status Memory::checkFits(int64_t bytes, const char *what) {
  std::lock_guard<std::mutex> lock(mutex);
  int64_t available = 0;
  if (budget.fits(bytes - std::min(bytes, keptBytes), available))
    return {};
  return makeError(RR_RESOURCE_EXHAUSTED,
                   "rank %d cannot allocate %lld bytes for %s: %lld bytes of "
                   "memory are available",
                   rank, static_cast<long long>(bytes), what,
                   static_cast<long long>(available));
}

Status Memory::allocate(int64_t bytes, int64_t alignment, Owner owner,
                        void **out) {
  *out = nullptr;
  if (bytes < 0)
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d allocates %lld bytes; the size is negative", rank,
                     static_cast<long long>(bytes));
  if (alignment < 1 || (alignment & (alignment - 1)))
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d allocates with alignment %lld, which is no power "
                     "of two",
                     rank, static_cast<long long>(alignment));
  alignment = std::max<int64_t>(alignment, 64);
  if (hooks.failAllocation && hooks.failAllocation(rank, bytes))
    return makeError(RR_RESOURCE_EXHAUSTED,
                     "rank %d cannot allocate %lld bytes", rank,
                     static_cast<long long>(bytes));
  std::lock_guard<std::mutex> lock(mutex);
  void *data = takeKept(bytes, alignment);
  int64_t available = -1;
  if (!data) {
    dropKept(bytes);
    data = newBlock(bytes, alignment, available);
  }
  if (!data && !kept.empty()) {
    dropAllKept();
    available = -1;
    data = newBlock(bytes, alignment, available);
  }
  if (!data && available >= 0)
    return makeError(RR_RESOURCE_EXHAUSTED,
                     "rank %d cannot allocate %lld bytes (%lld held): %lld "
                     "bytes of memory are available",
                     rank, static_cast<long long>(bytes),
                     static_cast<long long>(held),
                     static_cast<long long>(available));
  if (!data)
    return makeError(
        RR_RESOURCE_EXHAUSTED, "rank %d cannot allocate %lld bytes (%lld held)",
        rank, static_cast<long long>(bytes), static_cast<long long>(held));
  blocks.emplace(data, Block{data, bytes, alignment, owner});
  held += bytes;
  peak = std::max(peak, held);
  *out = data;
  return {};
}

Status Memory::free(void *data) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = blocks.find(data);
  if (it == blocks.end() || it->second.owner != Owner::Execution)
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d frees %p, which is not a buffer it allocated",
                     rank, data);
  keep(it->second);
  blocks.erase(it);
  return {};
}

int64_t Memory::sizeOf(void *data) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = blocks.find(data);
  return it == blocks.end() || it->second.owner != Owner::Execution
             ? -1
             : it->second.bytes;
}

std::vector<MemoryRange> Memory::ranges() const {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<MemoryRange> all;
  for (const auto &[data, block] : blocks)
    all.push_back({data, block.bytes});
  return all;
}

void Memory::release(Owner owner) {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto it = blocks.begin(); it != blocks.end();) {
    if (it->second.owner != owner) {
      ++it;
      continue;
    }
    keep(it->second);
    it = blocks.erase(it);
  }
}

int64_t Memory::peakBytes() const {
  std::lock_guard<std::mutex> lock(mutex);
  return peak;
}

void *Memory::takeKept(int64_t bytes, int64_t alignment) {
  for (auto it = kept.begin(); it != kept.end(); ++it) {
    if (it->bytes != bytes || it->alignment != alignment)
      continue;
    void *data = it->data;
    keptBytes -= bytes;
    kept.erase(it);
    return data;
  }
  return nullptr;
}

void Memory::keep(const Block &block) {
  held -= block.bytes;
  if (block.bytes < leastKept) {
    freeBlock(block);
    return;
  }
  kept.push_back(block);
  keptBytes += block.bytes;
}

/// Gives kept blocks back until a new block of `roomFor` bytes leaves the peak
/// what it would be without them.
void Memory::dropKept(int64_t roomFor) {
  while (!kept.empty() &&
         keptBytes > std::max<int64_t>(0, peak - held - roomFor)) {
    keptBytes -= kept.front().bytes;
    freeBlock(kept.front());
    kept.erase(kept.begin());
  }
}

void Memory::dropAllKept() {
  for (const Block &block : kept)
    freeBlock(block);
  kept.clear();
  keptBytes = 0;
}

} // namespace ringrt

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
#include <limits>
#include <sys/mman.h>
#include <sys/sysinfo.h>

namespace ringrt {

/// Blocks of one and more are aligned to huge pages and ask to be backed by
/// them, but for their last part.
static constexpr int64_t hugePage = int64_t(2) << 20;
/// Smaller blocks are not worth keeping.
static constexpr int64_t leastKept = int64_t(64) << 10;

/// What no allocation can exceed. The kernel promises more than it has, and
/// ends the process when the promise is called.
static int64_t machineBytes() {
  struct sysinfo info;
  if (sysinfo(&info) != 0)
    return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>((info.totalram + info.totalswap) * info.mem_unit);
}

static void *allocateBlock(int64_t bytes, int64_t alignment) {
  if (bytes > machineBytes())
    return nullptr;
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
    std::free(data);
  for (const Block &block : kept)
    std::free(block.data);
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
  if (!data) {
    dropKept(bytes);
    data = allocateBlock(bytes, alignment);
  }
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

size_t Memory::release(Owner owner) {
  std::lock_guard<std::mutex> lock(mutex);
  size_t count = 0;
  for (auto it = blocks.begin(); it != blocks.end();) {
    if (it->second.owner != owner) {
      ++it;
      continue;
    }
    keep(it->second);
    it = blocks.erase(it);
    ++count;
  }
  return count;
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
    std::free(block.data);
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
    std::free(kept.front().data);
    kept.erase(kept.begin());
  }
}

} // namespace ringrt

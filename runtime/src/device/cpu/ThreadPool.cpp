//===- ThreadPool.cpp - The threads a rank computes with ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/cpu/ThreadPool.h"
#include "ringrt/abi.h"

#include <algorithm>

namespace ringrt {

/// Ranges a thread gets on average. Attention tasks under a causal mask differ
/// in cost by the number of tiles, so threads come back for work often.
static constexpr int64_t rangesPerThread = 32;

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::startWorkers() {
  started = true;
  try {
    for (int32_t i = 1; i < numThreads; ++i)
      workers.emplace_back([this] { workerMain(); });
  } catch (...) {
    // Fewer threads compute the same, only later.
  }
}

void ThreadPool::Loop::work(Turns::Turn &turn) {
  while (status.load(std::memory_order_relaxed) == 0) {
    int64_t begin = next.fetch_add(chunk, std::memory_order_relaxed);
    if (begin >= count)
      return;
    int32_t result, none = 0;
    // An exception would end the process, or leave others with a loop that is
    // gone.
    try {
      result = body(begin, std::min(begin + chunk, count));
    } catch (...) {
      result = RR_RESOURCE_EXHAUSTED;
    }
    if (result != 0)
      status.compare_exchange_strong(none, result);
    turn.mayPass();
  }
}

int32_t ThreadPool::run(int64_t count, const Body &body) {
  if (count <= 0)
    return 0;
  if (busy.exchange(true))
    return body(0, count);
  if (!started)
    startWorkers();

  int64_t chunk = std::max<int64_t>(1, count / (rangesPerThread * numThreads));
  Loop current(count, chunk, body);
  if (count == 1 || workers.empty()) {
    Turns::Turn turn(turns);
    current.work(turn);
    busy.store(false);
    return current.status.load();
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    loop = &current;
    ++generation;
  }
  if (count <= static_cast<int64_t>(workers.size()))
    for (int64_t i = 1; i < count; ++i)
      wake.notify_one();
  else
    wake.notify_all();
  {
    Turns::Turn turn(turns);
    current.work(turn);
  }
  {
    // Workers that have not woken up yet find no loop; the others finish.
    std::unique_lock<std::mutex> lock(mutex);
    loop = nullptr;
    idle.wait(lock, [this] { return working == 0; });
  }
  busy.store(false);
  return current.status.load();
}

void ThreadPool::workerMain() {
  uint64_t seen = 0;
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    wake.wait(lock, [&] { return stopping || (loop && generation != seen); });
    if (stopping)
      return;
    // Nobody waits for a worker that waits for its turn.
    lock.unlock();
    Turns::Turn turn(turns);
    lock.lock();
    seen = generation;
    Loop *current = loop;
    if (!current)
      continue;
    ++working;
    lock.unlock();
    current->work(turn);
    lock.lock();
    if (--working == 0)
      idle.notify_one();
  }
}

} // namespace ringrt

//===- ThreadPool.h - The threads a rank computes with ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_CPU_THREADPOOL_H
#define RINGRT_DEVICE_CPU_THREADPOOL_H

#include "device/cpu/Turns.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ringrt {

/// Worker threads that help the thread that calls `run`. They start with the
/// first parallel loop and block between loops.
class ThreadPool {
public:
  /// `threads` counts the calling one.
  ThreadPool(int32_t threads, Turns &turns)
      : numThreads(threads), turns(turns) {}
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  using Body = std::function<int32_t(int64_t begin, int64_t end)>;

  /// Calls `body` on disjoint ranges that cover [0, count) and returns the
  /// first nonzero status; after one, ranges not yet begun are skipped. An
  /// exception, of which lack of memory is the only cause, is
  /// RR_RESOURCE_EXHAUSTED. A loop inside a loop runs on the thread that meets
  /// it.
  int32_t run(int64_t count, const Body &body);

private:
  /// A parallel loop that is under way.
  struct Loop {
    int64_t count;
    int64_t chunk;
    const Body &body;
    std::atomic<int64_t> next{0};
    std::atomic<int32_t> status{0};

    Loop(int64_t count, int64_t chunk, const Body &body)
        : count(count), chunk(chunk), body(body) {}
    void work(Turns::Turn &turn);
  };

  void startWorkers();
  void workerMain();

  const int32_t numThreads;
  Turns &turns;
  std::vector<std::thread> workers;
  bool started = false;
  std::atomic<bool> busy{false};

  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable idle;
  bool stopping = false;
  Loop *loop = nullptr;
  uint64_t generation = 0;
  /// Workers inside `loop`.
  int32_t working = 0;
};

} // namespace ringrt

#endif // RINGRT_DEVICE_CPU_THREADPOOL_H

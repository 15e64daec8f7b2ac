//===- World.h - The ranks and the transport between them -------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_WORLD_H
#define RINGRT_CORE_WORLD_H

#include "core/FlightRecorder.h"
#include "core/Hooks.h"
#include "core/Log.h"
#include "core/Trace.h"
#include "device/Device.h"
#include "device/cpu/HostMemory.h"
#include "device/cpu/ThreadPool.h"
#include "ringrt/ringrt.h"
#include "transport/Transport.h"

#include <atomic>
#include <memory>
#include <semaphore.h>
#include <thread>
#include <vector>

namespace ringrt {

class World {
public:
  static Status create(const rr_world_options &options,
                       std::shared_ptr<World> &out);
  ~World();
  World(const World &) = delete;
  World &operator=(const World &) = delete;

  int32_t size() const { return options.size; }
  Transport &transport() { return *engine; }
  /// Null where ranks compute on CPUs.
  Device *device() { return kernels.get(); }
  bool traces() const { return options.trace != 0; }
  TimePoint epoch() const { return created; }

  /// What outlives a rank's contexts.
  struct Rank {
    Rank(int32_t threads, Turns &turns) : pool(threads, turns) {}
    RankTrace trace;
    FlightRecorder flight;
    ThreadPool pool;
  };
  Rank &rank(int32_t index) { return *ranks[index]; }

  /// Async-signal-safe.
  void requestCancel();
  /// Acts on a request that the watcher has not seen yet.
  void pollCancel();
  bool cancelRequested() const {
    return cancelAsked.load(std::memory_order_relaxed);
  }

  std::string formatFlights() const;

  Log log;
  Hooks hooks;
  /// Shared by the memories of the ranks' contexts.
  MemoryBudget memory{hooks};

private:
  explicit World(const rr_world_options &options);
  void watch();

  rr_world_options options;
  TimePoint created = Clock::now();
  Turns turns;
  std::vector<std::unique_ptr<Rank>> ranks;
  std::unique_ptr<Transport> engine;
  std::unique_ptr<Device> kernels;

  // A signal handler may do no more than this; a thread does the rest.
  std::atomic<bool> cancelAsked{false};
  std::atomic<bool> stopping{false};
  sem_t wakeWatcher;
  std::thread watcher;
};

} // namespace ringrt

struct rr_world {
  std::shared_ptr<ringrt::World> impl;
};

#endif // RINGRT_CORE_WORLD_H

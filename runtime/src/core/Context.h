//===- Context.h - One rank executing one module ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_CONTEXT_H
#define RINGRT_CORE_CONTEXT_H

#include "core/Module.h"
#include "core/Preflight.h"
#include "core/Shards.h"
#include "core/Topology.h"
#include "core/World.h"
#include "device/cpu/Memory.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace ringrt {

/// The rank's state behind `rr_ctx`, which generated code holds a pointer to.
class Context : public rr_ctx {
public:
  static Status create(std::shared_ptr<World> world,
                       std::shared_ptr<Module> module, int32_t rank,
                       std::unique_ptr<Context> &out);
  ~Context();
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;

  // The host API.
  Status bind(const std::string &entry, const int64_t *dims, size_t numDims);
  Status findShard(size_t index, Shard **out);
  Status execute();
  Status executeAsync();
  Status wait();
  rr_statistics statistics() const;
  void resetStatistics();
  int64_t progress() const { return finishedHops.load(); }
  /// Keeps `status` as the last error; returns its code.
  int32_t report(const Status &status);
  const char *lastError() const;

  // The imports of generated code. The first failure sticks: it is what later
  // calls and the execution itself return.
  Status bufAlloc(int64_t bytes, int64_t alignment, void **out);
  Status bufFree(void *data);
  Status ringOf(int32_t group, const Ring **out) const;
  Status shiftStart(int32_t group, const void *send, int64_t sendBytes,
                    void *recv, int64_t recvBytes, int64_t step, int64_t active,
                    int64_t *token);
  Status ringWait(int64_t token);
  int32_t parallelFor(int64_t count, rr_parallel_body body, void *closure);
  Status makeTensorMap(const TensorMapRequest &request, void *map);
  Status launch(const char *name, const int64_t *grid,
                const void *const *arguments);
  Status checkCancel();
  void traceBegin(int32_t kind, int64_t hop);
  void traceEnd();
  /// Makes `status` the execution's failure unless there is one, tells the
  /// peers, and returns the code to hand to generated code.
  int32_t fail(const Status &status);

private:
  Context(std::shared_ptr<World> world, std::shared_ptr<Module> module,
          int32_t rank);

  PreflightRecord preflightRecord() const;
  void beginExecution();
  Status runRound() noexcept;
  Status runEntry();
  void reportOutcome(const Status &status);
  Status sticky() const;
  void recordWait(const Exchange &exchange, const ExchangeTimes &times);

  const std::shared_ptr<World> world;
  const std::shared_ptr<Module> module;
  const int32_t rank;
  World::Rank &shared;
  std::vector<Ring> rings;
  Memory memory;

  // What is bound.
  const EntrySpec *entry = nullptr;
  rr_entry_fn function = nullptr;
  std::vector<int64_t> dims;
  std::vector<Shard> shards;
  std::vector<void *> buffers;

  // The execution. `executing` also guards against a second caller.
  std::atomic<bool> executing{false};
  std::thread runner;
  Status runnerStatus;
  int64_t executions = 0;
  std::vector<int64_t> sequences;
  struct Posted {
    Exchange exchange;
    uint64_t flight;
  };
  std::unordered_map<int64_t, Posted> posted;
  ComputeSpan span;
  double spanCpu = 0;
  bool inSpan = false;

  std::atomic<bool> failing{false};
  std::atomic<int64_t> finishedHops{0};
  mutable std::mutex mutex;
  // Under the mutex: the execution's failure, the last error, the counters.
  Status failure;
  std::string errorText;
  rr_statistics counters;
};

/// The table that every context starts with.
const rr_imports *importTable();

} // namespace ringrt

#endif // RINGRT_CORE_CONTEXT_H

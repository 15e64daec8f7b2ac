//===- World.cpp - The ranks and the transport between them ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/World.h"
#include "transport/thread/ThreadTransport.h"

#include <algorithm>
#include <cmath>
#include <sched.h>

namespace ringrt {

static constexpr int32_t mostRanks = 4096;
static constexpr int32_t mostThreads = 4096;
/// About three years: a deadline as a time point does not overflow.
static constexpr double longestSeconds = 1e8;

static int32_t availableCores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
    return std::max(1, CPU_COUNT(&cores));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

static Status checkSeconds(double value, const char *what) {
  if (std::isnan(value) || value < 0)
    return makeError(RR_INVALID_ARGUMENT, "%s is %g, expected at least 0", what,
                     value);
  return {};
}

static Status checkOptions(const rr_world_options &options) {
  if (options.size < 1 || options.size > mostRanks)
    return makeError(RR_INVALID_ARGUMENT,
                     "the world has %d ranks, expected 1 to %d", options.size,
                     mostRanks);
  if (options.threads < 0 || options.threads > mostThreads)
    return makeError(RR_INVALID_ARGUMENT,
                     "a rank has %d threads, expected 0 to %d", options.threads,
                     mostThreads);
  switch (int(options.transport)) {
  case RR_TRANSPORT_THREAD:
    break;
  case RR_TRANSPORT_MPI:
  case RR_TRANSPORT_NCCL:
    return makeError(RR_UNIMPLEMENTED,
                     "transport %s is not part of this runtime; available: "
                     "thread",
                     options.transport == RR_TRANSPORT_MPI ? "mpi" : "nccl");
  default:
    return makeError(RR_INVALID_ARGUMENT,
                     "unknown transport %d, expected 0 (thread)",
                     static_cast<int>(options.transport));
  }
  switch (int(options.device)) {
  case RR_DEVICE_CPU:
  case RR_DEVICE_SIM:
    break;
  case RR_DEVICE_CUDA:
    return makeError(RR_UNIMPLEMENTED,
                     "device cuda is not part of this runtime; available: cpu, "
                     "sim");
  default:
    return makeError(RR_INVALID_ARGUMENT,
                     "unknown device %d, expected 0 (cpu) or 2 (sim)",
                     static_cast<int>(options.device));
  }
  if (Status s = checkSeconds(options.timeout_seconds, "the timeout"); !s.ok())
    return s;
  if (Status s = checkSeconds(options.link_latency, "the link's latency");
      !s.ok())
    return s;
  return checkSeconds(options.link_bandwidth, "the link's bandwidth");
}

Status World::create(const rr_world_options &options,
                     std::shared_ptr<World> &out) {
  if (Status status = checkOptions(options); !status.ok())
    return status;
  if (Status status = checkLogLevel(); !status.ok())
    return status;
  rr_world_options resolved = options;
  if (resolved.threads == 0)
    resolved.threads = std::max(1, availableCores() / resolved.size);
  if (resolved.timeout_seconds == 0)
    resolved.timeout_seconds = 60;
  resolved.timeout_seconds = std::min(resolved.timeout_seconds, longestSeconds);
  resolved.link_latency = std::min(resolved.link_latency, longestSeconds);
  out.reset(new World(resolved));
  return {};
}

World::World(const rr_world_options &options)
    : options(options),
      turns(int64_t(options.size) * options.threads, availableCores()) {
  for (int32_t rank = 0; rank < options.size; ++rank)
    ranks.push_back(std::make_unique<Rank>(options.threads, turns));
  ThreadTransportOptions link;
  link.size = options.size;
  link.timeoutSeconds = options.timeout_seconds;
  link.bandwidth = options.link_bandwidth;
  link.latency = options.link_latency;
  engine = std::make_unique<ThreadTransport>(link, hooks, log);
  kernels = createDevice(options.device, options.size);
  sem_init(&wakeWatcher, 0, 0);
  watcher = std::thread([this] { watch(); });
  log.write(LogLevel::Info,
            "world of %d ranks, %d threads a rank, transport thread, device "
            "%s, timeout %g s",
            options.size, options.threads,
            options.device == RR_DEVICE_SIM ? "sim" : "cpu",
            options.timeout_seconds);
}

World::~World() {
  stopping.store(true);
  sem_post(&wakeWatcher);
  watcher.join();
  sem_destroy(&wakeWatcher);
}

void World::requestCancel() {
  cancelAsked.store(true);
  sem_post(&wakeWatcher);
}

void World::pollCancel() {
  if (cancelAsked.exchange(false))
    engine->cancel();
}

void World::watch() {
  while (!stopping.load()) {
    // An interrupted wait is one more look, nothing else.
    sem_wait(&wakeWatcher);
    pollCancel();
  }
}

std::string World::formatFlights() const {
  std::string text;
  for (size_t rank = 0; rank < ranks.size(); ++rank)
    text += ranks[rank]->flight.format(static_cast<int32_t>(rank), created);
  return text;
}

} // namespace ringrt

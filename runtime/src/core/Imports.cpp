//===- Imports.cpp - What generated code calls ----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Context.h"

namespace ringrt {

Status Context::sticky() const {
  if (!failing.load(std::memory_order_acquire))
    return {};
  std::lock_guard<std::mutex> lock(mutex);
  return failure;
}

int32_t Context::fail(const Status &status) {
  Status first;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (failure.ok())
      failure = status;
    first = failure;
  }
  failing.store(true, std::memory_order_release);
  world->transport().fail(rank, first);
  return first.code;
}

Status Context::bufAlloc(int64_t bytes, int64_t alignment, void **out) {
  *out = nullptr;
  if (Status status = sticky(); !status.ok())
    return status;
  return memory.allocate(bytes, alignment, Memory::Owner::Execution, out);
}

Status Context::bufFree(void *data) {
  // Cleanup after a failure meets exchanges that nobody awaited; they must not
  // touch the memory any more.
  int64_t bytes = memory.sizeOf(data);
  size_t inFlight =
      bytes < 0 ? 0 : world->transport().withdraw(rank, data, bytes);
  bool healthy = sticky().ok() && !world->transport().stopped();
  if (Status status = memory.free(data); !status.ok())
    return status;
  if (inFlight && healthy)
    return makeError(RR_INTERNAL,
                     "rank %d frees a buffer that %zu exchanges still use",
                     rank, inFlight);
  return {};
}

Status Context::ringOf(int32_t group, const Ring **out) const {
  if (group < 0 || group >= static_cast<int64_t>(rings.size()))
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d names process group %d; the module has %zu", rank,
                     group, rings.size());
  *out = &rings[group];
  return {};
}

Status Context::shiftStart(int32_t group, const void *send, int64_t sendBytes,
                           void *recv, int64_t recvBytes, int64_t step,
                           int64_t active, int64_t *token) {
  *token = -1;
  if (Status status = sticky(); !status.ok())
    return status;
  const Ring *ring = nullptr;
  if (Status status = ringOf(group, &ring); !status.ok())
    return status;
  if (sendBytes < 0 || recvBytes < 0)
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d exchanges %lld and %lld bytes; sizes are not "
                     "negative",
                     rank, static_cast<long long>(sendBytes),
                     static_cast<long long>(recvBytes));
  if ((sendBytes && !send) || (recvBytes && !recv))
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d exchanges %lld and %lld bytes with a null buffer",
                     rank, static_cast<long long>(sendBytes),
                     static_cast<long long>(recvBytes));
  if (active < 0 || active > ring->size())
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d shifts among %lld ranks of a ring of %lld", rank,
                     static_cast<long long>(active),
                     static_cast<long long>(ring->size()));

  Exchange exchange;
  exchange.group = group;
  exchange.ring = ring->members.front();
  exchange.ringSize = ring->size();
  exchange.sequence = sequences[group]++;
  exchange.step = step;
  exchange.active = active;
  if (ring->index < active) {
    int64_t shift = (step % active + active) % active;
    exchange.destination = ring->members[(ring->index + shift) % active];
    exchange.source = ring->members[(ring->index - shift + active) % active];
    exchange.send = send;
    exchange.sendBytes = sendBytes;
    exchange.recv = recv;
    exchange.recvBytes = recvBytes;
  }

  FlightRecorder::Entry flown;
  flown.execution = executions;
  flown.group = group;
  flown.exchange = exchange.sequence;
  flown.step = step;
  flown.active = active;
  flown.source = exchange.source;
  flown.destination = exchange.destination;
  flown.sendBytes = exchange.sendBytes;
  flown.recvBytes = exchange.recvBytes;
  flown.posted = Clock::now();
  uint64_t flight = shared.flight.post(flown);
  if (Status status = world->transport().post(rank, exchange, *token);
      !status.ok()) {
    shared.flight.finish(flight, FlightRecorder::State::Failed);
    return status;
  }
  posted.emplace(*token, Posted{exchange, flight});
  if (!exchange.isIdle() && exchange.source != rank) {
    std::lock_guard<std::mutex> lock(mutex);
    ++counters.exchanges;
    counters.bytes_sent += sendBytes;
  }
  return {};
}

Status Context::ringWait(int64_t token) {
  if (Status status = sticky(); !status.ok())
    return status;
  ExchangeTimes times;
  Status status = world->transport().wait(rank, token, times);
  auto it = posted.find(token);
  if (it == posted.end())
    return status;
  Posted done = it->second;
  posted.erase(it);
  shared.flight.finish(done.flight, status.ok()
                                        ? FlightRecorder::State::Complete
                                        : FlightRecorder::State::Failed);
  if (status.ok() && !done.exchange.isIdle() && done.exchange.source != rank)
    recordWait(done.exchange, times);
  return status;
}

void Context::recordWait(const Exchange &exchange, const ExchangeTimes &times) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    counters.comm_seconds += secondsBetween(times.matched, times.completed);
    counters.exposed_comm_seconds += times.exposedSeconds;
    counters.skew_seconds += times.skewSeconds;
  }
  world->log.write(LogLevel::Trace,
                   "rank %d: hop %lld of group %d complete, exposed %.6f s, "
                   "skew %.6f s",
                   rank, static_cast<long long>(exchange.sequence),
                   exchange.group, times.exposedSeconds, times.skewSeconds);
  if (!world->traces())
    return;
  CommSpan comm;
  comm.group = exchange.group;
  comm.exchange = exchange.sequence;
  comm.source = exchange.source;
  comm.destination = exchange.destination;
  comm.bytesReceived = exchange.recvBytes;
  comm.bytesSent = exchange.sendBytes;
  comm.begin = times.matched;
  comm.end = times.completed;
  comm.waitBegin = times.waitBegin;
  comm.waitEnd = times.waitEnd;
  comm.exposedSeconds = times.exposedSeconds;
  comm.skewSeconds = times.skewSeconds;
  shared.trace.add(comm);
}

int32_t Context::parallelFor(int64_t count, rr_parallel_body body,
                             void *closure) {
  if (Status status = sticky(); !status.ok())
    return status.code;
  return shared.pool.run(count, [&](int64_t begin, int64_t end) {
    // The others may have failed while this rank waited for its turn.
    if (world->transport().stopped())
      return fail(world->transport().failure(rank));
    return body(this, closure, begin, end);
  });
}

/// A context's device fits its module's target; this is for modules that lie.
static Status checkHasDevice(World &world) {
  if (world.device())
    return {};
  return {RR_DATA_LOSS, "the module is compiled for CPUs, but uses a GPU"};
}

Status Context::makeTensorMap(const TensorMapRequest &request, void *map) {
  if (Status status = checkHasDevice(*world); !status.ok())
    return status;
  return world->device()->makeTensorMap(request, map);
}

Status Context::launch(const char *name, const int64_t *grid,
                       const void *const *arguments) {
  if (Status status = checkHasDevice(*world); !status.ok())
    return status;
  const rr_kernel *kernel = module->findKernel(name);
  if (!kernel)
    return makeError(RR_DATA_LOSS, "the module has no kernel '%s'", name);
  if (Status status = checkCancel(); !status.ok())
    return status;
  return world->device()->launch(rank, *kernel, grid, arguments,
                                 memory.ranges());
}

Status Context::checkCancel() {
  if (Status status = sticky(); !status.ok())
    return status;
  if (world->cancelRequested())
    world->pollCancel();
  if (!world->transport().stopped())
    return {};
  return world->transport().failure(rank);
}

void Context::traceBegin(int32_t kind, int64_t hop) {
  span.kind = kind;
  span.hop = hop;
  span.begin = Clock::now();
  spanCpu = threadCpuSeconds();
  inSpan = true;
}

void Context::traceEnd() {
  if (!inSpan)
    return;
  inSpan = false;
  double cpu = threadCpuSeconds() - spanCpu;
  span.end = Clock::now();
  bool isHop = span.kind == RR_SPAN_COMPUTE;
  {
    std::lock_guard<std::mutex> lock(mutex);
    counters.compute_seconds += cpu;
    counters.hops += isHop;
  }
  finishedHops.fetch_add(isHop, std::memory_order_relaxed);
  if (world->traces())
    shared.trace.add(span);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static Context &contextOf(rr_ctx *ctx) { return *static_cast<Context *>(ctx); }

/// Runs an import; exceptions (out of memory, for lack of anything else) must
/// not cross into generated code.
template <typename Import>
static int32_t guarded(rr_ctx *ctx, Import import) noexcept {
  Context &context = contextOf(ctx);
  try {
    Status status = import(context);
    return status.ok() ? RR_OK : context.fail(status);
  } catch (...) {
    try {
      return context.fail({RR_RESOURCE_EXHAUSTED, "out of host memory"});
    } catch (...) {
      return RR_RESOURCE_EXHAUSTED;
    }
  }
}

static int32_t importBufAlloc(rr_ctx *ctx, int64_t bytes, int64_t alignment,
                              void **out) {
  return guarded(ctx,
                 [&](Context &c) { return c.bufAlloc(bytes, alignment, out); });
}

static int32_t importBufFree(rr_ctx *ctx, void *buffer) {
  return guarded(ctx, [&](Context &c) { return c.bufFree(buffer); });
}

static int32_t importRingRank(rr_ctx *ctx, int32_t group, int64_t *out) {
  return guarded(ctx, [&](Context &c) {
    const Ring *ring = nullptr;
    Status status = c.ringOf(group, &ring);
    *out = status.ok() ? ring->index : -1;
    return status;
  });
}

static int32_t importRingSize(rr_ctx *ctx, int32_t group, int64_t *out) {
  return guarded(ctx, [&](Context &c) {
    const Ring *ring = nullptr;
    Status status = c.ringOf(group, &ring);
    *out = status.ok() ? ring->size() : -1;
    return status;
  });
}

static int32_t importShiftStart(rr_ctx *ctx, int32_t group, const void *send,
                                int64_t sendBytes, void *recv,
                                int64_t recvBytes, int64_t step, int64_t active,
                                int64_t *token) {
  return guarded(ctx, [&](Context &c) {
    return c.shiftStart(group, send, sendBytes, recv, recvBytes, step, active,
                        token);
  });
}

static int32_t importWait(rr_ctx *ctx, int64_t token, void *) {
  return guarded(ctx, [&](Context &c) { return c.ringWait(token); });
}

static int32_t importParallelFor(rr_ctx *ctx, int64_t count,
                                 rr_parallel_body body, void *closure) {
  // A body's status is not this rank's failure yet: generated code decides.
  int32_t code = RR_OK;
  int32_t failed = guarded(ctx, [&](Context &c) {
    code = c.parallelFor(count, body, closure);
    return Status();
  });
  return failed != RR_OK ? failed : code;
}

static int32_t importCheckCancel(rr_ctx *ctx) {
  return guarded(ctx, [&](Context &c) { return c.checkCancel(); });
}

static int32_t importFail(rr_ctx *ctx, int32_t status, const char *message) {
  guarded(ctx, [&](Context &) {
    return Status{status == RR_OK ? int32_t(RR_INTERNAL) : status,
                  message ? message : "the module gave no reason"};
  });
  return status;
}

static int32_t importTraceBegin(rr_ctx *ctx, int32_t kind, int64_t hop) {
  return guarded(ctx, [&](Context &c) {
    c.traceBegin(kind, hop);
    return Status();
  });
}

static int32_t importTraceEnd(rr_ctx *ctx) {
  return guarded(ctx, [&](Context &c) {
    c.traceEnd();
    return Status();
  });
}

static int32_t importTensorMap(rr_ctx *ctx, void *map, const void *base,
                               int32_t elementBytes, const int64_t *sizes,
                               const int64_t *strides, const int64_t *box) {
  return guarded(ctx, [&](Context &c) {
    return c.makeTensorMap({base, elementBytes, sizes, strides, box}, map);
  });
}

static int32_t importLaunch(rr_ctx *ctx, const char *name, const int64_t *grid,
                            const void *const *arguments) {
  return guarded(ctx,
                 [&](Context &c) { return c.launch(name, grid, arguments); });
}

const rr_imports *importTable() {
  static const rr_imports table = {
      sizeof(rr_imports), RR_ABI_VERSION,    importBufAlloc,   importBufFree,
      importRingRank,     importRingSize,    importShiftStart, importWait,
      importParallelFor,  importCheckCancel, importFail,       importTraceBegin,
      importTraceEnd,     importTensorMap,   importLaunch,
  };
  return &table;
}

} // namespace ringrt

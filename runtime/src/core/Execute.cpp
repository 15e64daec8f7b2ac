//===- Execute.cpp - One execution of a bound entry -----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Context.h"

#include <system_error>

namespace ringrt {

PreflightRecord Context::preflightRecord() const {
  return {{"ABI version", std::to_string(RR_ABI_VERSION)},
          {"a world of size", std::to_string(world->size())},
          {"module", module->digest()},
          {"entry", "'" + entry->name + "'"},
          {"dims", formatList(dims)}};
}

Status Context::execute() {
  if (executing.exchange(true))
    return makeError(RR_INVALID_ARGUMENT, "rank %d is executing already", rank);
  Status status = runRound();
  executing.store(false);
  return status;
}

void Context::beginExecution() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    failure = Status();
  }
  failing.store(false);
  sequences.assign(rings.size(), 0);
  posted.clear();
  inSpan = false;
  ++executions;
  shared.trace.clear();
}

/// One round of the transport. Once entered it is left, whatever happens:
/// the peers wait for that.
Status Context::runRound() noexcept {
  Status outOfMemory = {RR_RESOURCE_EXHAUSTED, ""};
  Transport &transport = world->transport();
  bool entered = false;
  Status status;
  try {
    if (!entry)
      return {RR_INVALID_ARGUMENT, "no entry is bound; call rr_bind first"};
    beginExecution();
    world->pollCancel();
    std::string record = packRecord(preflightRecord());
    std::vector<std::string> records;
    status = transport.enter(rank, record, records);
    entered = status.ok();
    if (entered)
      status = compareRecords(records);
    if (status.ok())
      status = runEntry();
  } catch (...) {
    status = outOfMemory;
  }
  try {
    if (entered) {
      if (!status.ok())
        fail(status);
      // The ranks end together, so all of them return success or none does.
      Status ended = transport.leave(rank);
      if (status.ok())
        status = ended;
      memory.release(Memory::Owner::Execution);
    }
    reportOutcome(status);
  } catch (...) {
    if (status.ok())
      status = outOfMemory;
  }
  return status;
}

/// Runs the module's code; returns this rank's own failure, if any.
Status Context::runEntry() {
  TimePoint begin = Clock::now();
  int32_t code = function(this, buffers.data(), dims.data());
  double wall = secondsBetween(begin, Clock::now());
  {
    std::lock_guard<std::mutex> lock(mutex);
    counters.wall_seconds = wall;
  }
  // A cancellation during the last hop still counts.
  world->pollCancel();
  size_t open = world->transport().numPending(rank);
  if (code != RR_OK)
    fail(makeError(code, "entry '%s' failed on rank %d with %s",
                   entry->name.c_str(), rank, statusName(code)));
  else if (open)
    fail(makeError(RR_INTERNAL,
                   "entry '%s' ended on rank %d with %zu exchanges not awaited",
                   entry->name.c_str(), rank, open));
  return sticky();
}

void Context::reportOutcome(const Status &status) {
  shared.flight.setOutcome(status);
  if (!status.ok())
    world->log.write(LogLevel::Warn, "%s",
                     shared.flight.format(rank, world->epoch()).c_str());
}

Status Context::executeAsync() {
  if (runner.joinable())
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d has an execution that is not waited for", rank);
  if (executing.exchange(true))
    return makeError(RR_INVALID_ARGUMENT, "rank %d is executing already", rank);
  try {
    runner = std::thread([this] {
      runnerStatus = runRound();
      executing.store(false);
    });
  } catch (const std::system_error &error) {
    executing.store(false);
    return makeError(RR_RESOURCE_EXHAUSTED,
                     "cannot start a thread for rank %d: %s", rank,
                     error.code().message().c_str());
  }
  return {};
}

Status Context::wait() {
  if (!runner.joinable())
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d has no asynchronous execution to wait for", rank);
  runner.join();
  return runnerStatus;
}

} // namespace ringrt

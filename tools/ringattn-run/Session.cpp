//===- Session.cpp - Ranks that execute an entry --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"

#include "CommandLine.h"
#include "Progress.h"
#include "RankThreads.h"
#include "ringattn/Support/Files.h"
#include "llvm/Support/Format.h"

#include <csignal>

using namespace llvm;
using namespace ringattn;
using namespace ringattn::tools;

//===----------------------------------------------------------------------===//
// Interrupts
//===----------------------------------------------------------------------===//

/// The world that Ctrl-C cancels; a signal handler has no other way to it.
static rr_world *volatile interruptible = nullptr;

namespace {
/// While it lives, SIGINT and SIGTERM cancel the world; a second one ends the
/// process.
class CancelOnInterrupt {
public:
  explicit CancelOnInterrupt(rr_world *world) {
    interruptible = world;
    struct sigaction action = {};
    action.sa_handler = [](int) { rr_cancel(interruptible); };
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigaction(SIGINT, &action, &oldInterrupt);
    sigaction(SIGTERM, &action, &oldTerminate);
  }
  ~CancelOnInterrupt() {
    sigaction(SIGINT, &oldInterrupt, nullptr);
    sigaction(SIGTERM, &oldTerminate, nullptr);
    interruptible = nullptr;
  }

private:
  struct sigaction oldInterrupt;
  struct sigaction oldTerminate;
};
} // namespace

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// How close to the cause a status is: ranks that are told of a failure end
/// with RR_ABORTED, and a cancelled one may be a consequence as well.
static int distanceFromCause(int32_t status) {
  if (status == RR_ABORTED)
    return 2;
  return status == RR_CANCELLED ? 1 : 0;
}

static std::string describe(int32_t rank, int32_t status, StringRef message) {
  std::string text = message.str();
  std::string cause = StringRef(rr_status_name(status)).lower();
  if (text.empty())
    text = cause;
  else if (status == RR_CANCELLED && !StringRef(text).contains("cancelled"))
    text += ": cancelled";
  if (StringRef(text).starts_with("rank "))
    return text;
  return "rank " + std::to_string(rank) + ": " + text;
}

int Session::report(bool prepares) {
  int32_t first = -1;
  for (int32_t rank = 0; rank < ranks; ++rank)
    if (outcomes[rank].status != RR_OK &&
        (first < 0 || distanceFromCause(outcomes[rank].status) <
                          distanceFromCause(outcomes[first].status)))
      first = rank;
  if (first < 0)
    return ExitSuccess;
  const Outcome &cause = outcomes[first];
  // Sizes that do not fit and modules for another CPU are the caller's, not a
  // fault of a rank.
  bool isInput = prepares && (cause.status == RR_INVALID_ARGUMENT ||
                              cause.status == RR_NOT_FOUND ||
                              cause.status == RR_UNAVAILABLE);
  reportError(isInput ? cause.message
                      : describe(first, cause.status, cause.message),
              isInput ? ExitFailure : ExitRuntime);
  if (cause.status == RR_DEADLINE_EXCEEDED)
    errs() << "note: --timeout=" << format("%g", options.timeout)
           << " is how many seconds a single wait may take; raise it if the "
              "ranks only need longer\n";
  for (int32_t rank = 0; rank < ranks; ++rank) {
    const Outcome &other = outcomes[rank];
    if (rank != first && other.status != RR_OK &&
        distanceFromCause(other.status) == 0 && other.message != cause.message)
      errs() << "note: " << describe(rank, other.status, other.message) << '\n';
  }
  return isInput ? ExitFailure : ExitRuntime;
}

//===----------------------------------------------------------------------===//
// Phases of a run
//===----------------------------------------------------------------------===//

Session::~Session() {
  for (rr_context *context : contexts)
    rr_context_destroy(context);
  rr_world_destroy(world);
}

int Session::forEachRank(function_ref<int32_t(int32_t rank)> body) {
  outcomes.assign(ranks, Outcome());
  Error error = runOnThreads(ranks, [&](int32_t rank) {
    Outcome &outcome = outcomes[rank];
    outcome.status = body(rank);
    if (outcome.status != RR_OK)
      outcome.message = rr_last_error(contexts[rank]);
  });
  return error ? reportError(std::move(error), ExitRuntime) : ExitSuccess;
}

int Session::createWorld() {
  rr_world_options world_options;
  rr_world_options_init(&world_options);
  world_options.size = ranks;
  world_options.threads = static_cast<int32_t>(options.threads);
  world_options.timeout_seconds = options.timeout;
  world_options.link_bandwidth = options.linkBandwidth;
  world_options.link_latency = options.linkLatency;
  world_options.device =
      options.device == "sim" ? RR_DEVICE_SIM : RR_DEVICE_CPU;
  world_options.trace = !options.trace.empty();
  int32_t status = rr_world_create(&world_options, &world);
  if (status == RR_OK)
    return ExitSuccess;
  return reportError(rr_last_error(nullptr),
                     status == RR_INVALID_ARGUMENT ? ExitFailure : ExitRuntime);
}

int Session::prepare(rr_module *module, const EntryInfo &entry,
                     const Arrays &arrays) {
  contexts.assign(ranks, nullptr);
  std::vector<int64_t> dims = arrays.argumentDims();
  int code = forEachRank([&](int32_t rank) {
    int32_t status = rr_context_create(world, module, rank, &contexts[rank]);
    if (status == RR_OK)
      status =
          rr_bind(contexts[rank], entry.name.c_str(), dims.data(), dims.size());
    for (size_t i = 0; status == RR_OK && i < arrays.arguments.size(); ++i)
      status = rr_scatter(contexts[rank], i, arrays.arguments[i].data());
    return status;
  });
  return code ? code : report(/*prepares=*/true);
}

int Session::execute(Measurements &measurements) {
  CancelOnInterrupt cancel(world);
  Progress progress(contexts, options.repeat);
  rr_statistics none = {};
  none.struct_size = sizeof(none);
  measurements.assign(options.repeat, std::vector<rr_statistics>(ranks, none));
  int code = forEachRank([&](int32_t rank) {
    for (std::vector<rr_statistics> &measured : measurements) {
      rr_stats_reset(contexts[rank]);
      if (int32_t status = rr_execute(contexts[rank]))
        return status;
      if (int32_t status = rr_stats(contexts[rank], &measured[rank]))
        return status;
    }
    return int32_t(RR_OK);
  });
  progress.finish();
  return code ? code : report(/*prepares=*/false);
}

int Session::gather(const EntryInfo &entry, Arrays &arrays) {
  // One rank after the other: replicas write the same places.
  outcomes.assign(ranks, Outcome());
  for (int32_t rank = 0; rank < ranks; ++rank)
    for (size_t i = 0; i < arrays.results.size(); ++i)
      if (int32_t status = rr_gather(contexts[rank], entry.arguments.size() + i,
                                     arrays.results[i].data())) {
        outcomes[rank] = {status, rr_last_error(contexts[rank])};
        return report(/*prepares=*/false);
      }
  return ExitSuccess;
}

int Session::run(rr_module *module, const EntryInfo &entry, Arrays &arrays,
                 Measurements &measurements) {
  if (int code = createWorld())
    return code;
  if (int code = prepare(module, entry, arrays))
    return code;
  if (int code = execute(measurements))
    return code;
  return gather(entry, arrays);
}

int Session::writeTrace(StringRef path) {
  Expected<TemporaryOutput> output = TemporaryOutput::create(path);
  if (!output)
    return reportError(output.takeError());
  if (rr_trace_dump(world, output->getPath().str().c_str()) != RR_OK)
    return reportError("cannot write '" + path +
                       "': " + rr_last_error(nullptr));
  if (Error error = output->keep())
    return reportError(std::move(error));
  return ExitSuccess;
}

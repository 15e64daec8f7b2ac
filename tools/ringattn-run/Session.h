//===- Session.h - Ranks that execute an entry ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_SESSION_H
#define RINGATTN_TOOLS_RUN_SESSION_H

#include "Arguments.h"
#include "ringrt/ringrt.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <vector>

namespace ringattn::tools {

/// What was measured: `[repetition][rank]`.
using Measurements = std::vector<std::vector<rr_statistics>>;

/// The ranks of one world in this process, each on a thread of its own while it
/// works.
class Session {
public:
  Session(const RunOptions &options, int32_t ranks)
      : options(options), ranks(ranks) {}
  ~Session();

  /// Scatters the arguments, executes the entry `options.repeat` times and
  /// gathers the results. Returns an exit code, with the first cause of a
  /// failure printed.
  int run(rr_module *module, const EntryInfo &entry, Arrays &arrays,
          Measurements &measurements);

  /// Writes the trace of the last execution.
  int writeTrace(llvm::StringRef path);

private:
  /// What a rank's thread ended with.
  struct Outcome {
    int32_t status = RR_OK;
    std::string message;
  };

  int createWorld();
  int prepare(rr_module *module, const EntryInfo &entry, const Arrays &arrays);
  int execute(Measurements &measurements);
  int gather(const EntryInfo &entry, Arrays &arrays);

  /// Calls `body` once per rank, each on its own thread, and keeps how it
  /// ended.
  int forEachRank(llvm::function_ref<int32_t(int32_t rank)> body);
  /// Prints the first cause among what the ranks ended with.
  int report(bool prepares);

  const RunOptions &options;
  int32_t ranks;
  rr_world *world = nullptr;
  std::vector<rr_context *> contexts;
  std::vector<Outcome> outcomes;
};

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_SESSION_H

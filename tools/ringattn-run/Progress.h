//===- Progress.h - What a terminal shows during a run ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_PROGRESS_H
#define RINGATTN_TOOLS_RUN_PROGRESS_H

#include "ringrt/ringrt.h"
#include "llvm/ADT/ArrayRef.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace ringattn::tools {

/// One line on the standard error that is rewritten while ranks work; nothing
/// unless that is a terminal and the run takes longer than half a second.
class Progress {
public:
  Progress(llvm::ArrayRef<rr_context *> contexts, int64_t repeat);
  ~Progress() { finish(); }

  /// Ends the display and erases the line.
  void finish();

private:
  void loop();
  void print(double seconds);

  llvm::ArrayRef<rr_context *> contexts;
  int64_t repeat;
  bool printed = false;
  bool done = false;
  std::mutex mutex;
  std::condition_variable changed;
  std::thread thread;
};

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_PROGRESS_H

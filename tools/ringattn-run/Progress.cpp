//===- Progress.cpp - What a terminal shows during a run ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Progress.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <unistd.h>

using namespace llvm;
using namespace ringattn::tools;

Progress::Progress(ArrayRef<rr_context *> contexts, int64_t repeat)
    : contexts(contexts), repeat(repeat) {
  if (isatty(STDERR_FILENO))
    thread = std::thread([this] { loop(); });
}

void Progress::finish() {
  if (!thread.joinable())
    return;
  {
    std::lock_guard<std::mutex> lock(mutex);
    done = true;
  }
  changed.notify_all();
  thread.join();
  if (printed)
    errs() << "\r\033[K";
}

void Progress::loop() {
  auto begin = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex);
  auto period = std::chrono::milliseconds(500);
  while (!changed.wait_for(lock, period, [&] { return done; })) {
    std::chrono::duration<double> elapsed =
        std::chrono::steady_clock::now() - begin;
    print(elapsed.count());
    period = std::chrono::milliseconds(200);
  }
}

void Progress::print(double seconds) {
  int64_t blocks = 0;
  for (const rr_context *context : contexts)
    blocks += rr_progress(context);
  errs() << "\r\033[K" << format("%.1f", seconds) << " s, " << blocks
         << " K/V blocks computed on " << contexts.size()
         << (contexts.size() == 1 ? " rank" : " ranks");
  if (repeat > 1)
    errs() << ", " << repeat << " repetitions";
  errs().flush();
  printed = true;
}

//===- RankThreads.cpp - One thread per rank ------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RankThreads.h"

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <signal.h>
#include <vector>

using namespace llvm;
using namespace ringattn::tools;

// Generated code keeps its tiles on the stack.
static constexpr size_t kStackBytes = size_t(8) << 20;

namespace {
/// Where threads wait until all of them exist.
struct Gate {
  std::mutex mutex;
  std::condition_variable opened;
  enum { Closed, Open, Abandoned } state = Closed;

  void set(bool open) {
    std::lock_guard<std::mutex> lock(mutex);
    state = open ? Open : Abandoned;
    opened.notify_all();
  }
  bool pass() {
    std::unique_lock<std::mutex> lock(mutex);
    opened.wait(lock, [&] { return state != Closed; });
    return state == Open;
  }
};

struct RankThread {
  Gate *gate;
  function_ref<void(int32_t)> body;
  int32_t rank;
};
} // namespace

static void *runThread(void *opaque) {
  auto &self = *static_cast<RankThread *>(opaque);
  if (self.gate->pass())
    self.body(self.rank);
  return nullptr;
}

Error ringattn::tools::runOnThreads(int32_t ranks,
                                    function_ref<void(int32_t)> body) {
  Gate gate;
  std::vector<RankThread> work(ranks, RankThread{&gate, body, 0});
  std::vector<pthread_t> threads;
  threads.reserve(ranks);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  int code = pthread_attr_setstacksize(&attributes, kStackBytes);
  for (int32_t rank = 0; rank < ranks && code == 0; ++rank) {
    work[rank].rank = rank;
    pthread_t thread;
    code = pthread_create(&thread, &attributes, runThread, &work[rank]);
    if (code == 0)
      threads.push_back(thread);
  }
  pthread_attr_destroy(&attributes);
  gate.set(code == 0);
  for (pthread_t thread : threads)
    pthread_join(thread, nullptr);
  if (code != 0)
    return createStringError("rank " + Twine(threads.size()) +
                             ": cannot start its thread: " + strerror(code));
  return Error::success();
}

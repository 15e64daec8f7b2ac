//===- CopyEngine.cpp - Copies blocks beside the computing threads --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "transport/thread/CopyEngine.h"

namespace ringrt {

CopyEngine::CopyEngine(int count) {
  try {
    for (int i = 0; i < count; ++i)
      threads.emplace_back([this] { run(); });
  } catch (...) {
    // One thread suffices; without any, no world.
    if (threads.empty())
      throw;
  }
}

CopyEngine::~CopyEngine() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

void CopyEngine::submit(std::function<void()> task) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    tasks.push_back(std::move(task));
  }
  wake.notify_one();
}

void CopyEngine::run() {
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    wake.wait(lock, [this] { return stopping || !tasks.empty(); });
    if (stopping)
      return;
    std::function<void()> task = std::move(tasks.front());
    tasks.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

} // namespace ringrt

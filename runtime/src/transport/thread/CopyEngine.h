//===- CopyEngine.h - Copies blocks beside the computing threads ----*- C++
//-*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TRANSPORT_THREAD_COPYENGINE_H
#define RINGRT_TRANSPORT_THREAD_COPYENGINE_H

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ringrt {

/// A few threads that run tasks in the order of submission.
class CopyEngine {
public:
  explicit CopyEngine(int threads);
  ~CopyEngine();
  CopyEngine(const CopyEngine &) = delete;
  CopyEngine &operator=(const CopyEngine &) = delete;

  void submit(std::function<void()> task);

private:
  void run();

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> tasks;
  bool stopping = false;
  std::vector<std::thread> threads;
};

} // namespace ringrt

#endif // RINGRT_TRANSPORT_THREAD_COPYENGINE_H

//===- Ring.h - Ranks that share one GPU ------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_RING_H
#define RINGATTN_GPUCHECK_RING_H

#include "Device.h"

#include <condition_variable>
#include <deque>
#include <vector>

namespace gpucheck {

/// The exchanges of ranks that are threads of this process with one stream: a
/// transfer is a copy in it, started when both sides have come, and is complete
/// for everything that comes after it.
class Ring {
public:
  Ring(Device &device, int64_t ranks) : device(device), posts(ranks) {}

  int64_t size() const { return static_cast<int64_t>(posts.size()); }
  /// The imports ring_shift_start and ring_wait.
  int64_t post(int64_t rank, cuda::Address send, int64_t sendBytes,
               cuda::Address recv, int64_t recvBytes, int64_t step,
               int64_t active);
  void wait(int64_t rank, int64_t token);
  /// A rank has failed: the waits of the others do too.
  void fail(int64_t rank);

private:
  struct Post {
    cuda::Address send, recv;
    int64_t sendBytes, recvBytes;
    int64_t source, destination;
    bool received, sent;
  };
  /// The copy from `source` in exchange `token`, if both have come.
  void transfer(int64_t source, size_t token);

  Device &device;
  std::mutex mutex;
  std::condition_variable changed;
  /// By rank and token.
  std::vector<std::deque<Post>> posts;
  int64_t failed = -1;
};

} // namespace gpucheck

#endif // RINGATTN_GPUCHECK_RING_H

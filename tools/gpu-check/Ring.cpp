//===- Ring.cpp - Ranks that share one GPU --------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ring.h"
#include "Error.h"

#include <chrono>

using namespace gpucheck;

int64_t Ring::post(int64_t rank, cuda::Address send, int64_t sendBytes,
                   cuda::Address recv, int64_t recvBytes, int64_t step,
                   int64_t active) {
  std::lock_guard<std::mutex> lock(mutex);
  Post post = {send, recv, sendBytes, recvBytes, -1, -1, true, true};
  if (rank < active) {
    int64_t shift = (step % active + active) % active;
    post.destination = (rank + shift) % active;
    post.source = (rank - shift + active) % active;
    post.received = post.sent = false;
  }
  auto token = posts[rank].size();
  posts[rank].push_back(post);
  if (post.source >= 0) {
    transfer(post.source, token);
    if (post.destination != rank || post.source != rank)
      transfer(rank, token);
  }
  changed.notify_all();
  return static_cast<int64_t>(token);
}

void Ring::transfer(int64_t source, size_t token) {
  if (posts[source].size() <= token)
    return;
  Post &from = posts[source][token];
  if (from.sent || posts[from.destination].size() <= token)
    return;
  Post &to = posts[from.destination][token];
  if (to.source != source || from.sendBytes != to.recvBytes)
    throw Error(RR_MISMATCH,
                "rank %lld sends %lld bytes to rank %lld, which expects %lld "
                "from rank %lld",
                static_cast<long long>(source),
                static_cast<long long>(from.sendBytes),
                static_cast<long long>(from.destination),
                static_cast<long long>(to.recvBytes),
                static_cast<long long>(to.source));
  device.copy(to.recv, from.send, static_cast<size_t>(from.sendBytes));
  from.sent = to.received = true;
}

void Ring::wait(int64_t rank, int64_t token) {
  std::unique_lock<std::mutex> lock(mutex);
  auto index = static_cast<size_t>(token);
  if (token < 0 || index >= posts[rank].size())
    throw Error(RR_INVALID_ARGUMENT, "rank %lld has no exchange %lld",
                static_cast<long long>(rank), static_cast<long long>(token));
  auto seconds = std::chrono::duration<double>(device.options().timeout);
  bool ended = changed.wait_for(lock, seconds, [&] {
    const Post &post = posts[rank][index];
    return failed >= 0 || (post.sent && post.received);
  });
  const Post &post = posts[rank][index];
  if (post.sent && post.received)
    return;
  if (ended)
    throw Error(RR_ABORTED, "rank %lld has failed",
                static_cast<long long>(failed));
  throw Error(
      RR_DEADLINE_EXCEEDED,
      "rank %lld waits for rank %lld in exchange %lld after %g s",
      static_cast<long long>(rank),
      static_cast<long long>(post.received ? post.destination : post.source),
      static_cast<long long>(token), device.options().timeout);
}

void Ring::fail(int64_t rank) {
  std::lock_guard<std::mutex> lock(mutex);
  if (failed < 0)
    failed = rank;
  changed.notify_all();
}

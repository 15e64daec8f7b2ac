//===- ThreadWithdraw.cpp - Taking exchanges back -------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "transport/thread/ThreadTransport.h"

namespace ringrt {

void ThreadTransport::withdrawPending(Lock &lock, int32_t rank,
                                      const Pending &pending) {
  // Copies: the lock is given up below, and `pending` may live in a map.
  for (TransferPtr transfer : {pending.send, pending.recv}) {
    if (!transfer)
      continue;
    using State = Transfer::State;
    if (transfer->state == State::Unmatched) {
      auto it = unmatched.find(transfer->key);
      if (it != unmatched.end() && it->second == transfer)
        unmatched.erase(it);
    }
    if (transfer->state == State::Unmatched || transfer->state == State::Queued)
      transfer->state = State::Dropped;
    ranks[rank]->wake.wait(lock,
                           [&] { return transfer->state != State::Copying; });
  }
}

void ThreadTransport::withdrawAll(Lock &lock, int32_t rank) {
  auto pending = std::move(ranks[rank]->pending);
  ranks[rank]->pending.clear();
  for (auto &[token, entry] : pending)
    withdrawPending(lock, rank, entry);
}

bool ThreadTransport::touches(const Pending &pending, const void *begin,
                              int64_t bytes) {
  if (!pending.recv)
    return false;
  auto low = reinterpret_cast<uintptr_t>(begin);
  auto high = low + static_cast<uintptr_t>(bytes);
  auto meets = [&](const void *buffer, int64_t size) {
    auto first = reinterpret_cast<uintptr_t>(buffer);
    return size > 0 && first < high &&
           low < first + static_cast<uintptr_t>(size);
  };
  return meets(pending.exchange.send, pending.exchange.sendBytes) ||
         meets(pending.exchange.recv, pending.exchange.recvBytes);
}

size_t ThreadTransport::withdraw(int32_t rank, const void *begin,
                                 int64_t bytes) {
  Lock lock(mutex);
  RankState &state = *ranks[rank];
  std::vector<Pending> touched;
  for (auto it = state.pending.begin(); it != state.pending.end();) {
    if (touches(it->second, begin, bytes)) {
      touched.push_back(it->second);
      it = state.pending.erase(it);
    } else {
      ++it;
    }
  }
  for (const Pending &pending : touched)
    withdrawPending(lock, rank, pending);
  return touched.size();
}

size_t ThreadTransport::numPending(int32_t rank) {
  Lock lock(mutex);
  return ranks[rank]->pending.size();
}

} // namespace ringrt

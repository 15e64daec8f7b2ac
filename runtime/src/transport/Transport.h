//===- Transport.h - How ranks exchange blocks ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the core needs from an engine that moves blocks between ranks. One
// execution of all ranks is a *round*: every rank enters it with a record (the
// preflight), posts and awaits exchanges, and leaves. The first failure of any
// rank ends the round for all of them.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TRANSPORT_TRANSPORT_H
#define RINGRT_TRANSPORT_TRANSPORT_H

#include "core/Clock.h"
#include "core/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ringrt {

/// One rank's side of an exchange.
struct Exchange {
  /// Process group, one rank that names the group's ring among its siblings,
  /// and the number of ranks in that ring.
  int32_t group = 0;
  int32_t ring = 0;
  int64_t ringSize = 0;
  /// Counts the exchanges of this group in the round, on every rank alike.
  int64_t sequence = 0;
  int64_t step = 0;
  int64_t active = 0;
  /// World ranks; -1 on ranks that take no part.
  int32_t source = -1;
  int32_t destination = -1;
  const void *send = nullptr;
  int64_t sendBytes = 0;
  void *recv = nullptr;
  int64_t recvBytes = 0;

  bool isIdle() const { return source < 0; }
};

/// When things happened to an awaited exchange.
struct ExchangeTimes {
  /// The wait of the rank's thread.
  TimePoint waitBegin, waitEnd;
  /// The receive: later of both posts, and completion.
  TimePoint matched, completed;
  /// Parts of the wait: after both sides had posted, and the rest.
  double exposedSeconds = 0;
  double skewSeconds = 0;
};

class Transport {
public:
  virtual ~Transport() = default;

  /// Starts a round: waits for every rank's `record` and returns all of them in
  /// rank order. If this fails, the rank has not entered.
  virtual Status enter(int32_t rank, const std::string &record,
                       std::vector<std::string> &records) = 0;
  /// Ends the rank's part in the round; exchanges that it has not awaited are
  /// taken back first, so that its buffers may go. Returns the round's failure,
  /// if any, as this rank should report it.
  virtual Status leave(int32_t rank) = 0;

  /// Posts an exchange; `token` names it for `wait`.
  virtual Status post(int32_t rank, const Exchange &exchange,
                      int64_t &token) = 0;
  /// Blocks until the exchange is complete. On failure no exchange of this rank
  /// touches its buffers any more.
  virtual Status wait(int32_t rank, int64_t token, ExchangeTimes &times) = 0;
  /// Exchanges that are not awaited yet.
  virtual size_t numPending(int32_t rank) = 0;
  /// Takes back the exchanges that touch [begin, begin + bytes) and returns how
  /// many there were.
  virtual size_t withdraw(int32_t rank, const void *begin, int64_t bytes) = 0;

  /// Ends the round because `rank` failed; the first failure counts.
  virtual void fail(int32_t rank, const Status &status) = 0;
  /// Ends the round because the user said so. Before a round it ends the next.
  virtual void cancel() = 0;
  /// True once the round has failed: cheap, for polling.
  virtual bool stopped() const = 0;
  /// Why the round is over for this rank; OK while it is not.
  virtual Status failure(int32_t rank) = 0;
};

} // namespace ringrt

#endif // RINGRT_TRANSPORT_TRANSPORT_H

//===- ThreadRound.cpp - Rounds of the thread transport -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "transport/thread/ThreadTransport.h"

#include <algorithm>

namespace ringrt {

Status ThreadTransport::enter(int32_t rank, const std::string &record,
                              std::vector<std::string> &records) {
  Lock lock(mutex);
  RankState &state = *ranks[rank];
  TimePoint begin = Clock::now();
  TimePoint deadline = begin + toDuration(options.timeoutSeconds);
  // A rank may come back while others are still on their way out.
  while (round.phase(rank) != Phase::Outside) {
    if (round.phase(rank) != Phase::Left)
      return makeError(RR_INVALID_ARGUMENT, "rank %d is executing already",
                       rank);
    if (!round.anyWithin()) {
      startRound();
      break;
    }
    if (Clock::now() >= deadline)
      return makeError(RR_DEADLINE_EXCEEDED,
                       "rank %d waited %.3g s for %s to end the previous "
                       "execution",
                       rank, secondsBetween(begin, Clock::now()),
                       round.namesIn(Phase::Inside).c_str());
    state.wake.wait_until(lock, deadline);
  }

  round.setPhase(rank, Phase::Inside);
  state.record = record;
  if (cancelNext && !round.failed()) {
    cancelNext = false;
    round.cancel();
    stop.store(true, std::memory_order_release);
    wakeAll();
  }
  if (round.all(Phase::Inside) && !round.failed()) {
    met = true;
    wakeAll();
  }
  TimePoint warning = begin + toDuration(options.timeoutSeconds / 2);
  while (!met && !round.failed()) {
    TimePoint now = Clock::now();
    if (now >= warning) {
      Status late = makeError(RR_DEADLINE_EXCEEDED,
                              "rank %d waited %.3g s for %s to start the "
                              "execution",
                              rank, secondsBetween(begin, now),
                              round.namesIn(Phase::Outside).c_str());
      if (now >= deadline) {
        failRound(rank, late);
        break;
      }
      log.write(LogLevel::Warn, "half of the deadline is over: %s",
                late.message.c_str());
      warning = deadline;
    }
    state.wake.wait_until(lock, warning);
  }
  // Once the ranks have met, each of them compares the records, even if another
  // has found the difference already.
  if (!met) {
    Status status = round.failureOf(rank);
    finishRank(rank);
    return status;
  }
  records.clear();
  for (const std::unique_ptr<RankState> &other : ranks)
    records.push_back(other->record);
  return {};
}

Status ThreadTransport::leave(int32_t rank) {
  Lock lock(mutex);
  RankState &state = *ranks[rank];
  withdrawAll(lock, rank);
  round.setPhase(rank, Phase::Finished);
  // Those who wait for this rank must learn that it will not post any more.
  wakeAll();
  TimePoint begin = Clock::now();
  TimePoint deadline = begin + toDuration(options.timeoutSeconds);
  while (!round.failed() && !round.all(Phase::Finished)) {
    if (Clock::now() >= deadline) {
      failRound(rank,
                makeError(RR_DEADLINE_EXCEEDED,
                          "rank %d waited %.3g s for %s to end the execution: "
                          "%s",
                          rank, secondsBetween(begin, Clock::now()),
                          round.namesIn(Phase::Inside).c_str(),
                          whyNotEnded().c_str()));
      break;
    }
    state.wake.wait_until(lock, deadline);
  }
  Status status = round.failureOf(rank);
  finishRank(rank);
  return status;
}

void ThreadTransport::finishRank(int32_t rank) {
  round.setPhase(rank, Phase::Left);
  if (round.all(Phase::Left))
    startRound();
  wakeAll();
}

void ThreadTransport::startRound() {
  round.reset();
  met = false;
  unmatched.clear();
  announcements.clear();
  // What the link still owed to a round that failed is not delivered any more.
  std::fill(egressFree.begin(), egressFree.end(), TimePoint());
  std::fill(ingressFree.begin(), ingressFree.end(), TimePoint());
  stop.store(false, std::memory_order_release);
}

void ThreadTransport::wakeAll() {
  for (const std::unique_ptr<RankState> &rank : ranks)
    rank->wake.notify_one();
}

void ThreadTransport::failRound(int32_t rank, const Status &status) {
  round.fail(rank, status);
  stop.store(true, std::memory_order_release);
  wakeAll();
}

void ThreadTransport::fail(int32_t rank, const Status &status) {
  Lock lock(mutex);
  // A rank outside has nobody to tell.
  Phase phase = round.phase(rank);
  if (!round.decided() && (phase == Phase::Inside || phase == Phase::Finished))
    failRound(rank, status);
}

void ThreadTransport::cancel() {
  Lock lock(mutex);
  // Ranks on their way out of a round that has succeeded may have returned
  // already; those that come later must not return something else.
  if (!round.anyWithin() || (round.decided() && !round.failed())) {
    cancelNext = true;
    return;
  }
  round.cancel();
  stop.store(true, std::memory_order_release);
  wakeAll();
}

Status ThreadTransport::failure(int32_t rank) {
  Lock lock(mutex);
  return round.failureOf(rank);
}

} // namespace ringrt

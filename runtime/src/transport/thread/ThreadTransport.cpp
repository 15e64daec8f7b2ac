//===- ThreadTransport.cpp - Ranks as threads of one process --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "transport/thread/ThreadTransport.h"

#include <algorithm>
#include <cstring>

namespace ringrt {

/// Emulated durations end here, so that time points do not overflow.
static constexpr double longestSeconds = 1e8;

static int copyThreadsFor(int32_t ranks) {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores / 8, 1, std::min<int>(ranks, 8));
}

ThreadTransport::ThreadTransport(const ThreadTransportOptions &options,
                                 const Hooks &hooks, Log &log)
    : options(options), hooks(hooks), log(log), round(options.size),
      egressFree(options.size), ingressFree(options.size) {
  for (int32_t rank = 0; rank < options.size; ++rank)
    ranks.push_back(std::make_unique<RankState>());
  if (options.size > 1)
    engine = std::make_unique<CopyEngine>(copyThreadsFor(options.size));
}

//===----------------------------------------------------------------------===//
// Exchanges
//===----------------------------------------------------------------------===//

Status ThreadTransport::post(int32_t rank, const Exchange &exchange,
                             int64_t &token) {
  if (hooks.beforePost)
    hooks.beforePost(rank);
  if (exchange.source == rank)
    if (Status status = copyToSelf(exchange); !status.ok())
      return status;

  Lock lock(mutex);
  if (round.failed())
    return round.failureOf(rank);
  if (Status status = agree(rank, exchange); !status.ok())
    return status;
  RankState &state = *ranks[rank];
  Pending pending;
  pending.exchange = exchange;
  if (!exchange.isIdle() && exchange.source != rank) {
    Status status = joinTransfer(rank, exchange, /*sends=*/true, pending.send);
    if (status.ok())
      status = joinTransfer(rank, exchange, /*sends=*/false, pending.recv);
    if (!status.ok()) {
      withdrawPending(lock, rank, pending);
      return status;
    }
  }
  token = state.nextToken++;
  state.pending.emplace(token, std::move(pending));
  return {};
}

Status ThreadTransport::copyToSelf(const Exchange &exchange) {
  if (exchange.sendBytes != exchange.recvBytes)
    return makeError(RR_MISMATCH,
                     "hop %lld of group %d: rank %d sends %lld bytes to itself "
                     "and receives %lld",
                     static_cast<long long>(exchange.sequence), exchange.group,
                     exchange.source,
                     static_cast<long long>(exchange.sendBytes),
                     static_cast<long long>(exchange.recvBytes));
  if (exchange.sendBytes)
    memmove(exchange.recv, exchange.send,
            static_cast<size_t>(exchange.sendBytes));
  return {};
}

Status ThreadTransport::agree(int32_t rank, const Exchange &exchange) {
  auto key = std::make_tuple(exchange.group, exchange.ring, exchange.sequence);
  auto [it, first] = announcements.try_emplace(
      key, Announcement{exchange.step, exchange.active, rank, 0});
  Announcement &said = it->second;
  if (said.step != exchange.step || said.active != exchange.active) {
    Status status = makeError(
        RR_MISMATCH,
        "hop %lld of group %d: rank %d shifts by %lld among %lld ranks, rank "
        "%d by %lld among %lld",
        static_cast<long long>(exchange.sequence), exchange.group, said.rank,
        static_cast<long long>(said.step), static_cast<long long>(said.active),
        rank, static_cast<long long>(exchange.step),
        static_cast<long long>(exchange.active));
    round.failBoth(rank, said.rank, status);
    failRound(rank, status);
    return status;
  }
  if (++said.posts == exchange.ringSize)
    announcements.erase(it);
  return {};
}

Status ThreadTransport::joinTransfer(int32_t rank, const Exchange &exchange,
                                     bool sends, TransferPtr &transfer) {
  int32_t source = sends ? rank : exchange.source;
  int32_t destination = sends ? exchange.destination : rank;
  auto key =
      std::make_tuple(exchange.group, source, destination, exchange.sequence);
  auto [it, first] = unmatched.try_emplace(key);
  if (first)
    it->second = std::make_shared<Transfer>();
  transfer = it->second;
  transfer->key = key;
  transfer->source = source;
  transfer->destination = destination;
  if (sends) {
    transfer->from = exchange.send;
    transfer->sendBytes = exchange.sendBytes;
  } else {
    transfer->to = exchange.recv;
    transfer->recvBytes = exchange.recvBytes;
  }
  if (first)
    return {};

  if (transfer->sendBytes != transfer->recvBytes) {
    Status status = makeError(
        RR_MISMATCH,
        "hop %lld of group %d: rank %d sends %lld bytes, rank %d expects %lld",
        static_cast<long long>(exchange.sequence), exchange.group, source,
        static_cast<long long>(transfer->sendBytes), destination,
        static_cast<long long>(transfer->recvBytes));
    round.failBoth(source, destination, status);
    failRound(rank, status);
    return status;
  }
  unmatched.erase(it);
  match(transfer);
  return {};
}

void ThreadTransport::match(const TransferPtr &transfer) {
  TimePoint now = Clock::now();
  transfer->matched = now;
  transfer->due = now + toDuration(options.latency);
  if (options.bandwidth > 0) {
    TimePoint &egress = egressFree[transfer->source];
    TimePoint &ingress = ingressFree[transfer->destination];
    double seconds =
        std::min(static_cast<double>(transfer->sendBytes) / options.bandwidth,
                 longestSeconds);
    TimePoint begin = std::max({now, egress, ingress});
    egress = ingress = begin + toDuration(seconds);
    transfer->due = egress + toDuration(options.latency);
  }
  if (transfer->sendBytes == 0) {
    complete(*transfer);
    return;
  }
  transfer->state = Transfer::State::Queued;
  engine->submit([this, transfer] { copy(transfer); });
}

void ThreadTransport::copy(const TransferPtr &transfer) {
  if (hooks.beforeCopy)
    hooks.beforeCopy(transfer->destination);
  {
    Lock lock(mutex);
    if (transfer->state == Transfer::State::Dropped)
      return;
    transfer->state = Transfer::State::Copying;
  }
  memcpy(transfer->to, transfer->from,
         static_cast<size_t>(transfer->sendBytes));
  Lock lock(mutex);
  complete(*transfer);
}

void ThreadTransport::complete(Transfer &transfer) {
  transfer.state = Transfer::State::Copied;
  transfer.completed = std::max(transfer.due, Clock::now());
  ranks[transfer.source]->wake.notify_one();
  ranks[transfer.destination]->wake.notify_one();
}

Status ThreadTransport::wait(int32_t rank, int64_t token,
                             ExchangeTimes &times) {
  Lock lock(mutex);
  RankState &state = *ranks[rank];
  auto it = state.pending.find(token);
  if (it == state.pending.end())
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d awaits exchange token %lld, which is not pending",
                     rank, static_cast<long long>(token));
  Pending &pending = it->second;
  times.waitBegin = Clock::now();
  TimePoint deadline = times.waitBegin + toDuration(options.timeoutSeconds);
  TimePoint warning = times.waitBegin + toDuration(options.timeoutSeconds / 2);
  Status status;
  for (;;) {
    if (round.failed()) {
      status = round.failureOf(rank);
      break;
    }
    TimePoint now = Clock::now();
    TimePoint until = std::min(warning, deadline);
    if (!pending.recv)
      break;
    if (pending.send->isCopied() && pending.recv->isCopied()) {
      TimePoint completed =
          std::max(pending.send->completed, pending.recv->completed);
      if (completed <= now)
        break;
      until = std::min(until, completed);
    } else if (status = checkPeers(rank, pending); !status.ok()) {
      failRound(rank, status);
      break;
    }
    if (now >= deadline) {
      status = deadlineExceeded(rank, pending, times.waitBegin);
      failRound(rank, status);
      break;
    }
    if (now >= warning) {
      log.write(
          LogLevel::Warn, "half of the deadline is over: %s",
          deadlineExceeded(rank, pending, times.waitBegin).message.c_str());
      warning = deadline;
      continue;
    }
    state.waitsFor = awaitedPeer(pending);
    state.waitsIn = pending.exchange.sequence;
    state.wake.wait_until(lock, until);
    state.waitsFor = -1;
  }
  times.waitEnd = Clock::now();
  if (status.ok()) {
    measure(pending, times);
    state.pending.erase(token);
  } else {
    withdrawAll(lock, rank);
  }
  return status;
}

void ThreadTransport::measure(const Pending &pending,
                              ExchangeTimes &times) const {
  if (!pending.recv) {
    times.matched = times.completed = times.waitBegin;
    return;
  }
  const Transfer &recv = *pending.recv;
  const Transfer &send = *pending.send;
  times.matched = recv.matched;
  times.completed = recv.completed;
  // The wait is exposed while a transfer that both sides have posted is under
  // way, and never for longer than the receive took.
  auto overlap = [&](TimePoint begin, TimePoint end) {
    begin = std::max(begin, times.waitBegin);
    end = std::min(end, times.waitEnd);
    return begin < end ? secondsBetween(begin, end) : 0.0;
  };
  double exposed = overlap(recv.matched, recv.completed) +
                   overlap(send.matched, send.completed) -
                   overlap(std::max(recv.matched, send.matched),
                           std::min(recv.completed, send.completed));
  times.exposedSeconds =
      std::min(exposed, secondsBetween(recv.matched, recv.completed));
  times.skewSeconds =
      std::max(0.0, secondsBetween(times.waitBegin, times.waitEnd) -
                        times.exposedSeconds);
}

//===----------------------------------------------------------------------===//
// What a wait reports
//===----------------------------------------------------------------------===//

int32_t ThreadTransport::awaitedPeer(const Pending &pending) const {
  if (!pending.recv->isMatched() || pending.send->isMatched())
    return pending.exchange.source;
  return pending.exchange.destination;
}

/// A peer that has finished will never post.
Status ThreadTransport::checkPeers(int32_t rank, const Pending &pending) {
  for (const TransferPtr &transfer : {pending.recv, pending.send}) {
    int32_t peer = transfer == pending.recv ? pending.exchange.source
                                            : pending.exchange.destination;
    if (!transfer->isMatched() && round.phase(peer) >= Phase::Finished)
      return makeError(RR_UNAVAILABLE,
                       "rank %d waits for rank %d at hop %lld of group %d, but "
                       "rank %d has ended without posting it",
                       rank, peer,
                       static_cast<long long>(pending.exchange.sequence),
                       pending.exchange.group, peer);
  }
  return {};
}

Status ThreadTransport::deadlineExceeded(int32_t rank, const Pending &pending,
                                         TimePoint begin) {
  int32_t peer = awaitedPeer(pending);
  bool matched = pending.recv->isMatched() && pending.send->isMatched();
  std::string cause =
      matched
          ? formatString("the transfer of %lld bytes from rank %d is not "
                         "complete",
                         static_cast<long long>(pending.recv->recvBytes), peer)
          : whyNotPosted(peer);
  return makeError(
      RR_DEADLINE_EXCEEDED,
      "rank %d waited %.3g s for rank %d at hop %lld of group %d: %s", rank,
      secondsBetween(begin, Clock::now()), peer,
      static_cast<long long>(pending.exchange.sequence), pending.exchange.group,
      cause.c_str());
}

/// Follows the waits from `peer` on, since the stalled rank may be further down
/// the ring.
std::string ThreadTransport::whyNotPosted(int32_t peer) const {
  std::string text = formatString("rank %d has not posted", peer);
  for (size_t seen = 0; seen < ranks.size(); ++seen) {
    const RankState &state = *ranks[peer];
    if (state.waitsFor < 0)
      return text + formatString("; rank %d is not waiting for anyone", peer);
    text += formatString("; rank %d waits for rank %d at hop %lld", peer,
                         state.waitsFor, static_cast<long long>(state.waitsIn));
    peer = state.waitsFor;
  }
  return text;
}

/// A rank that computes for longer than the others is no fault by itself, so
/// this says which ranks do.
std::string ThreadTransport::whyNotEnded() const {
  std::string text;
  for (int32_t rank = 0; rank < options.size; ++rank) {
    if (round.phase(rank) != Phase::Inside)
      continue;
    const RankState &state = *ranks[rank];
    if (!text.empty())
      text += "; ";
    if (state.waitsFor < 0)
      text += formatString("rank %d is still computing", rank);
    else
      text +=
          formatString("rank %d waits for rank %d at hop %lld", rank,
                       state.waitsFor, static_cast<long long>(state.waitsIn));
  }
  return text;
}

} // namespace ringrt

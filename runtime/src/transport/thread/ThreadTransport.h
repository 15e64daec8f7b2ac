//===- ThreadTransport.h - Ranks as threads of one process ------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both sides of a message meet in a table keyed by (group, source, destination,
// sequence number); whoever comes second hands the copy to the copy engine. An
// emulated link only decides from when on the copy counts as complete, so a
// slow link delays nobody but the receiver and its sender. Waits block on a
// condition variable per rank.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TRANSPORT_THREAD_THREADTRANSPORT_H
#define RINGRT_TRANSPORT_THREAD_THREADTRANSPORT_H

#include "core/Hooks.h"
#include "core/Log.h"
#include "transport/Transport.h"
#include "transport/thread/CopyEngine.h"
#include "transport/thread/Round.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <unordered_map>

namespace ringrt {

struct ThreadTransportOptions {
  int32_t size = 1;
  double timeoutSeconds = 60;
  /// Bytes per second (0: no limit) and seconds per message.
  double bandwidth = 0;
  double latency = 0;
};

class ThreadTransport final : public Transport {
public:
  /// `hooks` and `log` outlive the transport.
  ThreadTransport(const ThreadTransportOptions &options, const Hooks &hooks,
                  Log &log);

  Status enter(int32_t rank, const std::string &record,
               std::vector<std::string> &records) override;
  Status leave(int32_t rank) override;
  Status post(int32_t rank, const Exchange &exchange, int64_t &token) override;
  Status wait(int32_t rank, int64_t token, ExchangeTimes &times) override;
  size_t numPending(int32_t rank) override;
  size_t withdraw(int32_t rank, const void *begin, int64_t bytes) override;
  void fail(int32_t rank, const Status &status) override;
  void cancel() override;
  bool stopped() const override { return stop.load(std::memory_order_acquire); }
  Status failure(int32_t rank) override;

private:
  using Lock = std::unique_lock<std::mutex>;

  /// A message between two ranks, from its first post to its completion.
  struct Transfer {
    enum class State { Unmatched, Queued, Copying, Copied, Dropped };
    State state = State::Unmatched;
    /// (group, source, destination, sequence)
    std::tuple<int32_t, int32_t, int32_t, int64_t> key;
    int32_t source = 0;
    int32_t destination = 0;
    const void *from = nullptr;
    void *to = nullptr;
    /// -1 until that side has posted.
    int64_t sendBytes = -1;
    int64_t recvBytes = -1;
    TimePoint matched;
    /// When the emulated link delivers; valid from Queued on. Completion, valid
    /// when Copied, may lie in the future.
    TimePoint due;
    TimePoint completed;

    bool isMatched() const { return state != State::Unmatched; }
    bool isCopied() const { return state == State::Copied; }
  };
  using TransferPtr = std::shared_ptr<Transfer>;

  /// An exchange that its rank has not awaited yet. Without transfers it was
  /// complete when posted.
  struct Pending {
    Exchange exchange;
    TransferPtr send, recv;
  };

  /// What the first rank to post an exchange said of it; the others must agree.
  struct Announcement {
    int64_t step, active;
    int32_t rank;
    int64_t posts;
  };

  struct RankState {
    std::condition_variable wake;
    std::string record;
    std::unordered_map<int64_t, Pending> pending;
    int64_t nextToken = 0;
    /// While blocked in a wait: for whom (-1: nobody) and in which exchange.
    int32_t waitsFor = -1;
    int64_t waitsIn = 0;
  };

  // All of these expect the lock.
  void wakeAll();
  void failRound(int32_t rank, const Status &status);
  void startRound();
  void finishRank(int32_t rank);
  Status agree(int32_t rank, const Exchange &exchange);
  Status joinTransfer(int32_t rank, const Exchange &exchange, bool sends,
                      TransferPtr &transfer);
  void match(const TransferPtr &transfer);
  void complete(Transfer &transfer);
  void withdrawPending(Lock &lock, int32_t rank, const Pending &pending);
  void withdrawAll(Lock &lock, int32_t rank);
  Status checkPeers(int32_t rank, const Pending &pending);
  Status deadlineExceeded(int32_t rank, const Pending &pending,
                          TimePoint begin);
  int32_t awaitedPeer(const Pending &pending) const;
  std::string whyNotPosted(int32_t peer) const;
  std::string whyNotEnded() const;
  void measure(const Pending &pending, ExchangeTimes &times) const;

  /// The copying thread's work; takes the lock itself.
  void copy(const TransferPtr &transfer);
  Status copyToSelf(const Exchange &exchange);
  static bool touches(const Pending &pending, const void *begin, int64_t bytes);

  const ThreadTransportOptions options;
  const Hooks &hooks;
  Log &log;

  std::mutex mutex;
  Round round;
  /// All ranks have entered the round.
  bool met = false;
  std::atomic<bool> stop{false};
  bool cancelNext = false;
  std::vector<std::unique_ptr<RankState>> ranks;
  std::map<std::tuple<int32_t, int32_t, int32_t, int64_t>, TransferPtr>
      unmatched;
  std::map<std::tuple<int32_t, int32_t, int64_t>, Announcement> announcements;
  /// When the emulated link of a rank is free again, per direction.
  std::vector<TimePoint> egressFree, ingressFree;

  // Last: its threads use everything above.
  std::unique_ptr<CopyEngine> engine;
};

} // namespace ringrt

#endif // RINGRT_TRANSPORT_THREAD_THREADTRANSPORT_H

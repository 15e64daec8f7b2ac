//===- Round.h - Who takes part in an execution, and how it fails ----*- C++
//-*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TRANSPORT_THREAD_ROUND_H
#define RINGRT_TRANSPORT_THREAD_ROUND_H

#include "core/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ringrt {

/// Where a rank stands in the current round.
enum class Phase {
  /// Has not come yet.
  Outside,
  Inside,
  /// Has done its part and waits for the others.
  Finished,
  /// Has returned; waits for the next round.
  Left
};

/// The state of one execution of all ranks; whoever uses it holds the
/// transport's lock.
class Round {
public:
  explicit Round(int32_t size) : ranks(size) {}

  /// Makes the round new: nobody has come, nothing has failed.
  void reset();

  Phase phase(int32_t rank) const { return ranks[rank].phase; }
  void setPhase(int32_t rank, Phase phase) { ranks[rank].phase = phase; }
  bool all(Phase atLeast) const;
  /// True while any rank may still use the transport.
  bool anyWithin() const;
  /// "rank 1" or "ranks 1, 3": those that are in `phase`.
  std::string namesIn(Phase phase) const;

  bool failed() const { return failing; }
  /// Nothing changes the outcome any more: some ranks may have returned it.
  bool decided() const { return failing || all(Phase::Finished); }
  /// The first failure ends the round; later ones are its consequences, and
  /// what comes once all have succeeded is too late.
  void fail(int32_t rank, const Status &status);
  /// A failure that two ranks have in common.
  void failBoth(int32_t rank, int32_t other, const Status &status);
  void cancel();
  /// What `rank` should return: its own failure, or whose it was.
  Status failureOf(int32_t rank) const;

private:
  struct RankState {
    Phase phase = Phase::Outside;
    Status own;
  };

  std::vector<RankState> ranks;
  bool failing = false;
  bool cancelled = false;
  int32_t failedRank = -1;
  Status cause;
};

} // namespace ringrt

#endif // RINGRT_TRANSPORT_THREAD_ROUND_H

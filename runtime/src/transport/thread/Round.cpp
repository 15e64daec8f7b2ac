//===- Round.cpp - Who takes part in an execution, and how it fails -------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "transport/thread/Round.h"

#include <algorithm>

namespace ringrt {

void Round::reset() {
  for (RankState &rank : ranks)
    rank = RankState();
  failing = false;
  cancelled = false;
  failedRank = -1;
  cause = Status();
}

bool Round::all(Phase atLeast) const {
  return std::all_of(ranks.begin(), ranks.end(), [&](const RankState &rank) {
    return rank.phase >= atLeast;
  });
}

bool Round::anyWithin() const {
  return std::any_of(ranks.begin(), ranks.end(), [](const RankState &rank) {
    return rank.phase == Phase::Inside || rank.phase == Phase::Finished;
  });
}

std::string Round::namesIn(Phase phase) const {
  std::string names;
  int count = 0;
  for (size_t rank = 0; rank < ranks.size(); ++rank)
    if (ranks[rank].phase == phase)
      names += (count++ ? ", " : "") + std::to_string(rank);
  return (count == 1 ? "rank " : "ranks ") + names;
}

void Round::fail(int32_t rank, const Status &status) {
  if (decided())
    return;
  failing = true;
  failedRank = rank;
  cause = status;
  cancelled = status.code == RR_CANCELLED;
  ranks[rank].own = status;
}

void Round::failBoth(int32_t rank, int32_t other, const Status &status) {
  if (decided())
    return;
  fail(rank, status);
  ranks[other].own = status;
}

void Round::cancel() {
  if (decided())
    return;
  failing = cancelled = true;
  cause = {RR_CANCELLED, "the run was cancelled"};
}

Status Round::failureOf(int32_t rank) const {
  if (!failing)
    return {};
  if (!ranks[rank].own.ok())
    return ranks[rank].own;
  if (cancelled)
    return cause;
  return makeError(RR_ABORTED, "rank %d failed: %s: %s", failedRank,
                   statusName(cause.code), cause.message.c_str());
}

} // namespace ringrt

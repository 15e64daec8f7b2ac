//===- FlightRecorder.cpp - The last exchanges of a rank ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/FlightRecorder.h"

namespace ringrt {

uint64_t FlightRecorder::post(const Entry &entry) {
  std::lock_guard<std::mutex> lock(mutex);
  if (entries.size() < capacity)
    entries.push_back(entry);
  else
    entries[posted % capacity] = entry;
  return posted++;
}

void FlightRecorder::finish(uint64_t number, State state) {
  std::lock_guard<std::mutex> lock(mutex);
  // The entry may have been overwritten by later exchanges.
  if (number + capacity < posted)
    return;
  Entry &entry = entries[number % capacity];
  entry.state = state;
  entry.done = Clock::now();
}

void FlightRecorder::setOutcome(const Status &status) {
  std::lock_guard<std::mutex> lock(mutex);
  outcome = statusName(status.code);
  if (!status.message.empty())
    outcome += ": " + status.message;
}

std::string FlightRecorder::format(int32_t rank, TimePoint origin) const {
  std::lock_guard<std::mutex> lock(mutex);
  std::string text = "rank " + std::to_string(rank) + ": " + outcome + "\n";
  uint64_t first = posted > capacity ? posted - capacity : 0;
  for (uint64_t number = first; number < posted; ++number) {
    const Entry &entry = entries[number % capacity];
    text += formatString(
        "  execution %lld group %d exchange %lld step %lld active %lld: ",
        static_cast<long long>(entry.execution), entry.group,
        static_cast<long long>(entry.exchange),
        static_cast<long long>(entry.step),
        static_cast<long long>(entry.active));
    if (entry.source < 0)
      text += "idle";
    else
      text += formatString(
          "send %lld bytes to rank %d, receive %lld bytes "
          "from rank %d",
          static_cast<long long>(entry.sendBytes), entry.destination,
          static_cast<long long>(entry.recvBytes), entry.source);
    text += formatString("; posted at %.6f s",
                         secondsBetween(origin, entry.posted));
    if (entry.state == State::Posted)
      text += ", not awaited\n";
    else
      text +=
          formatString(", %s at %.6f s\n",
                       entry.state == State::Complete ? "complete" : "failed",
                       secondsBetween(origin, entry.done));
  }
  return text;
}

} // namespace ringrt

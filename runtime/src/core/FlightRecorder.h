//===- FlightRecorder.h - The last exchanges of a rank ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_FLIGHTRECORDER_H
#define RINGRT_CORE_FLIGHTRECORDER_H

#include "core/Clock.h"
#include "core/Status.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace ringrt {

/// A bounded record of what a rank exchanged, kept for post-mortems.
class FlightRecorder {
public:
  enum class State { Posted, Complete, Failed };

  struct Entry {
    int64_t execution = 0;
    int32_t group = 0;
    int64_t exchange = 0;
    int64_t step = 0;
    int64_t active = 0;
    int32_t source = -1;
    int32_t destination = -1;
    int64_t sendBytes = 0;
    int64_t recvBytes = 0;
    State state = State::Posted;
    TimePoint posted, done;
  };

  /// Records a posted exchange; returns its number for `finish`.
  uint64_t post(const Entry &entry);
  void finish(uint64_t number, State state);
  /// Records how the rank's last execution ended.
  void setOutcome(const Status &status);

  /// One line per exchange, oldest first.
  std::string format(int32_t rank, TimePoint origin) const;

private:
  static constexpr size_t capacity = 128;

  mutable std::mutex mutex;
  std::vector<Entry> entries;
  uint64_t posted = 0;
  std::string outcome = "not executed";
};

} // namespace ringrt

#endif // RINGRT_CORE_FLIGHTRECORDER_H

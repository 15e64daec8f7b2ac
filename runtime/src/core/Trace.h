//===- Trace.h - Spans of one execution -------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_TRACE_H
#define RINGRT_CORE_TRACE_H

#include "core/Clock.h"
#include "core/Status.h"

#include <mutex>
#include <string>
#include <vector>

namespace ringrt {

/// A span of a rank's own thread.
struct ComputeSpan {
  int32_t kind = RR_SPAN_COMPUTE;
  int64_t hop = -1;
  TimePoint begin, end;
};

/// One exchange, as the rank that received saw it.
struct CommSpan {
  int32_t group = 0;
  int64_t exchange = 0;
  int32_t source = 0;
  int32_t destination = 0;
  int64_t bytesReceived = 0;
  int64_t bytesSent = 0;
  /// From the later of both posts to the completion of the receive.
  TimePoint begin, end;
  /// What the rank's thread spent in the wait.
  TimePoint waitBegin, waitEnd;
  double exposedSeconds = 0;
  double skewSeconds = 0;
};

/// The spans of one rank's last execution.
class RankTrace {
public:
  void clear();
  void add(const ComputeSpan &span);
  void add(const CommSpan &span);

  void copyTo(std::vector<ComputeSpan> &compute,
              std::vector<CommSpan> &comm) const;

private:
  mutable std::mutex mutex;
  std::vector<ComputeSpan> computeSpans;
  std::vector<CommSpan> commSpans;
};

/// The name of a span's kind, as traces show it.
const char *spanName(int32_t kind);

/// Writes the Chrome trace of all ranks; times count from the earliest span.
Status writeChromeTrace(const std::vector<const RankTrace *> &ranks,
                        const std::string &path);

} // namespace ringrt

#endif // RINGRT_CORE_TRACE_H

//===- Report.h - What a run measured, for people and programs --*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_REPORT_H
#define RINGATTN_TOOLS_RUN_REPORT_H

#include "Session.h"
#include "Work.h"

namespace ringattn::tools {

/// One rank, medians over the repetitions.
struct RankReport {
  double computeSeconds = 0;
  double commSeconds = 0;
  double exposedSeconds = 0;
  double skewSeconds = 0;
  int64_t visible = 0;
  int64_t hops = 0;
  int64_t exchanges = 0;
  int64_t bytesSent = 0;
  int64_t peakBytes = 0;

  /// The hidden part of the communication; none without communication.
  std::optional<double> overlap() const;
};

struct Report {
  double wallSeconds = 0;
  double flops = 0;
  std::vector<RankReport> ranks;

  Report(const Measurements &measurements, const Work &work);

  void printTable(llvm::raw_ostream &os) const;
  llvm::json::Value toJSON() const;
};

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_REPORT_H

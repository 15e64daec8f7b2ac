//===- Report.cpp - What a run measured, for people and programs ----------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace ringattn;
using namespace ringattn::tools;

/// The median; of an even number, the mean of the middle two for times and the
/// lower of them for counts.
static double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}
static int64_t median(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

std::optional<double> RankReport::overlap() const {
  if (exchanges == 0 || commSeconds <= 0)
    return std::nullopt;
  return 1 - exposedSeconds / commSeconds;
}

Report::Report(const Measurements &measurements, const Work &work)
    : flops(work.flops) {
  std::vector<double> walls;
  for (const std::vector<rr_statistics> &repetition : measurements) {
    double wall = 0;
    for (const rr_statistics &rank : repetition)
      wall = std::max(wall, rank.wall_seconds);
    walls.push_back(wall);
  }
  wallSeconds = median(walls);

  for (size_t rank = 0; rank < work.visible.size(); ++rank) {
    auto of = [&](auto rr_statistics::*field) {
      std::vector<std::decay_t<decltype(measurements[0][0].*field)>> values;
      for (const std::vector<rr_statistics> &repetition : measurements)
        values.push_back(repetition[rank].*field);
      return median(std::move(values));
    };
    RankReport &report = ranks.emplace_back();
    report.computeSeconds = of(&rr_statistics::compute_seconds);
    report.commSeconds = of(&rr_statistics::comm_seconds);
    report.exposedSeconds = of(&rr_statistics::exposed_comm_seconds);
    report.skewSeconds = of(&rr_statistics::skew_seconds);
    report.visible = work.visible[rank];
    report.hops = of(&rr_statistics::hops);
    report.exchanges = of(&rr_statistics::exchanges);
    report.bytesSent = of(&rr_statistics::bytes_sent);
    report.peakBytes = of(&rr_statistics::peak_bytes);
  }
}

static std::string milliseconds(double seconds) {
  std::string text;
  raw_string_ostream(text) << format("%.3f", seconds * 1e3);
  return text;
}

void Report::printTable(raw_ostream &os) const {
  std::vector<std::vector<std::string>> rows = {
      {"rank", "compute ms", "comm ms", "exposed ms", "skew ms", "overlap",
       "hops", "exchanges", "bytes sent", "visible", "peak bytes"}};
  for (auto [rank, report] : enumerate(ranks)) {
    std::string overlap = "-";
    if (std::optional<double> share = report.overlap()) {
      overlap.clear();
      raw_string_ostream(overlap) << format("%.1f%%", *share * 100);
    }
    rows.push_back(
        {std::to_string(rank), milliseconds(report.computeSeconds),
         milliseconds(report.commSeconds), milliseconds(report.exposedSeconds),
         milliseconds(report.skewSeconds), overlap, std::to_string(report.hops),
         std::to_string(report.exchanges), std::to_string(report.bytesSent),
         std::to_string(report.visible), std::to_string(report.peakBytes)});
  }
  std::vector<size_t> widths(rows.front().size());
  for (const std::vector<std::string> &row : rows)
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  for (const std::vector<std::string> &row : rows) {
    for (size_t column = 0; column < row.size(); ++column)
      os << (column ? "  " : "") << right_justify(row[column], widths[column]);
    os << '\n';
  }
  os << "total: " << format("%.6f", wallSeconds) << " s, "
     << format("%.3f", flops * 1e-9) << " GFLOP, "
     << format("%.2f", wallSeconds > 0 ? flops * 1e-9 / wallSeconds : 0.0)
     << " GFLOP/s\n";
}

json::Value Report::toJSON() const {
  json::Array perRank;
  for (const RankReport &report : ranks)
    perRank.push_back(json::Object{
        {"compute_seconds", report.computeSeconds},
        {"comm_seconds", report.commSeconds},
        {"exposed_comm_seconds", report.exposedSeconds},
        {"skew_seconds", report.skewSeconds},
        {"overlap", report.overlap() ? json::Value(*report.overlap())
                                     : json::Value(nullptr)},
        {"visible", report.visible},
        {"hops", report.hops},
        {"exchanges", report.exchanges},
        {"bytes_sent", report.bytesSent},
        {"peak_bytes", report.peakBytes}});
  // A count is written as an integer as long as it fits one.
  json::Value operations = flops < 0x1p63
                               ? json::Value(static_cast<int64_t>(flops))
                               : json::Value(flops);
  return json::Object{{"ranks", static_cast<int64_t>(ranks.size())},
                      {"wall_seconds", wallSeconds},
                      {"flops", std::move(operations)},
                      {"per_rank", std::move(perRank)}};
}

//===- Trace.cpp - Spans of one execution ---------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Trace.h"
#include "core/TextFile.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace ringrt {

void RankTrace::clear() {
  std::lock_guard<std::mutex> lock(mutex);
  computeSpans.clear();
  commSpans.clear();
}

void RankTrace::add(const ComputeSpan &span) {
  std::lock_guard<std::mutex> lock(mutex);
  computeSpans.push_back(span);
}

void RankTrace::add(const CommSpan &span) {
  std::lock_guard<std::mutex> lock(mutex);
  commSpans.push_back(span);
}

void RankTrace::copyTo(std::vector<ComputeSpan> &compute,
                       std::vector<CommSpan> &comm) const {
  std::lock_guard<std::mutex> lock(mutex);
  compute = computeSpans;
  comm = commSpans;
}

const char *spanName(int32_t kind) {
  switch (kind) {
  case RR_SPAN_COMPUTE:
    return "compute";
  case RR_SPAN_PACK:
    return "pack";
  case RR_SPAN_FINALIZE:
    return "finalize";
  default:
    return "span";
  }
}

namespace {

/// Thread numbers within a rank's process.
constexpr int computeThread = 0;
constexpr int firstCommThread = 1;

/// With three decimals, and the point that JSON wants in every locale.
std::string microseconds(double seconds) {
  long long nanoseconds = std::llround(seconds * 1e9);
  return formatString("%s%lld.%03lld", nanoseconds < 0 ? "-" : "",
                      std::llabs(nanoseconds) / 1000,
                      std::llabs(nanoseconds) % 1000);
}

class Writer {
public:
  Writer(std::string &text, TimePoint origin) : text(text), origin(origin) {}

  void metadata(const char *kind, size_t rank, int thread,
                const std::string &name) {
    separate();
    text += formatString("{\"name\":\"%s\",\"ph\":\"M\",\"pid\":%zu,\"tid\":%d,"
                         "\"args\":{\"name\":\"%s\"}}",
                         kind, rank, thread, name.c_str());
  }

  void span(const std::string &name, const char *category, size_t rank,
            int thread, TimePoint begin, TimePoint end,
            const std::string &args) {
    separate();
    text += formatString(
        "{\"name\":\"%s\",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":%zu,"
        "\"tid\":%d,\"ts\":%s,\"dur\":%s,\"args\":{%s}}",
        name.c_str(), category, rank, thread,
        microseconds(secondsBetween(origin, begin)).c_str(),
        microseconds(secondsBetween(begin, end)).c_str(), args.c_str());
  }

private:
  void separate() {
    text += first ? "\n" : ",\n";
    first = false;
  }

  std::string &text;
  TimePoint origin;
  bool first = true;
};

} // namespace

static void writeRank(Writer &writer, size_t rank,
                      const std::vector<ComputeSpan> &compute,
                      std::vector<CommSpan> comm) {
  writer.metadata("process_name", rank, computeThread,
                  "rank " + std::to_string(rank));
  writer.metadata("thread_name", rank, computeThread, "compute");
  for (const ComputeSpan &span : compute) {
    std::string name = spanName(span.kind);
    if (span.hop >= 0)
      name += " hop " + std::to_string(span.hop);
    writer.span(name, spanName(span.kind), rank, computeThread, span.begin,
                span.end, "\"hop\":" + std::to_string(span.hop));
  }

  // Exchanges of two chains overlap; spans of one thread must not, so each goes
  // to the first comm thread that is free.
  std::sort(comm.begin(), comm.end(), [](const CommSpan &a, const CommSpan &b) {
    return a.begin < b.begin;
  });
  std::vector<TimePoint> lanes;
  for (const CommSpan &span : comm) {
    size_t lane = 0;
    while (lane < lanes.size() && lanes[lane] > span.begin)
      ++lane;
    if (lane == lanes.size())
      lanes.push_back(span.end);
    lanes[lane] = span.end;
    std::string args = formatString(
        "\"group\":%d,\"exchange\":%lld,\"from\":%d,\"to\":%d,"
        "\"bytes\":%lld,\"bytes_sent\":%lld",
        span.group, static_cast<long long>(span.exchange), span.source,
        span.destination, static_cast<long long>(span.bytesReceived),
        static_cast<long long>(span.bytesSent));
    writer.span(
        formatString("recv %d <- %d exchange %lld", int(rank), span.source,
                     static_cast<long long>(span.exchange)),
        "comm", rank, firstCommThread + int(lane), span.begin, span.end, args);
    writer.span("wait exchange " + std::to_string(span.exchange), "wait", rank,
                computeThread, span.waitBegin, span.waitEnd,
                "\"exposed_us\":" + microseconds(span.exposedSeconds) +
                    ",\"skew_us\":" + microseconds(span.skewSeconds));
  }
  for (size_t lane = 0; lane < std::max<size_t>(1, lanes.size()); ++lane)
    writer.metadata("thread_name", rank, firstCommThread + int(lane),
                    lane ? "comm " + std::to_string(lane + 1) : "comm");
}

Status writeChromeTrace(const std::vector<const RankTrace *> &ranks,
                        const std::string &path) {
  std::vector<std::vector<ComputeSpan>> compute(ranks.size());
  std::vector<std::vector<CommSpan>> comm(ranks.size());
  TimePoint origin = TimePoint::max();
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    ranks[rank]->copyTo(compute[rank], comm[rank]);
    for (const ComputeSpan &span : compute[rank])
      origin = std::min(origin, span.begin);
    for (const CommSpan &span : comm[rank])
      origin = std::min({origin, span.begin, span.waitBegin});
  }

  std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
  Writer writer(text, origin);
  for (size_t rank = 0; rank < ranks.size(); ++rank)
    writeRank(writer, rank, compute[rank], comm[rank]);
  text += "\n]}\n";
  return writeText(path, text, "trace ");
}

} // namespace ringrt

//===- Preflight.cpp - Do all ranks run the same thing? -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Preflight.h"

#include <algorithm>

namespace ringrt {

std::string packRecord(const PreflightRecord &record) {
  std::string packed;
  for (const auto &[what, value] : record) {
    packed += what;
    packed += '\0';
    packed += value;
    packed += '\0';
  }
  return packed;
}

PreflightRecord unpackRecord(const std::string &packed) {
  PreflightRecord record;
  size_t begin = 0;
  auto next = [&] {
    size_t end = std::min(packed.find('\0', begin), packed.size());
    std::string text = packed.substr(begin, end - begin);
    begin = end + 1;
    return text;
  };
  while (begin < packed.size()) {
    std::string what = next();
    record.emplace_back(std::move(what), begin < packed.size() ? next() : "");
  }
  return record;
}

Status compareRecords(const std::vector<std::string> &packed) {
  for (size_t rank = 1; rank < packed.size(); ++rank) {
    if (packed[rank] == packed[0])
      continue;
    PreflightRecord first = unpackRecord(packed[0]);
    PreflightRecord other = unpackRecord(packed[rank]);
    for (size_t i = 0; i < std::min(first.size(), other.size()); ++i)
      if (first[i] != other[i])
        return makeError(RR_MISMATCH,
                         "the ranks are about to execute different things: "
                         "rank 0 has %s %s, rank %zu has %s %s",
                         first[i].first.c_str(), first[i].second.c_str(), rank,
                         other[i].first.c_str(), other[i].second.c_str());
    return makeError(RR_MISMATCH,
                     "rank 0 and rank %zu describe what they execute in "
                     "different ways",
                     rank);
  }
  return {};
}

} // namespace ringrt

//===- Options.h - What ringattn-run is asked to do -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_OPTIONS_H
#define RINGATTN_TOOLS_RUN_OPTIONS_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ringattn::tools {

struct RunOptions {
  std::string module;
  std::string entry = "main";
  /// 0: what the program's grid says.
  int64_t ranks = 0;
  /// cpu or sim.
  std::string device = "cpu";
  /// Empty: the package's. A program is compiled for what the device runs.
  std::string target;
  std::vector<std::string> inputs;
  std::optional<uint64_t> randomSeed;
  std::map<unsigned, llvm::SmallVector<int64_t>> shapes;
  std::vector<std::string> outputs;
  bool check = false;
  int64_t repeat = 1;
  /// Per rank; 0: the runtime's default.
  int64_t threads = 0;
  /// Bytes per second and seconds; 0: as fast as memory.
  double linkBandwidth = 0;
  double linkLatency = 0;
  double timeout = 60;
  std::string trace;
  std::string report;
  bool describe = false;

  /// Whether a file of MLIR or a compiled package is named.
  bool isPackage() const;
};

/// A value is the status to exit with.
std::optional<int> parseRunOptions(int argc, char **argv, RunOptions &options);

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_OPTIONS_H

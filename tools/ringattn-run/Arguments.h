//===- Arguments.h - The arrays that a run reads and writes -----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_ARGUMENTS_H
#define RINGATTN_TOOLS_RUN_ARGUMENTS_H

#include "Package.h"
#include "Work.h"

namespace ringattn::tools {

/// Global arrays of an entry's arguments and results.
struct Arrays {
  std::vector<HostArray> arguments;
  std::vector<HostArray> results;

  /// All sizes of all arguments, as `rr_bind` takes them.
  std::vector<int64_t> argumentDims() const;
};

/// The number of ranks: `--ranks`, or what the grid says.
llvm::Expected<int32_t> resolveRanks(const RunOptions &options,
                                     llvm::ArrayRef<int64_t> grid);

/// Refuses, before any of it is allocated, global arrays that will not fit the
/// available memory together with the ranks' shards of them. Sizes that only
/// the input files know do not count; the runtime refuses what they, slots and
/// scratch exceed.
llvm::Error checkMemory(const RunOptions &options, const EntryInfo &entry,
                        const DeviceGrid &grid, int64_t ranks);

/// Reads or draws the arguments and allocates the results.
llvm::Expected<Arrays> makeArrays(const RunOptions &options,
                                  const EntryInfo &entry);

/// Refuses, before anything has run, files that could not be written.
llvm::Error checkOutputs(const RunOptions &options, const EntryInfo &entry);

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_ARGUMENTS_H

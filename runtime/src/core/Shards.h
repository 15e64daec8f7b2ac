//===- Shards.h - A rank's part of a tensor ---------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_SHARDS_H
#define RINGRT_CORE_SHARDS_H

#include "core/Manifest.h"
#include "core/Topology.h"

#include <vector>

namespace ringrt {

/// A tensor bound to global sizes, as one rank sees it.
struct Shard {
  const TensorSpec *spec = nullptr;
  std::vector<int64_t> globalDims;
  int64_t globalBytes = 0;
  int64_t bytes = 0;
  void *data = nullptr;

  /// Splits the global array for scatter and gather: `outer` slices of
  /// `extent` rows (`localExtent` of them here) of `rowBytes` bytes.
  int64_t outer = 1;
  int64_t extent = 1;
  int64_t localExtent = 1;
  int64_t rowBytes = 0;
  int64_t ringSize = 1;
  int64_t ringIndex = 0;
};

/// Checks `dims` (all dimensions of all arguments, concatenated) against the
/// entry and appends the sizes of the results.
Status resolveDims(const EntrySpec &entry, const int64_t *dims, size_t numDims,
                   std::vector<int64_t> &resolved);

/// Computes everything of a shard but its data.
Status planShard(const TensorSpec &spec, const std::vector<int64_t> &dims,
                 const std::vector<Ring> &rings, const std::string &name,
                 Shard &shard);

/// Copies this rank's rows out of, or back into, a global row-major array.
void scatterShard(const Shard &shard, const void *global);
void gatherShard(const Shard &shard, void *global);

} // namespace ringrt

#endif // RINGRT_CORE_SHARDS_H

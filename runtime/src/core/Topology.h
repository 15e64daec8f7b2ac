//===- Topology.h - The device grid and the rings over it -------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_TOPOLOGY_H
#define RINGRT_CORE_TOPOLOGY_H

#include "core/Manifest.h"

#include <vector>

namespace ringrt {

/// One rank's view of one ring.
struct Ring {
  /// World ranks in ring order.
  std::vector<int32_t> members;
  /// This rank's place in `members`.
  int64_t index = 0;

  int64_t size() const { return static_cast<int64_t>(members.size()); }
};

/// Places `rank` of `worldSize` on the manifest's grid (row-major; a size of -1
/// takes what the other axes leave) and forms its ring of every group: the
/// listed axes row-major, the others fixed. Without a grid the world must have
/// one rank.
Status formRings(const Manifest &manifest, int32_t worldSize, int32_t rank,
                 std::vector<Ring> &rings);

} // namespace ringrt

#endif // RINGRT_CORE_TOPOLOGY_H

//===- Topology.cpp - The device grid and the rings over it ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Topology.h"
#include "core/Arithmetic.h"

namespace ringrt {

static Status resolveGrid(const GridSpec &grid, int32_t worldSize,
                          std::vector<int64_t> &shape) {
  int64_t fixed = 1;
  bool dynamic = false;
  for (int64_t size : grid.shape) {
    if (size == -1) {
      dynamic = true;
      continue;
    }
    std::optional<int64_t> product = checkedMul(fixed, size);
    if (!product)
      return makeError(RR_INVALID_ARGUMENT,
                       "grid '%s' has more ranks than 64 bits count",
                       grid.name.c_str());
    fixed = *product;
  }
  bool fits = dynamic ? worldSize % fixed == 0 : worldSize == fixed;
  if (!fits)
    return makeError(RR_INVALID_ARGUMENT,
                     "the module's grid '%s' %s has %s%lld ranks, the world "
                     "has %d",
                     grid.name.c_str(), formatList(grid.shape).c_str(),
                     dynamic ? "a multiple of " : "",
                     static_cast<long long>(fixed), worldSize);
  shape = grid.shape;
  for (int64_t &size : shape)
    if (size == -1)
      size = worldSize / fixed;
  return {};
}

Status formRings(const Manifest &manifest, int32_t worldSize, int32_t rank,
                 std::vector<Ring> &rings) {
  rings.clear();
  if (!manifest.grid) {
    if (worldSize != 1)
      return makeError(RR_INVALID_ARGUMENT,
                       "the module has no grid, so it runs on 1 rank; the "
                       "world has %d",
                       worldSize);
    return {};
  }
  std::vector<int64_t> shape;
  if (Status status = resolveGrid(*manifest.grid, worldSize, shape);
      !status.ok())
    return status;

  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t axis = shape.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * shape[axis];
  auto coordinate = [&](size_t axis) {
    return rank / strides[axis] % shape[axis];
  };

  for (const std::vector<int32_t> &axes : manifest.groups) {
    Ring ring;
    int64_t base = rank;
    int64_t size = 1;
    for (int32_t axis : axes) {
      ring.index = ring.index * shape[axis] + coordinate(axis);
      base -= coordinate(axis) * strides[axis];
      size *= shape[axis];
    }
    for (int64_t index = 0; index < size; ++index) {
      int64_t member = base;
      int64_t rest = index;
      for (size_t i = axes.size(); i-- > 0;) {
        member += rest % shape[axes[i]] * strides[axes[i]];
        rest /= shape[axes[i]];
      }
      ring.members.push_back(static_cast<int32_t>(member));
    }
    rings.push_back(std::move(ring));
  }
  return {};
}

} // namespace ringrt

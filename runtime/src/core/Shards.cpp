//===- Shards.cpp - A rank's part of a tensor -----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Shards.h"
#include "core/Arithmetic.h"

#include <cstring>

namespace ringrt {

Status resolveDims(const EntrySpec &entry, const int64_t *dims, size_t numDims,
                   std::vector<int64_t> &resolved) {
  size_t expected = 0;
  for (const TensorSpec &argument : entry.arguments)
    expected += argument.shape.size();
  if (numDims != expected)
    return makeError(RR_INVALID_ARGUMENT,
                     "entry '%s' takes %zu sizes (all dimensions of its %zu "
                     "arguments), got %zu",
                     entry.name.c_str(), expected, entry.arguments.size(),
                     numDims);
  resolved.assign(dims, dims + numDims);
  std::vector<size_t> firstDim;
  size_t next = 0;
  for (size_t a = 0; a < entry.arguments.size(); ++a) {
    firstDim.push_back(next);
    const std::vector<DimSpec> &shape = entry.arguments[a].shape;
    for (size_t d = 0; d < shape.size(); ++d, ++next) {
      if (dims[next] < 1)
        return makeError(RR_INVALID_ARGUMENT,
                         "entry '%s', argument %zu, dimension %zu: the size "
                         "is %lld, expected at least 1",
                         entry.name.c_str(), a, d,
                         static_cast<long long>(dims[next]));
      if (shape[d].size != -1 && dims[next] != shape[d].size)
        return makeError(RR_INVALID_ARGUMENT,
                         "entry '%s', argument %zu, dimension %zu: the module "
                         "was compiled for size %lld, got %lld",
                         entry.name.c_str(), a, d,
                         static_cast<long long>(shape[d].size),
                         static_cast<long long>(dims[next]));
    }
  }
  auto sizeOf = [&](const DimSpec &dim) {
    return dim.argument < 0 ? dim.size
                            : resolved[firstDim[dim.argument] + dim.dim];
  };
  for (const EqualSpec &equal : entry.equal) {
    int64_t size = sizeOf(equal.dim), wanted = sizeOf(equal.expected);
    if (size == wanted)
      continue;
    std::string source;
    if (equal.expected.argument >= 0)
      source = formatString(" as in argument %d, dimension %d",
                            equal.expected.argument, equal.expected.dim);
    return makeError(RR_INVALID_ARGUMENT,
                     "entry '%s', argument %d, dimension %d: the size is %lld, "
                     "expected %lld%s",
                     entry.name.c_str(), equal.dim.argument, equal.dim.dim,
                     static_cast<long long>(size),
                     static_cast<long long>(wanted), source.c_str());
  }
  for (const TensorSpec &result : entry.results)
    for (const DimSpec &dim : result.shape)
      resolved.push_back(sizeOf(dim));
  return {};
}

Status planShard(const TensorSpec &spec, const std::vector<int64_t> &dims,
                 const std::vector<Ring> &rings, const std::string &name,
                 Shard &shard) {
  shard.spec = &spec;
  shard.globalDims = dims;
  size_t split = 0;
  if (spec.sharding) {
    const Ring &ring = rings[spec.sharding->group];
    split = spec.sharding->dim;
    shard.ringSize = ring.size();
    shard.ringIndex = ring.index;
    shard.extent = dims[split];
    shard.localExtent = spec.sharding->layout.length(
        shard.extent, shard.ringSize, shard.ringIndex);
  }
  size_t rowBegin = spec.sharding ? split + 1 : 0;
  std::optional<int64_t> total =
      checkedProduct(dims, 0, dims.size(), spec.elementBytes);
  if (!total)
    return makeError(RR_INVALID_ARGUMENT,
                     "%s: an array of sizes %s of %s does not fit 64 bits",
                     name.c_str(), formatList(dims).c_str(),
                     spec.dtype.c_str());
  shard.globalBytes = *total;
  // The factors of a product of 0 may still overflow; nothing is copied then.
  if (*total == 0) {
    shard.outer = 0;
    return {};
  }
  shard.rowBytes =
      *checkedProduct(dims, rowBegin, dims.size(), spec.elementBytes);
  shard.outer = *checkedProduct(dims, 0, split, 1);
  shard.bytes = shard.outer * shard.localExtent * shard.rowBytes;
  return {};
}

/// Calls `copy(local offset, global offset, bytes)` for every stretch that is
/// contiguous in both arrays.
template <typename Copy>
static void forEachCopy(const Shard &shard, Copy copy) {
  if (shard.bytes == 0)
    return;
  if (shard.bytes == shard.globalBytes) {
    copy(int64_t(0), int64_t(0), shard.bytes);
    return;
  }
  const Layout &layout = shard.spec->sharding->layout;
  int64_t localSlice = shard.localExtent * shard.rowBytes;
  int64_t globalSlice = shard.extent * shard.rowBytes;
  struct Run {
    int64_t local, global, count;
  };
  std::vector<Run> runs;
  layout.forEachRun(shard.extent, shard.ringSize, shard.ringIndex,
                    [&](int64_t local, int64_t global, int64_t count) {
                      runs.push_back({local, global, count});
                    });
  for (int64_t o = 0; o < shard.outer; ++o)
    for (const Run &run : runs)
      copy(o * localSlice + run.local * shard.rowBytes,
           o * globalSlice + run.global * shard.rowBytes,
           run.count * shard.rowBytes);
}

void scatterShard(const Shard &shard, const void *global) {
  auto *to = static_cast<char *>(shard.data);
  const auto *from = static_cast<const char *>(global);
  forEachCopy(shard, [&](int64_t local, int64_t offset, int64_t bytes) {
    memcpy(to + local, from + offset, static_cast<size_t>(bytes));
  });
}

void gatherShard(const Shard &shard, void *global) {
  const auto *from = static_cast<const char *>(shard.data);
  auto *to = static_cast<char *>(global);
  forEachCopy(shard, [&](int64_t local, int64_t offset, int64_t bytes) {
    memcpy(to + offset, from + local, static_cast<size_t>(bytes));
  });
}

} // namespace ringrt

//===- Manifest.h - The manifest of a compiled module -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C++ form of the JSON that docs/Manifest.md describes, checked: whoever
// holds a Manifest may rely on indices being in range.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_MANIFEST_H
#define RINGRT_CORE_MANIFEST_H

#include "core/Layout.h"
#include "core/Status.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringrt {

/// A size of a tensor: static, taken from the call (arguments), or equal to a
/// dimension of an argument (results).
struct DimSpec {
  int64_t size = -1;
  int32_t argument = -1;
  int32_t dim = -1;
};

struct ShardingSpec {
  int32_t dim = 0;
  int32_t group = 0;
  Layout layout;
};

struct TensorSpec {
  std::string dtype;
  int64_t elementBytes = 0;
  std::vector<DimSpec> shape;
  std::optional<ShardingSpec> sharding;
};

/// Two sizes of arguments that must be equal in a call; the second may be a
/// number.
struct EqualSpec {
  DimSpec dim;
  DimSpec expected;
};

struct EntrySpec {
  std::string name;
  std::vector<TensorSpec> arguments;
  std::vector<TensorSpec> results;
  std::vector<EqualSpec> equal;

  size_t numTensors() const { return arguments.size() + results.size(); }
  const TensorSpec &tensor(size_t index) const {
    return index < arguments.size() ? arguments[index]
                                    : results[index - arguments.size()];
  }
};

struct GridSpec {
  std::string name;
  /// -1: any number of ranks (at most one axis).
  std::vector<int64_t> shape;
};

struct Manifest {
  std::string target;
  std::vector<std::string> cpuFeatures;
  std::optional<GridSpec> grid;
  /// The axes of each ring.
  std::vector<std::vector<int32_t>> groups;
  std::vector<EntrySpec> entries;

  const EntrySpec *findEntry(std::string_view name) const;
};

/// Reads a manifest; what is malformed is RR_DATA_LOSS and named by its path.
Status parseManifest(std::string_view json, Manifest &manifest);

} // namespace ringrt

#endif // RINGRT_CORE_MANIFEST_H

//===- TensorMap.h - Walks the box of a tensor copy -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_TENSORMAP_H
#define RINGRT_DEVICE_SIM_TENSORMAP_H

#include "ringrt/sim.h"

#include <cstdint>
#include <string>

namespace ringrt::sim {

/// Where swizzling with a span of `span` bytes (0: none) puts the 16 bytes at
/// `address`: within 16, 32, 64 or 128 bytes, bits 4.. are exchanged by those
/// three above them.
inline uint32_t swizzle(uint32_t address, uint32_t span) {
  const uint32_t mask = span == 0 ? 0 : span / 16 - 1;
  return address ^ (address >> 7 & mask) << 4;
}

/// 16 bytes of a box. Those from `low` to `high` - 1 are in the tensor; they
/// are at `global + low`, the others nowhere.
struct Chunk {
  uint32_t shared;
  uint64_t global;
  uint32_t low, high;
};

/// The box of `map` at `coordinates` and its place in shared memory, row after
/// row of its dimension 0.
class Box {
public:
  Box(const rs_tensor_map &map, const int32_t *coordinates, uint32_t shared);

  /// Bytes that a copy moves, and that it spans in shared memory: the rows of
  /// a swizzled box are as long as the span.
  uint32_t bytes() const { return rows * rowBytes; }
  uint32_t footprint() const { return rows * pitch; }
  bool dense() const { return pitch == rowBytes; }

  template <typename Function>
  void forEachChunk(const Function &function) const {
    uint32_t index[5] = {};
    for (uint32_t row = 0; row < rows; ++row) {
      uint64_t address = map.base;
      bool inside = true;
      for (uint32_t d = 1; d < map.rank; ++d) {
        const int64_t at = int64_t(coordinates[d]) + index[d];
        inside &= at >= 0 && static_cast<uint64_t>(at) < map.size[d];
        address += static_cast<uint64_t>(at) * map.stride[d - 1];
      }
      for (uint32_t offset = 0; offset < rowBytes; offset += 16) {
        const int64_t first =
            int64_t(coordinates[0]) * map.element_bytes + offset;
        const auto size = static_cast<int64_t>(map.size[0]) * map.element_bytes;
        Chunk chunk;
        chunk.shared = swizzle(shared + row * pitch + offset, map.swizzle);
        chunk.global = address + static_cast<uint64_t>(first);
        chunk.low = inside ? clamp(-first) : 0;
        chunk.high = inside ? clamp(size - first) : 0;
        function(chunk);
      }
      for (uint32_t d = 1; d < map.rank; ++d) {
        if (++index[d] < map.box[d])
          break;
        index[d] = 0;
      }
    }
  }

private:
  static uint32_t clamp(int64_t bytes) {
    return bytes < 0 ? 0 : bytes > 16 ? 16 : static_cast<uint32_t>(bytes);
  }

  const rs_tensor_map &map;
  const int32_t *coordinates;
  uint32_t shared;
  uint32_t rows, rowBytes, pitch;
};

/// What makes the map invalid, or nothing.
std::string findError(const rs_tensor_map &map);

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_TENSORMAP_H

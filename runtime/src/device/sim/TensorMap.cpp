//===- TensorMap.cpp - Walks the box of a tensor copy ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/TensorMap.h"
#include "core/Status.h"

using namespace ringrt;
using namespace ringrt::sim;

Box::Box(const rs_tensor_map &map, const int32_t *coordinates, uint32_t shared)
    : map(map), coordinates(coordinates), shared(shared), rows(1),
      rowBytes(map.box[0] * map.element_bytes),
      pitch(map.swizzle ? map.swizzle : rowBytes) {
  for (uint32_t d = 1; d < map.rank; ++d)
    rows *= map.box[d];
}

std::string ringrt::sim::findError(const rs_tensor_map &map) {
  if (map.rank < 1 || map.rank > 5)
    return formatString("rank %u: expected 1 to 5", map.rank);
  if (map.element_bytes == 0 || map.element_bytes > 8 ||
      (map.element_bytes & (map.element_bytes - 1)) != 0)
    return formatString("%u bytes an element: expected 1, 2, 4 or 8",
                        map.element_bytes);
  if (map.base == 0 || map.base % 16 != 0)
    return "the base address is not a multiple of 16";
  if (map.swizzle != 0 && map.swizzle != 32 && map.swizzle != 64 &&
      map.swizzle != 128)
    return formatString("swizzle of %u bytes: expected 0, 32, 64 or 128",
                        map.swizzle);
  uint64_t bytes = map.element_bytes;
  for (uint32_t d = 0; d < map.rank; ++d) {
    if (map.size[d] == 0 || map.size[d] > uint64_t(1) << 32)
      return formatString("size %llu of dimension %u: expected 1 to 2^32",
                          static_cast<unsigned long long>(map.size[d]), d);
    if (map.box[d] == 0 || map.box[d] > 256)
      return formatString("box of %u in dimension %u: expected 1 to 256",
                          map.box[d], d);
    if (d > 0 &&
        (map.stride[d - 1] % 16 != 0 || map.stride[d - 1] >= uint64_t(1) << 40))
      return formatString("stride %llu of dimension %u: expected a multiple of "
                          "16 below 2^40",
                          static_cast<unsigned long long>(map.stride[d - 1]),
                          d);
    bytes *= map.box[d];
  }
  const uint32_t row = map.box[0] * map.element_bytes;
  if (row % 16 != 0)
    return formatString("rows of %u bytes: expected a multiple of 16", row);
  if (map.swizzle != 0 && row > map.swizzle)
    return formatString("rows of %u bytes: expected at most the %u of the "
                        "swizzle",
                        row, map.swizzle);
  if (bytes > uint64_t(1) << 19)
    return formatString("a box of %llu bytes does not fit in shared memory",
                        static_cast<unsigned long long>(bytes));
  return "";
}

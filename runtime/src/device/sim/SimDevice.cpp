//===- SimDevice.cpp - The simulator as a world's device ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/SimDevice.h"

#include "ringrt/sim.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace ringrt {

/// TMA takes addresses and strides in these units (CUDA Driver API,
/// cuTensorMapEncodeTiled).
static constexpr int64_t tensorMapUnit = 16;
static constexpr int64_t mostBox = 256;
static constexpr int rank = 4;
/// Blocks of a grid (CUDA C Programming Guide, "Technical Specifications per
/// Compute Capability").
static constexpr int64_t mostBlocks[3] = {2147483647, 65535, 65535};

Status SimDevice::takeSeed() {
  const char *text = std::getenv("RINGRT_SIM_SEED");
  if (!text)
    return {};
  uint64_t seed = 0;
  const char *end = text + strlen(text);
  if (auto [rest, error] = std::from_chars(text, end, seed);
      error != std::errc() || rest != end)
    return makeError(RR_INVALID_ARGUMENT,
                     "RINGRT_SIM_SEED is '%s', expected an integer of at least "
                     "0",
                     text);
  firstSeed = seed;
  return {};
}

Status SimDevice::check(const Module &module) {
  if (const std::string &target = module.manifest().target; target != "sm_90a")
    return makeError(RR_INVALID_ARGUMENT,
                     "the module is compiled for target '%s', which device sim "
                     "does not run, expected sm_90a",
                     target.c_str());
  for (uint64_t i = 0; i < module.numKernels(); ++i)
    if (!module.kernel(i).simulated)
      return makeError(RR_INVALID_ARGUMENT,
                       "kernel '%s' has no code for the simulator, expected a "
                       "module compiled with --with-sim",
                       module.kernel(i).name);
  return takeSeed();
}

static Status checkAddress(uintptr_t address) {
  const uintptr_t excess = address % tensorMapUnit;
  if (excess == 0)
    return {};
  return makeError(RR_INVALID_ARGUMENT,
                   "TMA cannot load an array that starts %d bytes after a "
                   "multiple of %lld, expected such a multiple",
                   static_cast<int>(excess),
                   static_cast<long long>(tensorMapUnit));
}

static Status checkStride(const char *dimension, int64_t bytes) {
  if (bytes % tensorMapUnit == 0)
    return {};
  return makeError(RR_INVALID_ARGUMENT,
                   "TMA cannot load an array whose stride of %s is %lld bytes, "
                   "expected a multiple of %lld",
                   dimension, static_cast<long long>(bytes),
                   static_cast<long long>(tensorMapUnit));
}

Status SimDevice::makeTensorMap(const TensorMapRequest &request, void *out) {
  static const char *const dimensions[rank] = {"batches", "heads", "rows", ""};
  if (request.strides[rank - 1] != 1)
    return makeError(
        RR_INVALID_ARGUMENT,
        "TMA cannot load an array whose elements of a row are %lld "
        "apart, expected 1",
        static_cast<long long>(request.strides[rank - 1]));
  auto base = reinterpret_cast<uintptr_t>(request.base);
  if (Status status = checkAddress(base); !status.ok())
    return status;
  rs_tensor_map map = {};
  map.base = base;
  map.rank = rank;
  map.element_bytes = static_cast<uint16_t>(request.elementBytes);
  map.swizzle = 128;
  for (int dim = 0; dim < rank; ++dim) {
    int source = rank - 1 - dim;
    map.size[dim] = static_cast<uint64_t>(request.sizes[source]);
    map.box[dim] = 1;
    if (dim == 0)
      continue;
    int64_t bytes = request.strides[source] * request.elementBytes;
    // A dimension of one element has no stride to speak of.
    if (request.sizes[source] > 1)
      if (Status status = checkStride(dimensions[source], bytes); !status.ok())
        return status;
    map.stride[dim - 1] = request.sizes[source] > 1
                              ? static_cast<uint64_t>(bytes)
                              : static_cast<uint64_t>(tensorMapUnit);
  }
  for (int dim = 0; dim < 2; ++dim) {
    if (request.box[dim] < 1 || request.box[dim] > mostBox)
      return makeError(
          RR_INVALID_ARGUMENT, "a box has %lld %s, expected 1 to %lld",
          static_cast<long long>(request.box[dim]),
          dim == 0 ? "columns" : "rows", static_cast<long long>(mostBox));
    map.box[dim] = static_cast<uint32_t>(request.box[dim]);
  }
  static_assert(sizeof(map) <= 128);
  memcpy(out, &map, sizeof(map));
  return {};
}

Status SimDevice::launch(int32_t rank, const rr_kernel &kernel,
                         const int64_t *grid, const void *const *arguments,
                         const std::vector<MemoryRange> &memory) {
  rs_launch launch = {};
  launch.struct_size = sizeof(launch);
  for (int dim = 0; dim < 3; ++dim) {
    if (grid[dim] == 0)
      return {};
    if (grid[dim] < 0 || grid[dim] > mostBlocks[dim])
      return makeError(RR_INVALID_ARGUMENT,
                       "kernel '%s' has a grid of %lld blocks in dimension %d, "
                       "expected 0 to %lld",
                       kernel.name, static_cast<long long>(grid[dim]), dim,
                       static_cast<long long>(mostBlocks[dim]));
    launch.grid[dim] = static_cast<uint32_t>(grid[dim]);
  }
  launch.shared_bytes = kernel.shared_bytes;
  const uint64_t number = launches[rank]++;
  launch.seed = firstSeed + number * launches.size() + rank;
  launch.arguments = arguments;
  // Never null, so that an access is an error where there is no memory.
  std::vector<rs_array> arrays;
  arrays.reserve(memory.size() + 1);
  for (const MemoryRange &range : memory)
    arrays.push_back({reinterpret_cast<uintptr_t>(range.data),
                      static_cast<uint64_t>(range.bytes)});
  launch.arrays = arrays.data();
  launch.num_arrays = arrays.size();
  char message[1024];
  if (rs_run(kernel.simulated, &launch, message, sizeof(message)) != 0)
    return makeError(RR_INTERNAL, "%s (launch %llu of this rank, seed %llu)",
                     message, static_cast<unsigned long long>(number),
                     static_cast<unsigned long long>(launch.seed));
  return {};
}

} // namespace ringrt

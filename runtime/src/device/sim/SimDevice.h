//===- SimDevice.h - The simulator as a world's device ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_SIMDEVICE_H
#define RINGRT_DEVICE_SIM_SIMDEVICE_H

#include "device/Device.h"

#include <atomic>
#include <vector>

namespace ringrt {

/// Runs simulated kernels on the calling thread, in host memory. Every launch
/// has its own interleaving: launch k of rank r that of the seed s + k * P + r,
/// where s is RINGRT_SIM_SEED or 0.
class SimDevice : public Device {
public:
  explicit SimDevice(int32_t ranks) : launches(ranks) {}

  Status check(const Module &module) override;
  Status makeTensorMap(const TensorMapRequest &request, void *map) override;
  Status launch(int32_t rank, const rr_kernel &kernel, const int64_t *grid,
                const void *const *arguments,
                const std::vector<MemoryRange> &memory) override;

private:
  Status takeSeed();

  std::atomic<uint64_t> firstSeed{0};
  /// Of each rank, so far.
  std::vector<std::atomic<uint64_t>> launches;
};

} // namespace ringrt

#endif // RINGRT_DEVICE_SIM_SIMDEVICE_H

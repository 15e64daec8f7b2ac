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

namespace ringrt {

/// Runs simulated kernels on the calling thread, in host memory. Every launch
/// has its own interleaving: the first that of seed 0, or RINGRT_SIM_SEED.
class SimDevice : public Device {
public:
  Status check(const Module &module) override;
  Status makeTensorMap(const TensorMapRequest &request, void *map) override;
  Status launch(const rr_kernel &kernel, const int64_t *grid,
                const void *const *arguments) override;

private:
  Status takeSeed();

  std::atomic<uint64_t> nextSeed{0};
};

} // namespace ringrt

#endif // RINGRT_DEVICE_SIM_SIMDEVICE_H

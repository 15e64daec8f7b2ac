//===- Device.h - Where the kernels of a module run -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_DEVICE_H
#define RINGRT_DEVICE_DEVICE_H

#include "core/Module.h"
#include "core/Status.h"
#include "device/cpu/Memory.h"
#include "ringrt/ringrt.h"

#include <memory>

namespace ringrt {

/// An array of rank 4 (B x H x S x D) and the boxes in which it is loaded; see
/// `rr_imports::tensor_map`.
struct TensorMapRequest {
  const void *base;
  int64_t elementBytes;
  const int64_t *sizes;
  const int64_t *strides;
  const int64_t *box;
};

/// Runs kernels for GPUs on behalf of all ranks of a world; calls may come from
/// any of their threads.
class Device {
public:
  virtual ~Device() = default;
  /// Fails for a module without code for this device.
  virtual Status check(const Module &module) = 0;
  virtual Status makeTensorMap(const TensorMapRequest &request, void *map) = 0;
  /// `memory`: what the kernel may access.
  virtual Status launch(int32_t rank, const rr_kernel &kernel,
                        const int64_t *grid, const void *const *arguments,
                        const std::vector<MemoryRange> &memory) = 0;
};

/// For a world of `ranks`; null for the device that runs no kernels for GPUs.
std::unique_ptr<Device> createDevice(rr_device kind, int32_t ranks);

/// Fails for a module that `device` (null: CPUs) does not run.
Status checkDevice(Device *device, const Module &module);

} // namespace ringrt

#endif // RINGRT_DEVICE_DEVICE_H

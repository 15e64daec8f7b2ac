//===- Device.cpp - Where the kernels of a module run ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/Device.h"

#include "device/sim/SimDevice.h"

namespace ringrt {

std::unique_ptr<Device> createDevice(rr_device kind, int32_t ranks) {
  if (kind == RR_DEVICE_SIM)
    return std::make_unique<SimDevice>(ranks);
  return nullptr;
}

Status checkDevice(Device *device, const Module &module) {
  if (device)
    return device->check(module);
  if (const std::string &target = module.manifest().target; target != "cpu")
    return makeError(RR_INVALID_ARGUMENT,
                     "the module is compiled for target '%s', which device cpu "
                     "does not run, expected target cpu or device sim",
                     target.c_str());
  return {};
}

} // namespace ringrt

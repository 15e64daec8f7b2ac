//===- WarpOps.h - Instructions of the lanes of a warp ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_WARPOPS_H
#define RINGRT_DEVICE_SIM_WARPOPS_H

#include "device/sim/Thread.h"

#include <cstdint>

namespace ringrt::sim {

uint32_t shuffle(Thread &thread, uint32_t where, uint32_t mask, uint32_t value,
                 uint32_t lane, uint32_t clamp, int32_t kind);
/// Which lane is elected depends on the mask and the seed only.
uint32_t elect(Thread &thread, uint32_t where, uint32_t mask);
void warpSync(Thread &thread, uint32_t where, uint32_t mask);

void loadMatrices(Thread &thread, uint32_t where, uint32_t address,
                  uint32_t *registers, int32_t count, bool transpose);
void storeMatrices(Thread &thread, uint32_t where, uint32_t address,
                   const uint32_t *registers, int32_t count, bool transpose);

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_WARPOPS_H

//===- FakeGolden.h - Golden vectors on the simulator -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TEST_FAKEGOLDEN_H
#define RINGATTN_TEST_FAKEGOLDEN_H

#include "ringrt/sim.h"

#include <string>

/// The kernel `name` as GoldenKernels.cpp and GoldenInstructions.cpp describe
/// it; one is run at a time.
rs_kernel findGoldenKernel(const std::string &name);

#endif // RINGATTN_TEST_FAKEGOLDEN_H

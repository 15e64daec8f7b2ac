//===- Golden.h - Golden vectors on the GPU ---------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One kernel for every vector of runtime/test/SimInstructions.h and
// SimGolden.h, in PTX written by hand: no line of the compiler takes part, nor
// of the simulator.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_GOLDEN_H
#define RINGATTN_GPUCHECK_GOLDEN_H

#include "Device.h"

#include <string>

namespace gpucheck {

/// Where the operand B of a product is in shared memory; A, and boxes of
/// copies, are at its start.
constexpr unsigned goldenOffsetB = 32 * 1024;
constexpr unsigned goldenSharedBytes = 160 * 1024;

/// PTX with a kernel for every vector: instruction_<i>, wgmma_<i>, load_<i>,
/// store_<i>, <i> counting the cases of the headers.
std::string makeGoldenKernels();

/// What is wrong, or nothing; what came where nothing is promised.
struct GoldenResult {
  std::string wrong, note;
};

int countGolden();
std::string nameGolden(int index);
/// Runs vector `index` with the kernels loaded as `module`.
GoldenResult runGolden(Device &device, cuda::Module module, int index);

} // namespace gpucheck

#endif // RINGATTN_GPUCHECK_GOLDEN_H

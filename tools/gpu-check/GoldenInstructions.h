//===- GoldenInstructions.h - Kernels of single instructions ----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_GOLDENINSTRUCTIONS_H
#define RINGATTN_GPUCHECK_GOLDENINSTRUCTIONS_H

#include <iosfwd>

namespace gpucheck {

/// A kernel instruction_<i> in PTX for every vector of
/// runtime/test/SimInstructions.h: its input words and where its output goes.
void writeInstructionKernels(std::ostream &os);

} // namespace gpucheck

#endif // RINGATTN_GPUCHECK_GOLDENINSTRUCTIONS_H

//===- Passes.h - The tile program on sm_90a --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_HOPPER_PASSES_H
#define RINGATTN_CODEGEN_HOPPER_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ringattn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Codegen/Hopper/Passes.h.inc"

/// Kernels as the tile program, then as device functions in `gpu.module`. The
/// host's CPU and features are as in `describeCPU`.
void buildHopperTilePhase(mlir::OpPassManager &pm);
void buildHopperTargetPhase(mlir::OpPassManager &pm, llvm::StringRef targetCpu,
                            llvm::StringRef targetFeatures);

void registerHopperKernelPipelines();

} // namespace ringattn

#endif // RINGATTN_CODEGEN_HOPPER_PASSES_H

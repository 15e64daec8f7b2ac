//===- Passes.h - The tile program on x86-64 --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_CPU_PASSES_H
#define RINGATTN_CODEGEN_CPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ringattn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Codegen/CPU/Passes.h.inc"

/// Outlines the kernels, plans them for a CPU and emits their tile programs:
/// the phase `tile`. Empty strings: the CPU this runs on.
void buildTilePhase(mlir::OpPassManager &pm, llvm::StringRef targetCpu,
                    llvm::StringRef targetFeatures);

/// Lowers the tile programs to vectors and parallel loops: the phase `target`.
void buildCPUTargetPhase(mlir::OpPassManager &pm, llvm::StringRef targetCpu,
                         llvm::StringRef targetFeatures);

/// Registers `ringattn-cpu-kernels`, both phases.
void registerCPUKernelPipeline();

} // namespace ringattn

#endif // RINGATTN_CODEGEN_CPU_PASSES_H

//===- Pipeline.cpp - The CPU's phases --------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Support/CPUDescription.h"
#include "ringattn/Support/PipelineRegistration.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace ringattn;

static void cleanUp(OpPassManager &kernels) {
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void ringattn::buildTilePhase(OpPassManager &pm, StringRef targetCpu,
                              StringRef targetFeatures) {
  pm.addPass(createOutlineKernelsPass());
  OpPassManager &kernels = pm.nest<func::FuncOp>();
  PlanCPUTilesPassOptions plan;
  plan.targetCpu = targetCpu.str();
  plan.targetFeatures = targetFeatures.str();
  kernels.addPass(createPlanCPUTilesPass(plan));
  kernels.addPass(createEmitTileProgramPass());
  cleanUp(kernels);
}

void ringattn::buildCPUTargetPhase(OpPassManager &pm, StringRef targetCpu,
                                   StringRef targetFeatures) {
  {
    OpPassManager &kernels = pm.nest<func::FuncOp>();
    kernels.addPass(createTileCPUContractsPass());
    kernels.addPass(createPackCPUOperandsPass());
    kernels.addPass(createLowerTileTransfersPass());
    kernels.addPass(createVectorizeCPUTilesPass());
    cleanUp(kernels);
  }
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferAlignment = 64;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));

  OpPassManager &kernels = pm.nest<func::FuncOp>();
  cleanUp(kernels);
  kernels.addPass(createPlaceTileBuffersPass());
  kernels.addPass(vector::createLowerVectorMultiReductionPass(
      vector::VectorMultiReductionLowering::InnerReduction));
  cleanUp(kernels);
  kernels.addPass(createUnrollCPUVectorsPass());
  cleanUp(kernels);
  kernels.addPass(createLoopInvariantCodeMotionPass());
  // Before views are folded: the indices of accumulators within their block are
  // constants, which makes disjointness trivial to see.
  kernels.addPass(createHoistAccumulatorsPass());
  kernels.addPass(memref::createFoldMemRefAliasOpsPass());
  cleanUp(kernels);
  kernels.addPass(createLoopInvariantCodeMotionPass());
  kernels.addPass(createExpandCPUMathPass());
  kernels.addPass(createLowerCPUVectorsPass());
  LegalizeNarrowFloatsPassOptions narrow;
  narrow.targetCpu = targetCpu.str();
  narrow.targetFeatures = targetFeatures.str();
  kernels.addPass(createLegalizeNarrowFloatsPass(narrow));
  kernels.addPass(createLowerAffinePass());
  cleanUp(kernels);
  pm.addPass(createOutlineParallelPass());
}

namespace {
struct CPUKernelOptions : PassPipelineOptions<CPUKernelOptions> {
  Option<std::string> targetCpu{*this, "target-cpu",
                                llvm::cl::desc("CPU in LLVM's names")};
  Option<std::string> targetFeatures{
      *this, "target-features",
      llvm::cl::desc("features added to or taken from the CPU's")};
};
} // namespace

void ringattn::registerCPUKernelPipeline() {
  registerCheckedPipeline<CPUKernelOptions>(
      "ringattn-cpu-kernels",
      "Lowers the steps of a ring loop to kernels for x86-64",
      [](const CPUKernelOptions &options) {
        return describeCPU(options.targetCpu, options.targetFeatures)
            .takeError();
      },
      [](OpPassManager &pm, const CPUKernelOptions &options) {
        buildTilePhase(pm, options.targetCpu, options.targetFeatures);
        buildCPUTargetPhase(pm, options.targetCpu, options.targetFeatures);
      });
}

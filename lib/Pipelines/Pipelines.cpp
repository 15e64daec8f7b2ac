//===- Pipelines.cpp - From attention to a target -------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Pipelines/Pipelines.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"

using namespace mlir;
using namespace ringattn;

static void buildGlobalPhase(OpPassManager &pm) {
  pm.addPass(createInlinerPass());
  pm.addPass(createSymbolDCEPass());
  pm.addPass(createRecordProgramPass());
}

static void buildSPMDPhase(OpPassManager &pm) {
  pm.addPass(createPartitionPass());
  // No CSE before bufferization: it would merge destinations.
  pm.addPass(createCanonicalizerPass());
}

static void buildRingPhase(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  options.bufferAlignment = 64;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(bufferization::createDropEquivalentBufferResultsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createFormRingPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildScheduledPhase(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createPlanRingPass());
  pm.addNestedPass<func::FuncOp>(createScheduleRingPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void ringattn::buildPhase(OpPassManager &pm, Phase phase,
                          const RingAttnPipelineOptions &options) {
  switch (phase) {
  case Phase::Global:
    return buildGlobalPhase(pm);
  case Phase::SPMD:
    return buildSPMDPhase(pm);
  case Phase::Ring:
    return buildRingPhase(pm);
  case Phase::Scheduled:
    return buildScheduledPhase(pm);
  case Phase::Tile:
  case Phase::Target:
  case Phase::LLVM:
    return;
  }
}

void ringattn::buildRingAttnPipeline(OpPassManager &pm,
                                     const RingAttnPipelineOptions &options) {
  std::optional<Phase> last = symbolizePhase(options.compileTo);
  for (Phase phase : getAllPhases()) {
    buildPhase(pm, phase, options);
    if (phase == last)
      return;
  }
}

void ringattn::registerRingAttnPipelines() {
  PassPipelineRegistration<RingAttnPipelineOptions>(
      "ringattn-pipeline",
      "Lowers sharded attention to a ring loop with generated kernels",
      buildRingAttnPipeline);
}

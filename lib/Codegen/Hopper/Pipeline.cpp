//===- Pipeline.cpp - From steps of the ring to kernels for sm_90a --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Hopper/Passes.h"
#include "ringattn/Codegen/Tile/Passes.h"

#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace ringattn;

/// Kernels that have a plan, and are the steps of the ring still.
static void buildPlannedKernels(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createStartEmptyPass());
  pm.addNestedPass<func::FuncOp>(createFinishStepsPass());
  pm.addNestedPass<func::FuncOp>(createGeneralizeShapesPass());
  pm.addPass(createOutlineKernelsPass());
  pm.addNestedPass<func::FuncOp>(createPlanHopperTilesPass());
}

void ringattn::buildHopperTilePhase(OpPassManager &pm) {
  buildPlannedKernels(pm);
  OpPassManager &kernels = pm.nest<func::FuncOp>();
  kernels.addPass(createEmitTileProgramPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void ringattn::buildHopperTargetPhase(OpPassManager &pm, StringRef targetCpu,
                                      StringRef targetFeatures) {
  OpPassManager &kernels = pm.nest<func::FuncOp>();
  // What does not change with the tile of keys leaves the loop first: it is not
  // scheduled.
  kernels.addPass(createLoopInvariantCodeMotionPass());
  kernels.addPass(createScheduleTilesPass());
  kernels.addPass(createPipelineTilesPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createCanonicalizerPass());
  pm.addPass(createSpecializeWarpsPass());
  LegalizeNarrowFloatsPassOptions narrow;
  narrow.targetCpu = targetCpu.str();
  narrow.targetFeatures = targetFeatures.str();
  pm.addNestedPass<func::FuncOp>(createLegalizeNarrowFloatsPass(narrow));
  pm.addPass(createLaunchLoopsPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
  OpPassManager &device = pm.nest<gpu::GPUModuleOp>();
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
  device.addPass(createLoopInvariantCodeMotionPass());
  device.addPass(createSCFToControlFlowPass());
  // Not nvvm: some of its ops would become assembly, which is for PTX only.
  ConvertToLLVMPassOptions plain;
  plain.filterDialects = {"arith", "cf", "index", "math", "ub", "vector"};
  device.addPass(createConvertToLLVMPass(plain));
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
}

void ringattn::registerHopperKernelPipelines() {
  PassPipelineRegistration<>("ringattn-hopper-plan",
                             "Outlines the steps of a ring loop and plans "
                             "their kernels for sm_90a, for a person to edit",
                             buildPlannedKernels);
  PassPipelineRegistration<>("ringattn-hopper-kernels",
                             "Lowers the steps of a ring loop to kernels for "
                             "sm_90a, in the llvm, nvvm "
                             "and ringptx dialects",
                             [](OpPassManager &pm) {
                               buildHopperTilePhase(pm);
                               buildHopperTargetPhase(pm, "", "");
                             });
}

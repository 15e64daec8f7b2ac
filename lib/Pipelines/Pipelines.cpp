//===- Pipelines.cpp - From attention to a target -------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Pipelines/Pipelines.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Hopper/Passes.h"
#include "ringattn/Conversion/NVVMToSim/Passes.h"
#include "ringattn/Conversion/RingToLLVM/Passes.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"
#include "ringattn/Dialect/RingComm/Transforms/Passes.h"
#include "ringattn/Dialect/RingPTX/Transforms/Passes.h"
#include "ringattn/Support/CPUDescription.h"
#include "ringattn/Support/PipelineRegistration.h"
#include "ringattn/Target/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ringattn;

static constexpr llvm::StringLiteral kCPU = "cpu", kHopper = "sm_90a";
/// Values of the option `device-code`.
static constexpr llvm::StringLiteral kCubin = "cubin", kPTX = "ptx",
                                     kNone = "none";

llvm::ArrayRef<llvm::StringLiteral> ringattn::getAllTargets() {
  static constexpr llvm::StringLiteral targets[] = {kCPU, kHopper};
  return targets;
}

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
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  options.bufferAlignment = 64;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createFreeTemporariesPass());
  pm.addNestedPass<func::FuncOp>(createFormRingPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildScheduledPhase(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createPlanRingPass());
  pm.addNestedPass<func::FuncOp>(createScheduleRingPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(ringcomm::createRingCommVerify());
}

/// Code of the kernels for GPUs, for each device that wants some.
static void buildDeviceCode(OpPassManager &pm,
                            const RingAttnPipelineOptions &options) {
  pm.addPass(ringptx::createRingPTXVerify());
  if (options.withSim) {
    ConvertNVVMToSimPassOptions sim;
    sim.targetCpu = options.targetCpu;
    sim.targetFeatures = options.targetFeatures;
    pm.addPass(createConvertNVVMToSimPass(sim));
  }
  if (options.deviceCode == kNone)
    return;
  AssembleKernelsPassOptions assemble;
  assemble.ptxOnly = options.deviceCode == kPTX;
  pm.addPass(createAssembleKernelsPass(assemble));
}

static void buildLLVMPhase(OpPassManager &pm,
                           const RingAttnPipelineOptions &options) {
  if (options.target != kCPU)
    buildDeviceCode(pm, options);
  EmitEntriesPassOptions entries;
  entries.target = options.target;
  entries.targetCpu = options.targetCpu;
  entries.targetFeatures = options.targetFeatures;
  pm.addPass(createEmitEntriesPass(entries));
  pm.addPass(createExpandIndexOpsPass());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addPass(createLowerSpansPass());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  // Nothing that could move an access or an exchange comes after.
  pm.addPass(ringcomm::createRingCommVerify());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createLowerRuntimeOpsPass());

  // Integer powers are calls into a support library that packages lack.
  math::MathExpandOpsPassOptions expansion;
  expansion.opMnemonics = {"fpowi"};
  pm.addPass(math::createMathExpandOpsPass(expansion));
  ConvertVectorToLLVMPassOptions vectorOptions;
  vectorOptions.x86Vector = true;
  vectorOptions.reassociateFPReductions = true;
  pm.addPass(createConvertVectorToLLVMPass(vectorOptions));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createConvertVectorToLLVMPass(vectorOptions));
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addNestedPass<LLVM::LLVMFuncOp>(createMoveNarrowFloatsPass());
  pm.addPass(createEmitModuleQueryPass());
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
    if (options.target == kHopper)
      return buildHopperTilePhase(pm);
    return buildTilePhase(pm, options.targetCpu, options.targetFeatures);
  case Phase::Target:
    if (options.target == kHopper)
      return buildHopperTargetPhase(pm, options.targetCpu,
                                    options.targetFeatures);
    return buildCPUTargetPhase(pm, options.targetCpu, options.targetFeatures);
  case Phase::LLVM:
    return buildLLVMPhase(pm, options);
  }
}

namespace {
/// Stands for a pipeline whose options are wrong: fails with the reason.
struct RejectOptions
    : public PassWrapper<RejectOptions, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RejectOptions)

  explicit RejectOptions(std::string reason) : reason(std::move(reason)) {}
  StringRef getArgument() const override { return "ringattn-reject-options"; }
  void runOnOperation() override {
    emitError(UnknownLoc::get(&getContext())) << reason;
    signalPassFailure();
  }

  std::string reason;
};
} // namespace

static llvm::Error checkDeviceCode(const RingAttnPipelineOptions &options) {
  StringRef code = options.deviceCode;
  if (code.empty())
    return llvm::Error::success();
  const SmallVector<StringRef> kinds = {kCubin, kPTX, kNone};
  if (!llvm::is_contained(kinds, code))
    return llvm::createStringError("unknown device code '" + code +
                                   "', expected one of " +
                                   llvm::join(kinds, ", "));
  if (options.target == kCPU)
    return llvm::createStringError("device code '" + code +
                                   "' is for GPUs, but the target is cpu, "
                                   "expected sm_90a");
  if (code == kNone && !options.withSim)
    return llvm::createStringError("device code 'none' leaves nothing that "
                                   "runs, expected with-sim, cubin or ptx");
  return llvm::Error::success();
}

llvm::Error
ringattn::checkPipelineOptions(const RingAttnPipelineOptions &options) {
  auto wrong = [](StringRef what, StringRef value, const auto &expected) {
    return llvm::createStringError(
        what + " '" + value + "' is not available in this build, expected " +
        llvm::join(expected, " or "));
  };
  if (!llvm::is_contained(getAllTargets(), options.target))
    return wrong("target", options.target, getAllTargets());
  if (llvm::Error error = checkDeviceCode(options))
    return error;
  if (options.withSim && options.target == kCPU)
    return llvm::createStringError("the simulator runs kernels for GPUs, but "
                                   "the target is cpu, expected sm_90a");
  if (!symbolizePhase(options.compileTo))
    return llvm::createStringError(
        "unknown phase '" + options.compileTo + "', expected one of " +
        llvm::join(llvm::map_range(getAllPhases(), stringifyPhase), ", "));
  return describeCPU(options.targetCpu, options.targetFeatures).takeError();
}

void ringattn::buildRingAttnPipeline(OpPassManager &pm,
                                     const RingAttnPipelineOptions &options) {
  if (llvm::Error error = checkPipelineOptions(options)) {
    pm.addPass(
        std::make_unique<RejectOptions>(llvm::toString(std::move(error))));
    return;
  }
  std::optional<Phase> last = symbolizePhase(options.compileTo);
  for (Phase phase : getAllPhases()) {
    buildPhase(pm, phase, options);
    if (phase == last)
      return;
  }
}

void ringattn::registerRingAttnPipelines() {
  registerCheckedPipeline<RingAttnPipelineOptions>(
      "ringattn-pipeline",
      "Lowers sharded attention to a ring loop with generated kernels",
      checkPipelineOptions, buildRingAttnPipeline);
}

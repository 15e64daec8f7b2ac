//===- Pipelines.h - From attention to a target -----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lowering pipeline as one function per phase boundary. A phase names the
// state of the program *after* its passes:
//
//   global     ringattn.attention on global tensors, verified
//   spmd       ringattn.ring_attention on local shards (tensors)
//   ring       the ring loop on memrefs, exchange after compute
//   scheduled  the overlapped ring loop, proved by ringcomm-verify
//   tile       kernels outlined, the tile program in them
//   target     kernels lowered for the target
//   llvm       everything in the LLVM dialect, against the runtime's ABI
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_PIPELINES_PIPELINES_H
#define RINGATTN_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "llvm/Support/Error.h"

#include <string>

namespace ringattn {

enum class Phase { Global, SPMD, Ring, Scheduled, Tile, Target, LLVM };

/// All phases in order.
llvm::ArrayRef<Phase> getAllPhases();
/// The phase's name on command lines, e.g. "scheduled".
llvm::StringRef stringifyPhase(Phase phase);
std::optional<Phase> symbolizePhase(llvm::StringRef name);

struct RingAttnPipelineOptions
    : public mlir::PassPipelineOptions<RingAttnPipelineOptions> {
  Option<std::string> target{
      *this, "target", llvm::cl::desc("cpu or sm_90a (sm_80 is reserved)"),
      llvm::cl::init("cpu")};
  Option<std::string> targetCpu{
      *this, "target-cpu",
      llvm::cl::desc("CPU to generate code for, in LLVM's names; default: the "
                     "one this runs on"),
      llvm::cl::init("")};
  Option<std::string> targetFeatures{
      *this, "target-features",
      llvm::cl::desc("features added to or taken from the CPU's, in LLVM's "
                     "form: +avx2,-avx512f"),
      llvm::cl::init("")};
  Option<std::string> deviceCode{
      *this, "device-code",
      llvm::cl::desc("what kernels for GPUs become: cubin (and PTX; default; "
                     "needs ptxas), ptx, or none"),
      llvm::cl::init("")};
  Option<bool> withSim{
      *this, "with-sim",
      llvm::cl::desc("kernels for GPUs also become code for the simulator"),
      llvm::cl::init(false)};
  Option<std::string> compileTo{
      *this, "compile-to",
      llvm::cl::desc("stop after this phase: global, spmd, ring, scheduled, "
                     "tile, target, llvm"),
      llvm::cl::init("llvm")};
};

/// Names of the targets that there is a code generator for.
llvm::ArrayRef<llvm::StringLiteral> getAllTargets();

/// Adds the passes that lead from the phase before `phase` to `phase`.
void buildPhase(mlir::OpPassManager &pm, Phase phase,
                const RingAttnPipelineOptions &options);

/// What is wrong with the values of `options`, if anything.
llvm::Error checkPipelineOptions(const RingAttnPipelineOptions &options);

/// Adds all phases up to `options.compileTo`. For options that
/// `checkPipelineOptions` refuses, adds a pass that fails with the reason.
void buildRingAttnPipeline(mlir::OpPassManager &pm,
                           const RingAttnPipelineOptions &options);

/// Registers `ringattn-pipeline`.
void registerRingAttnPipelines();

} // namespace ringattn

#endif // RINGATTN_PIPELINES_PIPELINES_H

//===- InitAllPasses.cpp - Every pass and pipeline ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/InitAllPasses.h"

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Hopper/Passes.h"
#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Conversion/NVVMToSim/Passes.h"
#include "ringattn/Conversion/RingPTXToNVVM/Passes.h"
#include "ringattn/Conversion/RingToLLVM/Passes.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"
#include "ringattn/Dialect/RingComm/Transforms/Passes.h"
#include "ringattn/Dialect/RingPTX/Transforms/Passes.h"
#include "ringattn/Pipelines/Pipelines.h"
#include "ringattn/Target/Passes.h"

void ringattn::registerAllPasses() {
  registerRingAttnTransformsPasses();
  ringcomm::registerRingCommPasses();
  ringptx::registerRingPTXPasses();
  registerRingToLLVMPasses();
  registerRingPTXToNVVMPasses();
  registerNVVMToSimPasses();
  registerRingAttnTargetPasses();
  registerRingAttnTilePasses();
  registerRingAttnCPUPasses();
  registerRingAttnHopperPasses();
  registerHopperKernelPipelines();
  registerCPUKernelPipeline();
  registerRingAttnPipelines();
}

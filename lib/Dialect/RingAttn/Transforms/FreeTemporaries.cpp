//===- FreeTemporaries.cpp - Buffers live as long as they are used --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace ringattn {
#define GEN_PASS_DEF_FREETEMPORARIESPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Whether the buffers of `function` have their ends already.
static bool frees(func::FuncOp function) {
  return function
      .walk([](memref::DeallocOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

namespace {
struct FreeTemporaries
    : ringattn::impl::FreeTemporariesPassBase<FreeTemporaries> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!function->hasAttr(EntrySignature::kAttrName) || frees(function))
      return;
    OpPassManager passes(func::FuncOp::getOperationName());
    passes.addPass(bufferization::createOwnershipBasedBufferDeallocationPass());
    passes.addPass(createCanonicalizerPass());
    passes.addPass(bufferization::createBufferDeallocationSimplificationPass());
    passes.addPass(bufferization::createLowerDeallocationsPass());
    passes.addPass(createCanonicalizerPass());
    passes.addPass(bufferization::createOptimizeAllocationLivenessPass());
    if (failed(runPipeline(passes, function)))
      signalPassFailure();
  }
};
} // namespace

//===- UnrollVectors.cpp - Vectors of one register --------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/CPUPlan.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorTransforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ringattn {
#define GEN_PASS_DEF_UNROLLCPUVECTORSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// One register of the innermost dimension. A vector that does not divide is
/// left to LLVM.
static std::optional<SmallVector<int64_t>> oneRegister(VectorType type,
                                                       int64_t lanes) {
  if (type.getRank() == 0)
    return std::nullopt;
  SmallVector<int64_t> shape(type.getRank(), 1);
  shape.back() = std::min(lanes, type.getShape().back());
  return shape;
}

static std::optional<SmallVector<int64_t>> nativeShape(Operation *op,
                                                       const CPUPlan &plan) {
  if (auto contract = dyn_cast<vector::ContractionOp>(op)) {
    // The columns fill a register; a dot product also consumes its pair.
    SmallVector<int64_t> shape(contract.getIndexingMapsArray()[0].getNumDims(),
                               1);
    shape[1] = plan.lanes;
    if (shape.size() == 4)
      shape[3] = plan.pair;
    return shape;
  }
  if (auto read = dyn_cast<vector::TransferReadOp>(op)) {
    VectorType type = read.getVectorType();
    auto shape = oneRegister(type, plan.lanes);
    // (..., columns, pair): the pairs of one register of columns.
    if (plan.pair == 2 && type.getRank() == 3 && type.getShape().back() == 2)
      (*shape)[1] = std::min(plan.lanes, type.getDimSize(1));
    return shape;
  }
  if (auto write = dyn_cast<vector::TransferWriteOp>(op))
    return oneRegister(write.getVectorType(), plan.lanes);
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op))
    return oneRegister(broadcast.getResultVectorType(), plan.lanes);
  if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1)
    if (auto type = dyn_cast<VectorType>(op->getResult(0).getType()))
      return oneRegister(type, plan.lanes);
  return std::nullopt;
}

namespace {
struct UnrollCPUVectorsPass
    : ringattn::impl::UnrollCPUVectorsPassBase<UnrollCPUVectorsPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    FailureOr<CPUPlan> plan = CPUPlan::get(kernel);
    if (failed(plan))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    vector::UnrollVectorOptions options;
    options.setNativeShapeFn(
        [&](Operation *op) { return nativeShape(op, *plan); });
    vector::populateVectorUnrollPatterns(patterns, options);
    vector::ExtractStridedSliceOp::getCanonicalizationPatterns(patterns,
                                                               &getContext());
    vector::InsertStridedSliceOp::getCanonicalizationPatterns(patterns,
                                                              &getContext());
    vector::BroadcastOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(kernel, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

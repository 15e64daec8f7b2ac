//===- LowerVectors.cpp - Vectors as instructions have them -----*- C++ -*-===//
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
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Dialect/X86Vector/Transforms.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ringattn {
#define GEN_PASS_DEF_LOWERCPUVECTORSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

struct FmaToMulAdd : OpRewritePattern<vector::FMAOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::FMAOp op,
                                PatternRewriter &rewriter) const override {
    Value product =
        arith::MulFOp::create(rewriter, op.getLoc(), op.getLhs(), op.getRhs());
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op.getAcc());
    return success();
  }
};

/// Vectorization drops the flags of reductions. Sums may be taken in any order;
/// a maximum may ignore NaN (see the row maximum of the tile program).
void restoreFastMath(vector::ReductionOp op) {
  if (!isa<FloatType>(op.getDest().getType()))
    return;
  auto flags = arith::FastMathFlags::reassoc;
  if (op.getKind() != vector::CombiningKind::ADD)
    flags = flags | arith::FastMathFlags::nnan | arith::FastMathFlags::nsz;
  op.setFastmath(flags);
}

struct LowerCPUVectorsPass
    : ringattn::impl::LowerCPUVectorsPassBase<LowerCPUVectorsPass> {
  LogicalResult apply(llvm::function_ref<void(RewritePatternSet &)> populate) {
    RewritePatternSet patterns(&getContext());
    populate(patterns);
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    FailureOr<CPUPlan> plan = CPUPlan::get(kernel);
    if (failed(plan))
      return signalPassFailure();
    kernel.walk(restoreFastMath);
    LogicalResult done = apply([&](RewritePatternSet &patterns) {
      vector::populateFlattenVectorTransferPatterns(patterns);
      if (plan->pair > 1) {
        x86vector::populateVectorContractToPackedTypeDotProductPatterns(
            patterns);
        return;
      }
      vector::populateVectorContractLoweringPatterns(
          patterns, vector::VectorContractLowering::OuterProduct);
      vector::populateVectorOuterProductLoweringPatterns(patterns);
    });
    if (succeeded(done))
      done = apply([&](RewritePatternSet &patterns) {
        vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
        vector::populateFlattenVectorTransferPatterns(patterns);
        vector::populateCastAwayVectorLeadingOneDimPatterns(patterns);
        vector::populateVectorTransferDropUnitDimsPatterns(patterns);
        vector::populateDropUnitDimWithShapeCastPatterns(patterns);
        vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
      });
    if (succeeded(done))
      done = apply([&](RewritePatternSet &patterns) {
        vector::populateVectorTransferLoweringPatterns(patterns,
                                                       /*maxTransferRank=*/1);
        vector::populateScalarVectorTransferLoweringPatterns(
            patterns, /*benefit=*/1, /*allowMultipleUses=*/true);
        vector::populateVectorShapeCastLoweringPatterns(patterns);
        vector::populateVectorBroadcastLoweringPatterns(patterns);
        if (!plan->fma)
          patterns.add<FmaToMulAdd>(&getContext());
      });
    if (failed(done))
      signalPassFailure();
  }
};

} // namespace

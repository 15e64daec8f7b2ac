//===- VectorizeTiles.cpp - linalg on tiles to vectors ----------*- C++ -*-===//
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
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

namespace ringattn {
#define GEN_PASS_DEF_VECTORIZECPUTILESPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Tile sizes that leave one row, or one step of k; empty where the whole op
/// becomes vectors at once.
static SmallVector<int64_t> stepSizes(linalg::LinalgOp op,
                                      const CPUPlan &plan) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (isa<linalg::ContractOp>(op.getOperation())) {
    SmallVector<int64_t> sizes(ranges.size(), 0);
    sizes[2] = 1;
    return sizes;
  }
  // Initialisers of accumulators are fused into a loop over register blocks.
  bool inBlock = llvm::any_of(op->getUsers(), [](Operation *user) {
    return isa<linalg::ContractOp>(user) ||
           (isa<scf::ForOp>(user) &&
            !user->getRegion(0).getOps<linalg::ContractOp>().empty());
  });
  if (ranges.size() < 2 || inBlock)
    return {};
  for (int64_t chunk : {plan.rowChunk, plan.valuePanel, plan.lanes})
    if (ranges[1] % chunk == 0)
      return {1, chunk};
  return {1, 0};
}

/// Rows are as long as heads, whose size may be no multiple of a register's:
/// what is left over becomes an op of its own.
static LogicalResult splitRest(IRRewriter &rewriter, linalg::LinalgOp op,
                               int64_t lanes) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (op.getNumParallelLoops() != 2 || ranges.size() != 2 ||
      ranges[1] < lanes || ranges[1] % lanes == 0)
    return success();
  rewriter.setInsertionPoint(op);
  auto [whole, rest] = linalg::splitOp(
      rewriter, cast<TilingInterface>(op.getOperation()), /*dimension=*/1,
      rewriter.getIndexAttr(ranges[1] / lanes * lanes));
  if (!whole || !rest)
    return op.emitOpError() << "has rows of " << ranges[1]
                            << " that cannot be split, expected an op that "
                               "takes multiples of "
                            << lanes;
  return success();
}

static LogicalResult vectorize(IRRewriter &rewriter, linalg::LinalgOp op,
                               ArrayRef<int64_t> sizes) {
  rewriter.setInsertionPoint(op);
  if (!sizes.empty()) {
    scf::SCFTilingOptions options;
    options.setTileSizes(getAsIndexOpFoldResult(rewriter.getContext(), sizes));
    FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
        rewriter, cast<TilingInterface>(op.getOperation()), options);
    if (failed(tiled))
      return op.emitOpError() << "cannot be tiled, expected an op that takes "
                                 "tiles of ("
                              << sizes << ")";
    rewriter.replaceOp(op, tiled->replacements);
    op = cast<linalg::LinalgOp>(tiled->tiledOps.front());
    rewriter.setInsertionPoint(op);
  }
  FailureOr<linalg::VectorizationResult> result = linalg::vectorize(
      rewriter, op, /*inputVectorSizes=*/{}, /*inputScalableVecDims=*/{},
      /*vectorizeNDExtract=*/false, /*flatten1DDepthwiseConv=*/false,
      /*assumeDynamicDimsMatchVecSizes=*/false,
      /*createNamedContraction=*/true);
  if (failed(result))
    return op.emitOpError()
           << "cannot be vectorized, expected an elementwise op, "
              "a reduction or a contraction on static tiles";
  rewriter.replaceOp(op, result->replacements);
  return success();
}

namespace {
struct VectorizeCPUTilesPass
    : ringattn::impl::VectorizeCPUTilesPassBase<VectorizeCPUTilesPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    FailureOr<CPUPlan> plan = CPUPlan::get(kernel);
    if (failed(plan))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    kernel.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops)
      if (failed(splitRest(rewriter, op, plan->lanes)))
        return signalPassFailure();
    // Decided before anything changes: initialisers are known by their users.
    SmallVector<std::pair<linalg::LinalgOp, SmallVector<int64_t>>> work;
    kernel.walk([&](linalg::LinalgOp op) {
      work.emplace_back(op, stepSizes(op, *plan));
    });
    for (auto &[op, sizes] : work)
      if (failed(vectorize(rewriter, op, sizes)))
        return signalPassFailure();
  }
};
} // namespace

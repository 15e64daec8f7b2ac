//===- HoistAccumulators.cpp - Accumulators in registers --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Hoisting.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorTransforms.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/MapVector.h"

namespace ringattn {
#define GEN_PASS_DEF_HOISTACCUMULATORSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// The buffer behind views.
static Value underlyingBuffer(Value v) {
  while (auto view = v.getDefiningOp<ViewLikeOpInterface>())
    v = view.getViewSource();
  return v;
}

/// The views under `root` that are the only way there to reach their buffer.
static SmallVector<Value> findExclusiveViews(Operation *root) {
  llvm::MapVector<Value, SetVector<Value>> viewsOfBuffer;
  root->walk([&](Operation *op) {
    if (isa<ViewLikeOpInterface>(op))
      return;
    for (Value operand : op->getOperands())
      if (isa<MemRefType>(operand.getType()))
        viewsOfBuffer[underlyingBuffer(operand)].insert(operand);
  });
  SmallVector<Value> exclusive;
  for (auto &[buffer, views] : viewsOfBuffer)
    if (buffer.getDefiningOp<memref::AllocaOp>() && views.size() == 1)
      exclusive.push_back(views.front());
  return exclusive;
}

static scf::ExecuteRegionOp wrapInRegion(RewriterBase &rewriter,
                                         scf::ForOp loop) {
  rewriter.setInsertionPoint(loop);
  auto region = scf::ExecuteRegionOp::create(rewriter, loop.getLoc(),
                                             loop.getResultTypes());
  rewriter.replaceAllUsesWith(loop.getResults(), region.getResults());
  Block *body = rewriter.createBlock(&region.getRegion());
  rewriter.moveOpBefore(loop, body, body->end());
  rewriter.setInsertionPointToEnd(body);
  scf::YieldOp::create(rewriter, loop.getLoc(), loop.getResults());
  return region;
}

static void inlineRegion(RewriterBase &rewriter, scf::ExecuteRegionOp region) {
  Block *body = &region.getRegion().front();
  Operation *yield = body->getTerminator();
  SmallVector<Value> results(yield->getOperands());
  rewriter.eraseOp(yield);
  rewriter.inlineBlockBefore(body, region);
  rewriter.replaceOp(region, results);
}

/// Upstream hoists no transfer through a view, since others may exist, and in
/// the folded form of the indices it has to prove for every pair of transfers
/// that they are disjoint, which takes seconds. Within its view a register
/// block has constant indices; views known to be exclusive are therefore hidden
/// behind a cast for the time being.
static void hoistUnder(scf::ForOp loop) {
  IRRewriter rewriter(loop.getContext());
  // Hoisting replaces the loops it hoists from, perhaps the outermost one too;
  // the region around it stays.
  scf::ExecuteRegionOp root = wrapInRegion(rewriter, loop);
  SmallVector<UnrealizedConversionCastOp> casts;
  for (Value view : findExclusiveViews(root)) {
    rewriter.setInsertionPointAfterValue(view);
    auto cast = UnrealizedConversionCastOp::create(rewriter, view.getLoc(),
                                                   view.getType(), view);
    rewriter.replaceUsesWithIf(view, cast.getResult(0), [&](OpOperand &use) {
      return root->isProperAncestor(use.getOwner()) && use.getOwner() != cast;
    });
    casts.push_back(cast);
  }
  linalg::hoistRedundantVectorTransfers(root);
  vector::transferOpflowOpt(rewriter, root);
  for (UnrealizedConversionCastOp cast : casts)
    rewriter.replaceOp(cast, cast.getInputs());
  inlineRegion(rewriter, root);
}

namespace {
struct HoistAccumulatorsPass
    : ringattn::impl::HoistAccumulatorsPassBase<HoistAccumulatorsPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    // The loop over k, and what surrounds it in its loop over register blocks.
    SmallVector<scf::ForOp> roots;
    auto countLoops = [](scf::ForOp loop) {
      int64_t count = 0;
      loop.getBody()->walk([&](LoopLikeOpInterface) { ++count; });
      return count;
    };
    kernel.walk([&](scf::ForOp loop) {
      if (countLoops(loop) != 0)
        return;
      auto outer = dyn_cast<scf::ForOp>(loop->getParentOp());
      roots.push_back(outer && countLoops(outer) == 1 ? outer : loop);
    });
    for (scf::ForOp root : roots)
      hoistUnder(root);
  }
};
} // namespace

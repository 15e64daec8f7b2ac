//===- StartEmpty.cpp - The first hop without accumulators ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

namespace ringattn {
#define GEN_PASS_DEF_STARTEMPTYPASS
#include "ringattn/Codegen/Tile/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {
/// Steps on the same accumulators, and what fills these.
struct Ring {
  SmallVector<OnlineAttentionOp> steps;
  SmallVector<linalg::FillOp> fills;
};
} // namespace

static bool fills(linalg::FillOp fill, bool withMinusInfinity) {
  return withMinusInfinity
             ? matchPattern(fill.getInputs()[0], m_NegInfFloat())
             : matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

/// The fill of an accumulator that nothing else but steps uses.
static linalg::FillOp findFill(Value accumulator, bool withMinusInfinity) {
  if (!accumulator.getDefiningOp<memref::AllocOp>())
    return nullptr;
  linalg::FillOp found;
  for (Operation *user : accumulator.getUsers()) {
    if (isa<OnlineAttentionOp, FinalizeOp, memref::DeallocOp>(user))
      continue;
    auto fill = dyn_cast<linalg::FillOp>(user);
    if (!fill || found || !fills(fill, withMinusInfinity))
      return nullptr;
    found = fill;
  }
  return found;
}

static bool isStepOf(const Ring &ring, Operation *op) {
  auto step = dyn_cast<OnlineAttentionOp>(op);
  return step && llvm::is_contained(ring.steps, step);
}

/// Whether the first step that runs in the block is that of hop 0. A loop that
/// counts hops from 0 may run none: it ends before the hop that follows.
static bool startsAtHop0(const Ring &ring, Block &block) {
  for (Operation &op : block) {
    if (isStepOf(ring, &op)) {
      Value hop = cast<OnlineAttentionOp>(op).getHop();
      auto loop = dyn_cast<scf::ForOp>(block.getParentOp());
      return matchPattern(hop, m_Zero()) ||
             (loop && hop == loop.getInductionVar() &&
              matchPattern(loop.getLowerBound(), m_Zero()));
    }
    bool hasSteps = false;
    op.walk([&](OnlineAttentionOp step) { hasSteps |= isStepOf(ring, step); });
    if (!hasSteps)
      continue;
    if (!isa<scf::ForOp, scf::IfOp>(op))
      return false;
    return llvm::all_of(op.getRegions(), [&](Region &region) {
      return !region.empty() && startsAtHop0(ring, region.front());
    });
  }
  return false;
}

namespace {
struct StartEmpty : ringattn::impl::StartEmptyPassBase<StartEmpty> {
  void runOnOperation() override {
    llvm::MapVector<Value, Ring> rings;
    getOperation().walk([&](OnlineAttentionOp step) {
      rings[step.getAcc()].steps.push_back(step);
    });
    for (auto &[acc, ring] : rings) {
      OnlineAttentionOp first = ring.steps.front();
      ring.fills = {findFill(acc, /*withMinusInfinity=*/false),
                    findFill(first.getMax(), /*withMinusInfinity=*/true),
                    findFill(first.getSum(), /*withMinusInfinity=*/false)};
      bool sameState = llvm::all_of(ring.steps, [&](OnlineAttentionOp step) {
        return step.getMax() == first.getMax() &&
               step.getSum() == first.getSum();
      });
      if (!sameState || llvm::is_contained(ring.fills, linalg::FillOp()) ||
          !startsAtHop0(ring, *ring.fills.back()->getBlock()))
        continue;
      for (linalg::FillOp fill : ring.fills)
        fill.erase();
      for (OnlineAttentionOp step : ring.steps)
        step.setStartsEmpty(true);
    }
  }
};
} // namespace

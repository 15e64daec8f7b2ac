//===- PipelineTiles.cpp - Overlapping the steps of the key loop ----------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Codegen/Tile/TileSchedule.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Transforms/RegionUtils.h"

#include <map>

namespace ringattn {
#define GEN_PASS_DEF_PIPELINETILESPASS
#include "ringattn/Codegen/Tile/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

static bool isScheduled(scf::ForOp loop) {
  return llvm::any_of(loop.getBody()->without_terminator(), [](Operation &op) {
    return TileSchedule::get(&op).has_value();
  });
}

/// The loop moves under a test that it has an iteration, so that the first one
/// may be peeled without one.
static scf::ForOp guard(IRRewriter &rewriter, scf::ForOp loop) {
  Location loc = loop.getLoc();
  rewriter.setInsertionPoint(loop);
  Value any = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt,
                                    loop.getLowerBound(), loop.getUpperBound());
  auto branch = scf::IfOp::create(rewriter, loc, loop.getResultTypes(), any,
                                  /*withElseRegion=*/true);
  rewriter.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(rewriter, loc, loop.getInitArgs());
  rewriter.setInsertionPointToStart(branch.thenBlock());
  auto yield = scf::YieldOp::create(rewriter, loc, loop.getResults());
  for (auto [inner, outer] : llvm::zip(loop.getResults(), branch.getResults()))
    rewriter.replaceAllUsesExcept(inner, outer, yield);
  rewriter.moveOpBefore(loop, yield);
  // Tiles that only the loop needs are loaded under the test as well.
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  for (Value value : used)
    if (auto load = value.getDefiningOp<LoadTileOp>())
      if (llvm::all_of(load->getUsers(), [&](Operation *user) {
            return branch->isProperAncestor(user);
          }))
        rewriter.moveOpBefore(load, loop);
  return loop;
}

static LogicalResult pipeline(IRRewriter &rewriter, scf::ForOp loop) {
  scf::PipeliningOption options;
  options.getScheduleFn =
      [](scf::ForOp loop,
         std::vector<std::pair<Operation *, unsigned>> &schedule) {
        std::map<int64_t, SmallVector<std::pair<Operation *, unsigned>>> slots;
        for (Operation &op : loop.getBody()->without_terminator()) {
          auto place = TileSchedule::get(&op).value_or(TileSchedule());
          slots[place.slot].emplace_back(&op, place.stage);
        }
        for (auto &[slot, ops] : slots)
          schedule.insert(schedule.end(), ops.begin(), ops.end());
      };
  // Every loop here has an iteration, and there are two stages.
  options.supportDynamicLoops = true;
  options.predicateFn = [](RewriterBase &, Operation *op, Value) { return op; };
  rewriter.setInsertionPoint(loop);
  FailureOr<scf::ForOp> result = scf::pipelineForLoop(rewriter, loop, options);
  if (failed(result))
    return loop.emitOpError() << "cannot be pipelined as scheduled";
  // What the peeled last iteration computes needs no test either.
  for (Operation *user : llvm::make_early_inc_range((*result)->getUsers()))
    if (auto select = dyn_cast<arith::SelectOp>(user))
      if (select.getFalseValue().getDefiningOp() == *result)
        rewriter.replaceOp(select, select.getTrueValue());
  return success();
}

namespace {
struct PipelineTilesPass
    : ringattn::impl::PipelineTilesPassBase<PipelineTilesPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    SmallVector<scf::ForOp> loops;
    kernel.walk([&](scf::ForOp loop) {
      if (isScheduled(loop))
        loops.push_back(loop);
    });
    IRRewriter rewriter(&getContext());
    for (scf::ForOp loop : loops) {
      for (Operation &op : loop.getBody()->without_terminator()) {
        std::optional<TileSchedule> place = TileSchedule::get(&op);
        if (place && place->stage > 1) {
          op.emitOpError() << "is scheduled in stage " << place->stage
                           << ", expected 0 or 1";
          return signalPassFailure();
        }
      }
      if (failed(pipeline(rewriter, guard(rewriter, loop))))
        return signalPassFailure();
    }
    kernel.walk([](Operation *op) { TileSchedule::erase(op); });
  }
};
} // namespace

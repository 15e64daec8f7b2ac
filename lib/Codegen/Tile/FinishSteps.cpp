//===- FinishSteps.cpp - The last hop writes the results ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ringattn {
#define GEN_PASS_DEF_FINISHSTEPSPASS
#include "ringattn/Codegen/Tile/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// The op in the block of `finalize` that uses its accumulators last before it,
/// where that is a step; null where it is not, or where they are used later.
static OnlineAttentionOp findLastStep(FinalizeOp finalize) {
  Operation *last = nullptr;
  for (Value accumulator :
       {finalize.getAcc(), finalize.getMax(), finalize.getSum()}) {
    if (!accumulator.getDefiningOp<memref::AllocOp>())
      return nullptr;
    for (Operation *user : accumulator.getUsers()) {
      if (user == finalize || isa<memref::DeallocOp>(user))
        continue;
      Operation *here = finalize->getBlock()->findAncestorOpInBlock(*user);
      if (!here || finalize->isBeforeInBlock(here))
        return nullptr;
      if (!last || last->isBeforeInBlock(here))
        last = here;
    }
  }
  return dyn_cast_or_null<OnlineAttentionOp>(last);
}

namespace {
struct FinishSteps : ringattn::impl::FinishStepsPassBase<FinishSteps> {
  void runOnOperation() override {
    getOperation().walk([](FinalizeOp finalize) {
      OnlineAttentionOp step = findLastStep(finalize);
      if (!step || step.getOutput() || step.getMax() != finalize.getMax() ||
          step.getSum() != finalize.getSum())
        return;
      // The results are written where they exist.
      for (Value result : finalize->getOperands().drop_front(3))
        if (Operation *definition = result.getDefiningOp())
          if (definition->getBlock() == step->getBlock() &&
              step->isBeforeInBlock(definition))
            return;
      step.getOutputMutable().assign(finalize.getOutput());
      if (finalize.getLse())
        step.getLseMutable().assign(finalize.getLse());
      finalize.erase();
    });
  }
};
} // namespace

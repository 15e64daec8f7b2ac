//===- PlanRing.cpp - How each ring loop is scheduled ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RingEmitter.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ringattn {
#define GEN_PASS_DEF_PLANRINGPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// The chains that reach every key a mask shows under a layout.
static RingChains chooseChains(MaskAttrInterface mask,
                               SequenceLayoutAttrInterface layout) {
  MaskBand band = mask.getBand();
  if (!band.left || !band.right)
    return RingChains::All;
  bool followsRing = layout.followsRing();
  if (*band.right == 0 && (followsRing || *band.left == 0))
    return RingChains::Previous;
  if (*band.left == 0 && followsRing)
    return RingChains::Next;
  return RingChains::Both;
}

namespace {
struct PlanRing : ringattn::impl::PlanRingPassBase<PlanRing> {
  using PlanRingPassBase::PlanRingPassBase;

  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](scf::ForOp loop) {
      if (!loop->hasAttr(kRingLoopAttr) || loop->hasAttr(kScheduleAttr))
        return WalkResult::advance();
      FailureOr<RingEmitter> ring = RingEmitter::fromLoop(loop);
      if (failed(ring))
        return WalkResult::interrupt();
      loop->setAttr(
          kScheduleAttr,
          RingScheduleAttr::get(
              &getContext(), chooseChains(ring->mask, ring->layout), overlap));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace

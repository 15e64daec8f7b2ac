//===- ScheduleRing.cpp - Overlaps exchange and compute -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RingEmitter.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ringattn {
#define GEN_PASS_DEF_SCHEDULERINGPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Replaces one loop by its schedule.
class Scheduler {
public:
  Scheduler(scf::ForOp loop, RingScheduleAttr schedule, RingEmitter ring)
      : loop(loop), schedule(schedule), ring(std::move(ring)),
        loc(loop.getLoc()), builder(loop) {}

  LogicalResult run();

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  void emitHop(Value slot, Value moves, int64_t step, Value hopsBefore);
  void emitHopAndExchange(Value compute, Value moves, int64_t step,
                          Value hopsBefore, Value from, Value fromMoves,
                          int64_t exchangeStep, Value to);
  std::pair<Value, Value> emitLoop(Value first, Value exchanges, int64_t step,
                                   Value hopsBefore, Value current, Value next);
  void emitOneChain(Value exchanges, int64_t step);
  void emitTwoChains(Value previous, Value next);

  scf::ForOp loop;
  RingScheduleAttr schedule;
  RingEmitter ring;
  Location loc;
  OpBuilder builder;
};

} // namespace

/// Compute on the block in `slot`, which has moved `moves` times in its chain;
/// `hopsBefore` were computed by an earlier chain.
void Scheduler::emitHop(Value slot, Value moves, int64_t step,
                        Value hopsBefore) {
  Value hop = builder.createOrFold<arith::AddIOp>(loc, moves, hopsBefore);
  ring.emitCompute(builder, loc, slot, moves, step, hop);
}

/// One hop and the exchange `from` -> `to` that it hides.
void Scheduler::emitHopAndExchange(Value compute, Value moves, int64_t step,
                                   Value hopsBefore, Value from,
                                   Value fromMoves, int64_t exchangeStep,
                                   Value to) {
  if (!schedule.getOverlap())
    emitHop(compute, moves, step, hopsBefore);
  Value token =
      ring.emitExchange(builder, loc, from, to, fromMoves, exchangeStep);
  if (schedule.getOverlap())
    emitHop(compute, moves, step, hopsBefore);
  ringcomm::WaitOp::create(builder, loc, token);
}

/// Hops `first` to `exchanges` - 1, each hiding the exchange to the next one.
/// Returns the slots that hold the last block and that are free.
std::pair<Value, Value> Scheduler::emitLoop(Value first, Value exchanges,
                                            int64_t step, Value hopsBefore,
                                            Value current, Value next) {
  auto hops = scf::ForOp::create(builder, loc, first, exchanges, index(1),
                                 ValueRange{current, next});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(hops.getBody());
  Value moves = hops.getInductionVar();
  Value held = hops.getRegionIterArg(0), free = hops.getRegionIterArg(1);
  emitHopAndExchange(held, moves, step, hopsBefore, held, moves, step, free);
  scf::YieldOp::create(builder, loc, ValueRange{free, held});
  return {hops.getResult(0), hops.getResult(1)};
}

void Scheduler::emitOneChain(Value exchanges, int64_t step) {
  Value zero = index(0);
  Value last = emitLoop(zero, exchanges, step, zero, loop.getInitArgs()[0],
                        loop.getInitArgs()[1])
                   .first;
  emitHop(last, exchanges, step, zero);
}

/// Both reaches are at least 1. The own block stays in its slot for the second
/// chain, whose first exchange hides behind the first chain's last hop.
void Scheduler::emitTwoChains(Value previous, Value next) {
  Value zero = index(0), one = index(1);
  Value own = loop.getInitArgs()[0], second = loop.getInitArgs()[1];
  Value third = ring.emitSlot(builder, loc);

  emitHopAndExchange(own, zero, 1, zero, own, zero, 1, second);
  auto [last, free] = emitLoop(one, previous, 1, zero, second, third);
  emitHopAndExchange(last, previous, 1, zero, own, zero, -1, free);
  auto [final, unused] = emitLoop(one, next, -1, previous, free, last);
  emitHop(final, next, -1, previous);
  memref::DeallocOp::create(builder, loc, third);
}

LogicalResult Scheduler::run() {
  RingChains chains = schedule.getChains();
  Value others =
      builder.createOrFold<arith::SubIOp>(loc, ring.active, index(1));
  if (chains == RingChains::All) {
    emitOneChain(others, 1);
    loop.erase();
    return success();
  }

  MaskBand band = ring.mask.getBand();
  RingReach reach = ring.layout.emitReach(builder, loc, ring.seqK, ring.ranks,
                                          ring.active, band.left, band.right);
  // The only masks whose reach in a direction is 0 for every size.
  bool mirrored =
      !ring.layout.followsRing() && !(band.left == 0 && band.right == 0);
  bool reachesNext = band.right != 0 || mirrored;
  bool reachesPrevious = band.left != 0 || mirrored;
  auto reject = [&](StringRef what, StringRef expected) {
    return loop.emitError()
           << "schedule " << schedule << what << " mask " << ring.mask
           << " shows under layout " << ring.layout
           << ", expected chains = " << expected;
  };
  if ((chains == RingChains::Previous && reachesNext) ||
      (chains == RingChains::Next && reachesPrevious))
    return reject(" does not reach every key that", "both or all");
  // Two chains have a block to move each.
  if (chains == RingChains::Both && !(reachesNext && reachesPrevious))
    return reject(" has a chain without a key that",
                  reachesNext ? "next or all" : "previous or all");
  if (chains == RingChains::Previous)
    emitOneChain(reach.previous, 1);
  if (chains == RingChains::Next)
    emitOneChain(reach.next, -1);
  if (chains == RingChains::Both) {
    Value sum =
        builder.createOrFold<arith::AddIOp>(loc, reach.previous, reach.next);
    Value covers = builder.createOrFold<arith::CmpIOp>(
        loc, arith::CmpIPredicate::sge, sum, others);
    auto branch =
        scf::IfOp::create(builder, loc, covers, /*withElseRegion=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    emitOneChain(others, 1);
    builder.setInsertionPointToStart(branch.elseBlock());
    emitTwoChains(reach.previous, reach.next);
  }
  loop.erase();
  return success();
}

namespace {
struct ScheduleRing : ringattn::impl::ScheduleRingPassBase<ScheduleRing> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->hasAttr(kRingLoopAttr))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops) {
      auto schedule = loop->getAttrOfType<RingScheduleAttr>(kScheduleAttr);
      if (!schedule) {
        loop.emitError() << "has no " << kScheduleAttr
                         << " attribute, expected one (run ringattn-plan-ring)";
        return signalPassFailure();
      }
      FailureOr<RingEmitter> ring = RingEmitter::fromLoop(loop);
      if (failed(ring) ||
          failed(Scheduler(loop, schedule, std::move(*ring)).run()))
        return signalPassFailure();
    }
  }
};
} // namespace

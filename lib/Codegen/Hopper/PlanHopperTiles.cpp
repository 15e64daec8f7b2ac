//===- PlanHopperTiles.cpp - Tile sizes for sm_90a ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceFunctions.h"
#include "ringattn/Codegen/Hopper/HopperPlan.h"
#include "ringattn/Codegen/Hopper/Passes.h"
#include "ringattn/Codegen/Tile/PlanReader.h"
#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

namespace ringattn {
#define GEN_PASS_DEF_PLANHOPPERTILESPASS
#include "ringattn/Codegen/Hopper/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Heads are padded to whole swizzle spans of 16-bit elements, two of tf32.
static constexpr int64_t kHeadUnit = 64, kMaxHeadSize = 256;
/// Without products they are padded to what a fragment holds at least.
static constexpr int64_t kFinalizeUnit = 8;
/// Shared memory of a block, less what the barriers take.
static constexpr int64_t kSharedBytes = 232448 - 1024;
/// Keys of a tile: a multiple of the depth of a product, and of a swizzle span
/// where they are adjacent in memory.
static constexpr int64_t kMaxColumns = 176, kMaxMaskedColumns = 128,
                         kMaxPositionedColumns = 112, kColumnUnit = 16,
                         kColumnUnitTF32 = 32;
/// The most columns of a product (PTX ISA, "wgmma.mma_async", shape n256).
static constexpr int64_t kMaxProductColumns = 256;
/// Positions have 32 bits on GPUs.
static constexpr int64_t kMaxPosition = std::numeric_limits<int32_t>::max();
/// Rows of a product, which are those of a warpgroup.
static constexpr int64_t kWarpgroupRows = 64;

namespace {

/// Registers that S, O and P take in a thread that is left with `limit`; the
/// rest is addresses, statistics and what an unrolled softmax keeps alive,
/// which is more where positions are computed for each element of a mask.
int64_t fragmentRegisters(int64_t limit, bool computesPositions) {
  if (limit == 240)
    return computesPositions ? 176 : 200;
  return computesPositions ? 96 : 128;
}

LogicalResult rejectSize(OnlineAttentionOp op, StringRef what, int64_t size,
                         int64_t most) {
  return emitError(op.getLoc())
         << what << " is " << size << ", expected at most " << most
         << " on sm_90a";
}

int64_t columnUnit(const TilePlan &tiles) {
  return tiles.operand.isTF32() ? kColumnUnitTF32 : kColumnUnit;
}

class Planner {
public:
  LogicalResult plan(OnlineAttentionOp op) {
    auto q = cast<MemRefType>(op.getQuery().getType());
    auto v = cast<MemRefType>(op.getValue().getType());
    tiles.operand = q.getElementType();
    if (tiles.operand.isF32())
      tiles.operand = FloatTF32Type::get(op.getContext());
    else if (!tiles.operand.isBF16() && !tiles.operand.isF16())
      return emitError(op.getLoc())
             << "attention has elements of " << tiles.operand
             << ", expected bf16, f16 or f32 on sm_90a";
    for (auto [what, size] :
         {std::pair<StringRef, int64_t>{"head size", q.getDimSize(3)},
          {"value head size", v.getDimSize(3)}})
      if (size > kMaxHeadSize)
        return rejectSize(op, what, size, kMaxHeadSize);
    if (int64_t heads = q.getDimSize(1); heads > kMaxGrid)
      return rejectSize(op, "number of heads", heads, kMaxGrid);
    if (auto striped = dyn_cast<StripedAttr>(op.getLayout());
        striped && striped.getGranularity() > kMaxPosition)
      return rejectSize(op, "granularity", striped.getGranularity(),
                        kMaxPosition);
    tiles.headSize = llvm::alignTo(q.getDimSize(3), kHeadUnit);
    tiles.valueSize = llvm::alignTo(v.getDimSize(3), kHeadUnit);
    tiles.pipelined = true;

    bool small = tiles.headSize == kHeadUnit && tiles.valueSize == kHeadUnit;
    hopper.stages = 2;
    hopper.producerRegisters = small ? 32 : 24;
    hopper.consumerRegisters = small ? 160 : 240;
    hopper.longestFirst = op.getMask().getBand().right.has_value();
    // Positions of striped shards are products, quotients and remainders.
    bool computesPositions =
        !op.getMask().isFull() && isa<StripedAttr>(op.getLayout());
    // The queries of fewer warpgroups leave room for more keys.
    hopper.consumers = small ? 4 : 3;
    do {
      tiles.rows = kWarpgroupRows * --hopper.consumers;
      tiles.columns = tiles.maskedColumns =
          columns(op.getMask().isFull(), computesPositions);
    } while (tiles.columns == 0);
    // Two warpgroups start with all registers that a thread can have.
    if (hopper.consumers == 1)
      hopper.producerRegisters = hopper.consumerRegisters = 0;
    hopper.pingPong =
        hopper.consumers > 1 && tiles.headSize <= 128 && tiles.valueSize <= 128;
    return success();
  }
  void plan(FinalizeOp op) {
    auto o = cast<MemRefType>(op.getAcc().getType());
    tiles.operand = o.getElementType();
    tiles.headSize = tiles.columns = tiles.maskedColumns = 1;
    tiles.valueSize = llvm::alignTo(o.getDimSize(3), kFinalizeUnit);
    hopper.consumers = 2;
    tiles.rows = kWarpgroupRows * hopper.consumers;
  }

  TilePlan tiles;
  HopperPlan hopper;

private:
  /// The most keys that registers and shared memory have room for.
  int64_t columns(bool unmasked, bool computesPositions) const {
    int64_t registers =
        fragmentRegisters(hopper.consumerRegisters, computesPositions);
    bool wide = tiles.operand.isTF32();
    // S in f32 and P: half a register a key, and 1/4 or, of tf32, 1/2. P of
    // tf32 is rounded element by element, which takes some more.
    int64_t fitting = registers - tiles.valueSize / 2;
    fitting = wide ? fitting - kColumnUnit : fitting * 4 / 3;
    int64_t bytes = wide ? 4 : 2;
    int64_t queries = bytes * tiles.rows * tiles.headSize;
    int64_t slot = bytes * hopper.stages * (tiles.headSize + tiles.valueSize);
    fitting = std::min(fitting, (kSharedBytes - queries) / slot);
    fitting = std::min(fitting, unmasked            ? kMaxColumns
                                : computesPositions ? kMaxPositionedColumns
                                                    : kMaxMaskedColumns);
    int64_t unit = columnUnit(tiles);
    return fitting / unit * unit;
  }
};

/// Whether the plans that `kernel` has, some of which a person may have
/// written, suit `op` and each other; `own` has the sizes that the operands
/// need.
LogicalResult verifyPlans(func::FuncOp kernel, Operation *op,
                          const TilePlan &own) {
  FailureOr<TilePlan> tiles = TilePlan::get(kernel);
  FailureOr<HopperPlan> hopper = HopperPlan::get(kernel);
  if (failed(tiles) || failed(hopper))
    return failure();
  auto plan = kernel->getAttrOfType<DictionaryAttr>(kTilesAttr);
  auto reject = [&](StringRef name) {
    return rejectPlan(kernel, kTilesAttr, name, plan.get(name));
  };
  if (int64_t rows = kWarpgroupRows * hopper->consumers; tiles->rows != rows)
    return reject("rows") << rows << ", " << kWarpgroupRows << " for each of "
                          << hopper->consumers << " consumers";
  bool isStep = isa<OnlineAttentionOp>(op);
  if (hopper->hasProducer() != isStep)
    return kernel->emitOpError()
           << kHopperAttr << " stages is " << hopper->stages << ", expected "
           << (isStep ? "2 to 8 in a kernel with products"
                      : "0 in a kernel without products");
  auto suits = [](int64_t size, int64_t needed, int64_t unit, int64_t most) {
    return size >= needed && size <= most && size % unit == 0;
  };
  int64_t unit = isStep ? kHeadUnit : kFinalizeUnit;
  for (auto [name, size, needed] :
       {std::tuple<StringRef, int64_t, int64_t>("head_size", tiles->headSize,
                                                own.headSize),
        {"value_size", tiles->valueSize, own.valueSize}})
    if ((isStep || name == "value_size") &&
        !suits(size, needed, unit, std::max(needed, kMaxHeadSize)))
      return reject(name) << "a multiple of " << unit << " from " << needed
                          << " to " << std::max(needed, kMaxHeadSize);
  if (!isStep)
    return success();
  if (tiles->operand != own.operand)
    return reject("operand") << own.operand;
  if (!tiles->pipelined)
    return reject("pipelined") << "a unit attribute on sm_90a";
  if (!suits(tiles->columns, 1, columnUnit(own), kMaxProductColumns))
    return reject("columns") << "a multiple of " << columnUnit(own) << " up to "
                             << kMaxProductColumns;
  return success();
}

/// Positions have 32 bits on GPUs: a window that reaches further has no edge.
void dropDistantEdges(OnlineAttentionOp op) {
  auto window = dyn_cast<SlidingWindowAttr>(op.getMask());
  if (!window)
    return;
  auto edge = [](std::optional<int64_t> extent) {
    return extent && *extent < kMaxPosition ? extent : std::nullopt;
  };
  op.setMaskAttr(SlidingWindowAttr::get(op.getContext(), edge(window.getLeft()),
                                        edge(window.getRight())));
}

struct PlanHopperTilesPass
    : ringattn::impl::PlanHopperTilesPassBase<PlanHopperTilesPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    WalkResult result = kernel.walk([&](Operation *op) {
      Planner planner;
      if (auto attention = dyn_cast<OnlineAttentionOp>(op)) {
        dropDistantEdges(attention);
        if (failed(planner.plan(attention)))
          return WalkResult::interrupt();
      } else if (auto finalize = dyn_cast<FinalizeOp>(op)) {
        planner.plan(finalize);
      } else {
        return WalkResult::advance();
      }
      if (!kernel->hasAttr(kTilesAttr))
        kernel->setAttr(kTilesAttr, planner.tiles.toAttr());
      if (!kernel->hasAttr(kHopperAttr))
        kernel->setAttr(kHopperAttr, planner.hopper.toAttr(&getContext()));
      if (failed(verifyPlans(kernel, op, planner.tiles)))
        return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace

//===- ScheduleTiles.cpp - Which step of the loop overlaps which ----------===//
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

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ringattn {
#define GEN_PASS_DEF_SCHEDULETILESPASS
#include "ringattn/Codegen/Tile/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

static StringRef roleOf(Operation *op) {
  auto role = op->getAttrOfType<StringAttr>(kRoleAttr);
  return role ? role.getValue() : "";
}

/// The contraction that reads what `load` loads; null if there is none.
static linalg::ContractOp findReader(LoadTileOp load) {
  for (Operation *user : load->getUsers())
    if (auto contract = dyn_cast<linalg::ContractOp>(user))
      return contract;
  return nullptr;
}

/// Q K^T of tile j is followed by P V of tile j - 1, which then runs while the
/// softmax of tile j is computed (FlashAttention-3, section 3.2).
static TileSchedule scheduleOf(Operation *op) {
  enum Slot { Scores, Output, Softmax };
  bool ofOutput = roleOf(op) == "output";
  if (auto load = dyn_cast<LoadTileOp>(op))
    if (linalg::ContractOp reader = findReader(load))
      ofOutput = roleOf(reader) == "output";
  if (ofOutput)
    return {/*stage=*/1, Output};
  bool isSoftmax =
      isa<scf::IfOp>(op) || (isa<linalg::GenericOp>(op) && !roleOf(op).empty());
  return {/*stage=*/0, isSoftmax ? Softmax : Scores};
}

namespace {
struct ScheduleTilesPass
    : ringattn::impl::ScheduleTilesPassBase<ScheduleTilesPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    FailureOr<TilePlan> plan = TilePlan::get(kernel);
    if (failed(plan))
      return signalPassFailure();
    if (!plan->pipelined)
      return;
    kernel.walk([&](linalg::ContractOp contract) {
      auto loop = dyn_cast<scf::ForOp>(contract->getParentOp());
      if (!loop || roleOf(contract) != "scores")
        return;
      for (Operation &op : loop.getBody()->without_terminator())
        if (!TileSchedule::get(&op))
          scheduleOf(&op).set(&op);
    });
  }
};
} // namespace

//===- Verify.cpp - The pass ringptx-verify -------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"
#include "ringattn/Dialect/RingPTX/Transforms/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace ringattn::ringptx {
#define GEN_PASS_DEF_RINGPTXVERIFY
#include "ringattn/Dialect/RingPTX/Transforms/Passes.h.inc"
} // namespace ringattn::ringptx

using namespace mlir;
using namespace ringattn::ringptx;

/// What an operand that branches into, out of or between regions is called
/// there; nothing if it goes nowhere.
static void appendRegionInputs(RegionBranchOpInterface op,
                               RegionBranchPoint point, OpOperand &operand,
                               SmallVectorImpl<Value> &inputs) {
  SmallVector<RegionSuccessor> successors;
  op.getSuccessorRegions(point, successors);
  for (RegionSuccessor successor : successors) {
    OperandRange forwarded = op.getSuccessorOperands(point, successor);
    if (forwarded.empty())
      continue;
    unsigned first = forwarded.getBeginOperandIndex();
    unsigned number = operand.getOperandNumber();
    if (number >= first && number < first + forwarded.size())
      inputs.push_back(successor.getSuccessorInputs()[number - first]);
  }
}

/// The values that an operand becomes in other blocks and regions.
static SmallVector<Value> getForwarded(OpOperand &operand) {
  SmallVector<Value> values;
  Operation *user = operand.getOwner();
  if (auto branch = dyn_cast<BranchOpInterface>(user)) {
    if (auto argument =
            branch.getSuccessorBlockArgument(operand.getOperandNumber()))
      values.push_back(*argument);
  } else if (auto op = dyn_cast<RegionBranchOpInterface>(user)) {
    appendRegionInputs(op, RegionBranchPoint::parent(), operand, values);
  } else if (auto exit = dyn_cast<RegionBranchTerminatorOpInterface>(user)) {
    if (auto parent = dyn_cast<RegionBranchOpInterface>(user->getParentOp()))
      appendRegionInputs(parent, RegionBranchPoint(exit), operand, values);
  }
  return values;
}

/// Whether `user` can run again without `value` being defined anew.
static bool repeatsWithout(Operation *user, Value value) {
  Region *home = value.getParentRegion();
  Operation *op = user;
  for (; op->getParentRegion() != home; op = op->getParentOp())
    if (isa<LoopLikeOpInterface>(op->getParentOp()))
      return true;
  Block *target = op->getBlock(), *definition = value.getParentBlock();
  if (target == definition)
    return false;
  SmallVector<Block *> pending(target->getSuccessors());
  llvm::SmallPtrSet<Block *, 8> seen;
  while (!pending.empty()) {
    Block *block = pending.pop_back_val();
    if (block == target)
      return true;
    if (block != definition && seen.insert(block).second)
      llvm::append_range(pending, block->getSuccessors());
  }
  return false;
}

namespace {
class Checker {
public:
  explicit Checker(Operation *root) : dominance(root) {}

  /// Follows the registers of a product.
  LogicalResult check(WgmmaOp product) {
    bool ok = true;
    SmallVector<Value> pending = {product.getResult()};
    while (!pending.empty()) {
      Value value = pending.pop_back_val();
      if (!seen.insert(value).second)
        continue;
      for (OpOperand &operand : value.getUses()) {
        SmallVector<Value> forwarded = getForwarded(operand);
        llvm::append_range(pending, forwarded);
        if (forwarded.empty() && !isTaken(operand)) {
          InFlightDiagnostic diag =
              operand.getOwner()->emitOpError()
              << "reads registers that a product is writing, expected "
                 "ringptx.wgmma_wait before it";
          noteProduct(diag, product);
          ok = false;
        }
      }
      if (ok)
        ok = succeeded(checkSingleUse(value, product));
    }
    return success(ok && succeeded(checkFragment(product)));
  }

private:
  /// A wait behind the product takes its fragment, or what that is a part of.
  LogicalResult checkFragment(WgmmaOp product) {
    if (!product.hasFragment())
      return success();
    SmallVector<Value> pending = {product.getA()};
    llvm::DenseSet<Value> same;
    while (!pending.empty()) {
      Value value = pending.pop_back_val();
      if (!same.insert(value).second)
        continue;
      Operation *op = value.getDefiningOp();
      if (isa_and_nonnull<LLVM::ShuffleVectorOp, vector::ShuffleOp,
                          vector::ExtractStridedSliceOp>(op))
        llvm::append_range(pending, op->getOperands());
      for (OpOperand &operand : value.getUses()) {
        if (isa<WgmmaWaitOp>(operand.getOwner()) &&
            !dominance.properlyDominates(operand.getOwner(), product))
          return success();
        llvm::append_range(pending, getForwarded(operand));
      }
    }
    return product.emitOpError("reads an A fragment that no ringptx.wgmma_wait "
                               "behind it takes, expected the one that "
                               "finishes the product to take it");
  }

  static bool isTaken(OpOperand &operand) {
    if (auto product = dyn_cast<WgmmaOp>(operand.getOwner()))
      return &operand == &product.getAccumulatorMutable();
    return isa<WgmmaWaitOp>(operand.getOwner());
  }

  static void noteProduct(InFlightDiagnostic &diag, WgmmaOp product) {
    diag.attachNote(product.getLoc()) << "the product is here";
  }

  LogicalResult checkSingleUse(Value value, WgmmaOp product) {
    for (OpOperand &operand : value.getUses()) {
      Operation *user = operand.getOwner();
      if (repeatsWithout(user, value)) {
        InFlightDiagnostic diag =
            user->emitOpError()
            << "takes the registers of a product again in every iteration, "
               "expected the loop to carry them";
        noteProduct(diag, product);
        return failure();
      }
      for (OpOperand &other : value.getUses()) {
        Operation *first = other.getOwner();
        bool again =
            first == user
                ? &other != &operand && !user->hasTrait<OpTrait::IsTerminator>()
                : dominance.properlyDominates(first, user);
        if (!again)
          continue;
        InFlightDiagnostic diag = user->emitOpError()
                                  << "takes the registers of a product for the "
                                     "second time, expected one use";
        diag.attachNote(first->getLoc()) << "the first use is here";
        noteProduct(diag, product);
        return failure();
      }
    }
    return success();
  }

  DominanceInfo dominance;
  llvm::DenseSet<Value> seen;
};

struct RingPTXVerify
    : ringattn::ringptx::impl::RingPTXVerifyBase<RingPTXVerify> {
  void runOnOperation() override {
    Checker checker(getOperation());
    bool ok = true;
    getOperation()->walk(
        [&](WgmmaOp product) { ok &= succeeded(checker.check(product)); });
    if (!ok)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace

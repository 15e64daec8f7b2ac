//===- RegisterClasses.cpp - Values that share registers ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegisterClasses.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

/// Ops that only name registers anew.
static bool renames(Operation *op) {
  return isa<LLVM::ShuffleVectorOp, LLVM::InsertElementOp,
             LLVM::ExtractElementOp, LLVM::InsertValueOp, LLVM::ExtractValueOp,
             LLVM::BitcastOp, LLVM::FreezeOp>(op);
}

/// The ops that write the registers of `value`. Not the products and waits,
/// which the simulator knows itself, and not constants: they are there from the
/// start.
static SmallVector<Operation *> findWriters(Value value) {
  SmallVector<Operation *> writers;
  SmallVector<Value> pending = {value};
  llvm::DenseSet<Value> seen;
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      Block *block = argument.getOwner();
      for (auto it = block->pred_begin(); it != block->pred_end(); ++it)
        if (auto branch = dyn_cast<BranchOpInterface>((*it)->getTerminator()))
          if (Value operand = branch.getSuccessorOperands(
                  it.getSuccessorIndex())[argument.getArgNumber()])
            pending.push_back(operand);
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (renames(op)) {
      // Behind it, an operand is the index of an element.
      unsigned last = isa<LLVM::ShuffleVectorOp, LLVM::InsertElementOp,
                          LLVM::InsertValueOp>(op)
                          ? 2
                          : 1;
      llvm::append_range(pending, op->getOperands().take_front(last));
    } else if (!isa<ringptx::WgmmaOp, ringptx::WgmmaWaitOp>(op) &&
               !op->hasTrait<OpTrait::ConstantLike>() &&
               !isa<LLVM::PoisonOp, LLVM::UndefOp, LLVM::ZeroOp>(op)) {
      writers.push_back(op);
    }
  }
  return writers;
}

RegisterClasses::RegisterClasses(Region &body) {
  llvm::EquivalenceClasses<Operation *> together;
  auto join = [&](Value value) -> Operation * {
    SmallVector<Operation *> ops = findWriters(value);
    for (Operation *op : ops)
      together.unionSets(ops.front(), op);
    return ops.empty() ? nullptr : ops.front();
  };
  struct Use {
    ringptx::WgmmaOp product;
    Operation *accumulators, *a;
  };
  SmallVector<Use> uses;
  body.walk([&](ringptx::WgmmaOp op) {
    // What is overwritten does not matter.
    uses.push_back({op,
                    op.getAccumulate() ? join(op.getAccumulator()) : nullptr,
                    op.hasFragment() ? join(op.getA()) : nullptr});
  });
  llvm::DenseMap<Operation *, unsigned> numbers;
  auto number = [&](Operation *op) {
    unsigned &it = numbers[together.getLeaderValue(op)];
    if (it == 0)
      it = numbers.size();
    return it;
  };
  for (const Use &use : uses)
    products[use.product] = {use.accumulators ? number(use.accumulators) : 0,
                             use.a ? number(use.a) : 0};
  body.walk([&](Operation *op) {
    if (together.contains(op))
      writers[op] = number(op);
  });
}

//===- TileFacts.cpp - What tiles of a kernel stand for -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileFacts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace ringattn;

static bool isVectorTile(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 1;
}

/// Calls `fn` for pairs of values that stand for the same tile, or for tiles of
/// the same kind, through control flow.
static void forEachFlow(Operation *program,
                        llvm::function_ref<void(Value from, Value to)> fn) {
  program->walk([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      for (auto [init, argument, yielded, result] :
           llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(),
                     loop.getYieldedValues(), loop.getResults())) {
        fn(init, argument);
        fn(yielded, argument);
        fn(argument, result);
      }
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      for (Region *region : {&branch.getThenRegion(), &branch.getElseRegion()})
        if (!region->empty())
          for (auto [yielded, result] :
               llvm::zip(region->front().getTerminator()->getOperands(),
                         branch.getResults()))
            fn(yielded, result);
    }
  });
}

TileFacts::TileFacts(Operation *program) {
  findAxes(program);
  findPartialSums(program);
}

TileAxes TileFacts::axes(Value tile) const {
  auto type = cast<RankedTensorType>(tile.getType());
  if (type.getRank() == 2)
    return TileAxes::Both;
  // Tiles of memory are tiles of rows.
  auto it = axesOf.find(tile);
  return it == axesOf.end() ? TileAxes::Rows : it->second;
}

void TileFacts::findAxes(Operation *program) {
  llvm::EquivalenceClasses<const void *> classes;
  llvm::DenseMap<const void *, TileAxes> seeds;
  SmallVector<Value> tiles;
  auto note = [&](Value value) {
    classes.insert(value.getAsOpaquePointer());
    tiles.push_back(value);
  };
  auto unite = [&](Value a, Value b) {
    if (!isVectorTile(a) || !isVectorTile(b))
      return;
    note(a);
    note(b);
    classes.unionSets(a.getAsOpaquePointer(), b.getAsOpaquePointer());
  };
  forEachFlow(program, unite);
  program->walk([&](linalg::LinalgOp op) {
    if (op.getNumLoops() == 1) {
      for (Value operand : op->getOperands())
        // An uninitialised tile may serve ops of both kinds.
        if (operand.getDefiningOp<tensor::EmptyOp>() == nullptr)
          unite(operand, op->getResult(0));
      for (Value result : op->getResults())
        unite(result, op->getResult(0));
      return;
    }
    if (op.getNumLoops() != 2)
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isVectorTile(operand.get()))
        continue;
      auto axes = op.getMatchingIndexingMap(&operand).getDimPosition(0) == 0
                      ? TileAxes::Rows
                      : TileAxes::Columns;
      auto seed = [&](Value value) {
        note(value);
        seeds.try_emplace(value.getAsOpaquePointer(), axes);
      };
      if (!operand.get().getDefiningOp<tensor::EmptyOp>())
        seed(operand.get());
      if (op.isDpsInit(&operand))
        seed(op.getTiedOpResult(&operand));
    }
  });
  llvm::DenseMap<const void *, TileAxes> ofClass;
  for (auto [value, axes] : seeds)
    ofClass.try_emplace(classes.getLeaderValue(value), axes);
  for (Value value : tiles) {
    auto it = ofClass.find(classes.getLeaderValue(value.getAsOpaquePointer()));
    if (it != ofClass.end())
      axesOf[value] = it->second;
  }
}

Operation *ringattn::findCombiner(linalg::LinalgOp op, unsigned output) {
  Block *body = op.getBlock();
  Value argument = op.getRegionOutputArgs()[output];
  Operation *combiner =
      body->getTerminator()->getOperand(output).getDefiningOp();
  if (!combiner || combiner->getNumOperands() != 2 ||
      combiner->getNumResults() != 1 || !argument.hasOneUse() ||
      *argument.user_begin() != combiner || !combiner->getResult(0).hasOneUse())
    return nullptr;
  return combiner;
}

namespace {
enum class Share { Whole, Part, Neither };
} // namespace

/// What `value` is, in a body whose arguments in `parts` are shares of a sum.
static Share classify(Value value, const llvm::DenseSet<Value> &parts) {
  if (parts.contains(value))
    return Share::Part;
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != Value(*parts.begin()).getParentBlock())
    return Share::Whole;
  SmallVector<Share> operands;
  for (Value operand : op->getOperands())
    operands.push_back(classify(operand, parts));
  if (llvm::all_of(operands, [](Share s) { return s == Share::Whole; }))
    return Share::Whole;
  if (isa<arith::MulFOp>(op) && llvm::count(operands, Share::Part) == 1 &&
      llvm::count(operands, Share::Whole) == 1)
    return Share::Part;
  if (isa<arith::AddFOp>(op) && llvm::count(operands, Share::Part) == 2)
    return Share::Part;
  return Share::Neither;
}

bool TileFacts::isLinear(linalg::LinalgOp op) const {
  llvm::DenseSet<Value> parts;
  for (OpOperand &operand : op->getOpOperands())
    if (isPartial(operand.get()))
      parts.insert(op.getMatchingBlockArgument(&operand));
  if (parts.empty())
    return true;
  if (op.getNumLoops() == 2) {
    // Only the sum that goes on may be partial.
    for (OpOperand &operand : op->getOpOperands())
      if (isPartial(operand.get()) &&
          (!op.isDpsInit(&operand) || !isVectorTile(operand.get())))
        return false;
    for (auto [i, init] : llvm::enumerate(op.getDpsInits()))
      if (isPartial(init) &&
          !isa_and_nonnull<arith::AddFOp>(findCombiner(op, i)))
        return false;
    return true;
  }
  return llvm::all_of(op.getBlock()->getTerminator()->getOperands(),
                      [&](Value yielded) {
                        return classify(yielded, parts) != Share::Neither;
                      });
}

bool TileFacts::markIfPartial(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || !isa<linalg::GenericOp>(op) || !isLinear(linalgOp))
    return false;
  bool changed = false;
  if (linalgOp.getNumLoops() == 2) {
    for (auto [i, init] : llvm::enumerate(linalgOp.getDpsInits()))
      if (isVectorTile(init) &&
          isa_and_nonnull<arith::AddFOp>(findCombiner(linalgOp, i)))
        changed |= mark(op->getResult(i));
    return changed;
  }
  llvm::DenseSet<Value> parts;
  for (OpOperand &operand : op->getOpOperands())
    if (isPartial(operand.get()))
      parts.insert(linalgOp.getMatchingBlockArgument(&operand));
  if (parts.empty())
    return false;
  Operation *yield = linalgOp.getBlock()->getTerminator();
  for (auto [i, yielded] : llvm::enumerate(yield->getOperands()))
    if (classify(yielded, parts) == Share::Part)
      changed |= mark(op->getResult(i));
  return changed;
}

void TileFacts::findPartialSums(Operation *program) {
  bool changed = true;
  while (changed) {
    changed = false;
    program->walk([&](Operation *op) { changed |= markIfPartial(op); });
    forEachFlow(program, [&](Value from, Value to) {
      if (isPartial(from))
        changed |= mark(to);
    });
  }
}

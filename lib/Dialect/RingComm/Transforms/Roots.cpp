//===- Roots.cpp - The buffers that memrefs view --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Roots.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ringattn::ringcomm;

static Root *resolve(Root *root) {
  while (root->forward)
    root = root->forward;
  return root;
}

static bool isMemRef(Value value) {
  return isa<BaseMemRefType>(value.getType());
}

bool Root::isDefinedInside(Operation *op) {
  return value && op->isAncestor(value.getParentRegion()->getParentOp());
}

RootAnalysis::RootAnalysis(FunctionOpInterface function) {
  unknown = create(Root::Kind::Unknown, Value());
  if (function.isExternal())
    return;
  for (BlockArgument argument : function.getArguments())
    if (isMemRef(argument))
      create(Root::Kind::Argument, argument);
  for (Block &block : function.getFunctionBody())
    visit(block);
  // The greatest solution: all loops rotate, until a check fails.
  bool changed = true;
  while (changed) {
    changed = false;
    for (auto &[op, positions] : carried) {
      Rotation &rotation = rotations[op];
      if (rotation.fault != Rotation::Fault::None)
        continue;
      rotation = checkRotation(cast<scf::ForOp>(op));
      if (rotation.fault == Rotation::Fault::None)
        continue;
      changed = true;
      // What rested on this loop's rotation.
      aliases.clear();
    }
  }
}

Root *RootAnalysis::create(Root::Kind kind, Value value) {
  auto root = std::make_unique<Root>();
  root->kind = kind;
  root->id = storage.size();
  root->value = value;
  storage.push_back(std::move(root));
  if (value)
    roots[value] = storage.back().get();
  return storage.back().get();
}

Root *RootAnalysis::get(Value memref) const {
  Root *root = roots.lookup(memref);
  return root ? resolve(root) : unknown;
}

ArrayRef<unsigned> RootAnalysis::getCarried(scf::ForOp loop) const {
  auto it = carried.find(loop);
  return it == carried.end() ? ArrayRef<unsigned>() : it->second;
}

Rotation RootAnalysis::getRotation(scf::ForOp loop) const {
  return rotations.lookup(loop);
}

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

void RootAnalysis::visit(Block &block) {
  for (Operation &op : block)
    visitOp(&op);
}

void RootAnalysis::visitOp(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return visitFor(loop);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      visit(block);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return visitIf(branch);

  if (isa<memref::AllocOp, memref::AllocaOp>(op)) {
    create(Root::Kind::Alloc, op->getResult(0));
    return;
  }
  if (auto global = dyn_cast<memref::GetGlobalOp>(op)) {
    Root *&root = globals[global.getNameAttr()];
    if (!root)
      root = create(Root::Kind::Global, global.getResult());
    roots[global.getResult()] = root;
    return;
  }
  if (auto view = dyn_cast<ViewLikeOpInterface>(op)) {
    if (isMemRef(view.getViewSource()) && isMemRef(view.getViewDest()))
      roots[view.getViewDest()] = get(view.getViewSource());
    return;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op);
      select && isMemRef(select.getResult()))
    merge(select.getResult(),
          {get(select.getTrueValue()), get(select.getFalseValue())});
}

Root *RootAnalysis::merge(Value value, ArrayRef<Root *> sources) {
  if (llvm::all_equal(sources))
    return roots[value] = sources.front();
  Root *root = create(Root::Kind::Merge, value);
  root->sources.assign(sources.begin(), sources.end());
  return root;
}

void RootAnalysis::visitIf(scf::IfOp branch) {
  for (OpResult result : branch.getResults())
    if (isMemRef(result))
      merge(result,
            {get(branch.thenYield()->getOperand(result.getResultNumber())),
             get(branch.elseYield()->getOperand(result.getResultNumber()))});
}

void RootAnalysis::visitFor(scf::ForOp loop) {
  SmallVector<unsigned> positions;
  for (BlockArgument argument : loop.getRegionIterArgs()) {
    if (!isMemRef(argument))
      continue;
    Root *root = create(Root::Kind::Merge, argument);
    root->loop = loop;
    positions.push_back(argument.getArgNumber() - loop.getNumInductionVars());
  }
  visit(*loop.getBody());

  // A buffer carried unchanged is the one before the loop.
  auto yielded = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  llvm::erase_if(positions, [&](unsigned i) {
    Root *argument = roots.lookup(loop.getRegionIterArg(i));
    if (get(yielded.getOperand(i)) != argument)
      return false;
    argument->forward = get(loop.getInitArgs()[i]);
    return true;
  });

  // The sources of the others: what the loop is entered with or may yield, with
  // everything inside the loop but allocations replaced by its own sources.
  for (unsigned i : positions) {
    Root *argument = roots.lookup(loop.getRegionIterArg(i));
    llvm::SmallSetVector<Root *, 8> reached;
    reached.insert(argument);
    for (unsigned next = 0; next < reached.size(); ++next) {
      Root *root = reached[next];
      if (root->loop == loop) {
        unsigned j = cast<BlockArgument>(root->value).getArgNumber() -
                     loop.getNumInductionVars();
        reached.insert(get(loop.getInitArgs()[j]));
        reached.insert(get(yielded.getOperand(j)));
      } else if (root->kind == Root::Kind::Merge &&
                 root->isDefinedInside(loop)) {
        for (Root *source : root->sources)
          reached.insert(resolve(source));
      } else {
        argument->sources.push_back(root);
      }
    }
  }

  for (BlockArgument argument : loop.getRegionIterArgs()) {
    if (!isMemRef(argument))
      continue;
    Value result = loop.getTiedLoopResult(argument);
    Root *root = get(argument);
    if (root->loop != loop) {
      roots[result] = root;
      continue;
    }
    Root *resultRoot = create(Root::Kind::Merge, result);
    resultRoot->sources.push_back(root);
    resultRoot->loop = loop;
    resultRoot->isResult = true;
  }
  if (!positions.empty())
    carried[loop] = std::move(positions);
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

Rotation RootAnalysis::checkRotation(scf::ForOp loop) const {
  ArrayRef<unsigned> positions = getCarried(loop);
  auto yielded = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  for (auto [fault, values] :
       {std::pair<Rotation::Fault, ValueRange>{Rotation::Fault::AliasingInits,
                                               loop.getInitArgs()},
        {Rotation::Fault::NotAPermutation, yielded.getOperands()}})
    for (auto [n, i] : llvm::enumerate(positions))
      for (unsigned j : positions.take_front(n))
        if (mayAlias(get(values[i]), get(values[j])))
          return {fault, j, i};
  return {};
}

bool RootAnalysis::mayAlias(Root *a, Root *b) const {
  a = resolve(a);
  b = resolve(b);
  if (a == b || a == unknown || b == unknown)
    return true;
  if (a->loop && a->loop == b->loop && a->isResult == b->isResult &&
      rotations.lookup(a->loop).fault == Rotation::Fault::None)
    return false;
  // Expand the later merge: the other one may be among its sources.
  if (b->kind == Root::Kind::Merge &&
      (a->kind != Root::Kind::Merge || b->id > a->id))
    std::swap(a, b);
  if (a->kind != Root::Kind::Merge)
    return false;
  if (auto it = aliases.find({a, b}); it != aliases.end())
    return it->second;
  bool result = llvm::any_of(a->sources,
                             [&](Root *source) { return mayAlias(source, b); });
  aliases[{a, b}] = result;
  return result;
}

const llvm::SmallPtrSetImpl<Root *> &RootAnalysis::getBases(Root *root) const {
  auto &known = bases[root];
  if (known)
    return *known;
  known = std::make_unique<llvm::SmallPtrSet<Root *, 4>>();
  llvm::SmallSetVector<Root *, 8> reached;
  reached.insert(resolve(root));
  for (unsigned next = 0; next < reached.size(); ++next) {
    Root *current = reached[next];
    if (current->kind != Root::Kind::Merge)
      known->insert(current);
    for (Root *source : current->sources)
      reached.insert(resolve(source));
  }
  return *known;
}

bool RootAnalysis::mayEverAlias(Root *a, Root *b) const {
  const llvm::SmallPtrSetImpl<Root *> &basesOfA = getBases(a);
  const llvm::SmallPtrSetImpl<Root *> &basesOfB = getBases(b);
  return basesOfA.contains(unknown) || basesOfB.contains(unknown) ||
         llvm::any_of(basesOfA,
                      [&](Root *base) { return basesOfB.contains(base); });
}

bool RootAnalysis::isKnown(Root *root) const {
  return llvm::all_of(getBases(root), [](Root *base) {
    return base->kind == Root::Kind::Alloc ||
           base->kind == Root::Kind::Argument;
  });
}

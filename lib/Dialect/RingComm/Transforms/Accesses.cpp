//===- Accesses.cpp - What ops do to the buffers they use -----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Accesses.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::ringcomm;

bool ringcomm::involvesExchanges(Operation *op) {
  auto isToken = [](Type type) { return isa<TokenType>(type); };
  return op
      ->walk([&](Operation *nested) {
        return llvm::any_of(nested->getOperandTypes(), isToken) ||
                       llvm::any_of(nested->getResultTypes(), isToken)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether the op hands its memrefs on to results or block arguments only, or
/// asks for their shape: the root analysis knows those, or calls them unknown.
static bool onlyForwards(Operation *op, Value memref) {
  if (auto view = dyn_cast<ViewLikeOpInterface>(op))
    return memref == view.getViewSource() &&
           isa<BaseMemRefType>(view.getViewDest().getType());
  return isa<arith::SelectOp, memref::DimOp, memref::RankOp,
             RegionBranchOpInterface>(op) ||
         op->hasTrait<OpTrait::IsTerminator>();
}

/// Whether the op runs where and when its surroundings say, and not, for
/// instance, on another thread after the op around it is done.
static bool isInOpaqueRegion(Operation *op) {
  static const llvm::StringLiteral kTransparent[] = {
      "affine", "linalg", "memref", "ringattn",
      "ringrt", "scf",    "tensor", "vector"};
  for (Operation *parent = op->getParentOp();
       parent && !isa<FunctionOpInterface>(parent);
       parent = parent->getParentOp())
    if (!llvm::is_contained(kTransparent,
                            parent->getName().getDialectNamespace()))
      return true;
  return false;
}

/// Whether a result of this type is data, and no way to reach a buffer.
static bool isPlainData(Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    type = vector.getElementType();
  if (auto complex = dyn_cast<ComplexType>(type))
    type = complex.getElementType();
  return type.isIntOrIndexOrFloat();
}

/// Whether an address of a buffer serves only launches behind it that see the
/// same exchanges in flight: then what a launch does is what the address op,
/// which declares it, does.
static bool servesLaunchesOnly(Operation *op) {
  if (!isa<ringrt::AddressOp, ringrt::TensorMapOp>(op))
    return false;
  for (Operation *user : op->getUsers()) {
    auto launch = dyn_cast<gpu::LaunchFuncOp>(user);
    if (!launch || launch.getAsyncToken() || user->getBlock() != op->getBlock())
      return false;
    for (Operation *between = op; between != user;
         between = between->getNextNode())
      if (involvesExchanges(between))
        return false;
  }
  return true;
}

/// Whether the op may access its memrefs after it is done, or hands on
/// something, other than memrefs, through which others may: an address, a
/// tensor, a token of an asynchronous copy.
static bool mayOutlive(Operation *op) {
  if (isa<memref::DmaStartOp, affine::AffineDmaStartOp>(op))
    return true;
  // What the analysis of flights is about; and a tile is loaded.
  if (isa<ShiftStartOp, LoadTileOp>(op) || servesLaunchesOnly(op))
    return false;
  return llvm::any_of(op->getResultTypes(), [](Type type) {
    return !isa<BaseMemRefType>(type) && !isPlainData(type);
  });
}

SmallVector<Access> AccessAnalysis::getAccesses(Operation *op) {
  SmallVector<Access> accesses;
  // A hint; upstream declares a write to keep it alive.
  if (isa<memref::PrefetchOp>(op))
    return accesses;
  SmallVector<Value> memrefs;
  for (Value operand : op->getOperands())
    if (isa<BaseMemRefType>(operand.getType()))
      memrefs.push_back(operand);
  if (memrefs.empty())
    return accesses;

  if (isInOpaqueRegion(op)) {
    for (Value memref : memrefs)
      accesses.push_back({AccessKind::Escape, memref});
    return accesses;
  }

  // Calls: what the callee does to its arguments.
  if (isa<CallOpInterface, ringrt::ParallelForOp>(op)) {
    const FunctionSummary *callee = getCallee(op);
    ValueRange arguments = op->getOperands();
    if (auto parallel = dyn_cast<ringrt::ParallelForOp>(op))
      arguments = parallel.getCaptures();
    for (auto [i, argument] : llvm::enumerate(arguments)) {
      if (!isa<BaseMemRefType>(argument.getType()))
        continue;
      if (!callee || i >= callee->arguments.size()) {
        accesses.push_back({AccessKind::Escape, argument});
        continue;
      }
      for (unsigned kind = 0; kind < kNumAccessKinds; ++kind)
        if (Operation *where = callee->arguments[i][kind])
          accesses.push_back({AccessKind(kind), argument, where});
    }
    return accesses;
  }

  SmallVector<Value> mentioned;
  if (auto interface = dyn_cast<MemoryEffectOpInterface>(op)) {
    SmallVector<MemoryEffects::EffectInstance> effects;
    interface.getEffects(effects);
    for (const MemoryEffects::EffectInstance &effect : effects) {
      Value value = effect.getValue();
      if (!value || !llvm::is_contained(memrefs, value))
        continue;
      mentioned.push_back(value);
      if (isa<MemoryEffects::Read>(effect.getEffect()))
        accesses.push_back({AccessKind::Read, value});
      else if (isa<MemoryEffects::Write>(effect.getEffect()))
        accesses.push_back({AccessKind::Write, value});
      else
        accesses.push_back({AccessKind::Free, value});
    }
  }
  bool outlives = op->getNumRegions() == 0 && mayOutlive(op);
  for (Value memref : memrefs)
    if (outlives ||
        (!llvm::is_contained(mentioned, memref) && !onlyForwards(op, memref)))
      accesses.push_back({AccessKind::Escape, memref});
  return accesses;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

const FunctionSummary *AccessAnalysis::getCallee(Operation *op) {
  SymbolRefAttr name;
  if (auto parallel = dyn_cast<ringrt::ParallelForOp>(op))
    name = parallel.getBodyAttr();
  else if (auto call = dyn_cast<CallOpInterface>(op))
    name = dyn_cast<SymbolRefAttr>(call.getCallableForCallee());
  if (!name)
    return nullptr;
  auto function =
      symbols.lookupNearestSymbolFrom<FunctionOpInterface>(op, name);
  if (!function)
    return nullptr;
  const FunctionSummary *summary = summarize(function);
  return summary && summary->isKnown ? summary : nullptr;
}

const FunctionSummary *AccessAnalysis::summarize(FunctionOpInterface function) {
  auto [it, isNew] = summaries.try_emplace(function);
  if (!isNew)
    return it->second.get();

  auto summary = std::make_unique<FunctionSummary>();
  summary->arguments.resize(function.getNumArguments(), {});
  if (!function.isExternal()) {
    summary->isKnown = true;
    RootAnalysis roots(function);
    function.getFunctionBody().walk([&](Operation *op) {
      const FunctionSummary *callee = getCallee(op);
      if (!summary->exchange)
        summary->exchange = isa<ShiftStartOp, WaitOp>(op) ? op
                            : callee                      ? callee->exchange
                                                          : nullptr;
      for (const Access &access : getAccesses(op))
        for (BlockArgument argument : function.getArguments()) {
          if (!isa<BaseMemRefType>(argument.getType()) ||
              !roots.mayAlias(roots.get(argument), roots.get(access.memref)))
            continue;
          Operation *&where =
              summary
                  ->arguments[argument.getArgNumber()][unsigned(access.kind)];
          if (!where)
            where = access.inCallee ? access.inCallee : op;
        }
    });
  }
  // The walk may have grown the map.
  auto &slot = summaries[function];
  slot = std::move(summary);
  return slot.get();
}

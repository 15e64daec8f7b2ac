//===- OutlineParallel.cpp - Parallel loops of the runtime ------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

namespace ringattn {
#define GEN_PASS_DEF_OUTLINEPARALLELPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// "0, ?" for static and dynamic bounds.
static std::string describe(ArrayRef<int64_t> bounds) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(bounds, os, [&](int64_t bound) {
    if (ShapedType::isDynamic(bound))
      os << '?';
    else
      os << bound;
  });
  return text;
}

namespace {

class LoopOutliner {
public:
  LoopOutliner(scf::ForallOp loop, SymbolTable &symbols)
      : loop(loop), symbols(symbols), b(loop.getLoc(), loop) {}

  LogicalResult run() {
    if (loop->getNumResults() != 0)
      return loop.emitOpError()
             << "has " << loop->getNumResults() << " results, expected none";
    if (!loop.isNormalized())
      return loop.emitOpError()
             << "has lower bounds (" << describe(loop.getStaticLowerBound())
             << ") and steps (" << describe(loop.getStaticStep())
             << "), expected 0 and 1";
    SmallVector<Value> sizes = getValueOrCreate(loop.getMixedUpperBound());
    Value count = sizes.front();
    for (Value size : ArrayRef(sizes).drop_front())
      count = b.createOrFold<arith::MulIOp>(count, size);
    SmallVector<Value> captures = collectCaptures(sizes);
    func::FuncOp tasks = createFunction(captures);
    fillFunction(tasks, captures, sizes);
    ringrt::ParallelForOp::create(
        b, FlatSymbolRefAttr::get(tasks.getSymNameAttr()), count, captures);
    loop.erase();
    return success();
  }

private:
  SmallVector<Value> getValueOrCreate(ArrayRef<OpFoldResult> sizes) {
    SmallVector<Value> values;
    for (OpFoldResult size : sizes)
      if (auto constant = getConstantIntValue(size))
        values.push_back(arith::ConstantIndexOp::create(b, *constant));
      else
        values.push_back(cast<Value>(size));
    return values;
  }

  /// Constants, and vectors (loop invariant code motion hoists them), are made
  /// again inside.
  static bool isRecomputed(Value v) {
    Operation *op = v.getDefiningOp();
    return op && (op->hasTrait<OpTrait::ConstantLike>() ||
                  (isa<VectorType>(v.getType()) && isPure(op)));
  }

  /// Sorts `v` and what it is computed from into captures and recomputed ops,
  /// in order of dependence.
  void require(Value v, SetVector<Value> &captures) {
    if (!isRecomputed(v)) {
      captures.insert(v);
      return;
    }
    if (recomputed.contains(v.getDefiningOp()))
      return;
    for (Value operand : v.getDefiningOp()->getOperands())
      require(operand, captures);
    recomputed.insert(v.getDefiningOp());
  }

  /// What the body needs from outside.
  SmallVector<Value> collectCaptures(ArrayRef<Value> sizes) {
    SetVector<Value> used;
    getUsedValuesDefinedAbove(loop.getRegion(), used);
    // The outermost size is not needed to take a task number apart.
    for (Value size : sizes.drop_front())
      used.insert(size);
    SetVector<Value> captures;
    for (Value v : used)
      require(v, captures);
    return captures.takeVector();
  }

  func::FuncOp createFunction(ArrayRef<Value> captures) {
    SmallVector<Type> types(ValueRange(captures).getTypes());
    types.append(2, b.getIndexType());
    auto parent = loop->getParentOfType<func::FuncOp>();
    auto tasks = func::FuncOp::create(loop.getLoc(),
                                      (parent.getSymName() + "_tasks").str(),
                                      b.getFunctionType(types, {}));
    tasks.setPrivate();
    symbols.insert(tasks);
    return tasks;
  }

  void fillFunction(func::FuncOp tasks, ArrayRef<Value> captures,
                    ArrayRef<Value> sizes) {
    Block *entry = tasks.addEntryBlock();
    ImplicitLocOpBuilder body =
        ImplicitLocOpBuilder::atBlockEnd(loop.getLoc(), entry);
    IRMapping mapping;
    mapping.map(captures, entry->getArguments().drop_back(2));
    for (Operation *op : recomputed)
      body.clone(*op, mapping);
    auto range = scf::ForOp::create(body, entry->getArguments().take_back(2)[0],
                                    entry->getArguments().back(),
                                    arith::ConstantIndexOp::create(body, 1));
    func::ReturnOp::create(body);

    body.setInsertionPointToStart(range.getBody());
    Value rest = range.getInductionVar();
    SmallVector<Value> indices(sizes.size());
    for (int64_t d = sizes.size() - 1; d > 0; --d) {
      Value size = mapping.lookup(sizes[d]);
      indices[d] = arith::RemUIOp::create(body, rest, size);
      rest = arith::DivUIOp::create(body, rest, size);
    }
    indices[0] = rest;
    if (sizes.size() > 1) {
      // Last tile first.
      Value last =
          arith::SubIOp::create(body, mapping.lookup(sizes.back()),
                                arith::ConstantIndexOp::create(body, 1));
      indices.back() = arith::SubIOp::create(body, last, indices.back());
    }
    mapping.map(loop.getInductionVars(), indices);
    for (Operation &op : loop.getBody()->without_terminator()) {
      // One buffer serves all tasks of the range.
      OpBuilder::InsertionGuard guard(body);
      if (isa<memref::AllocaOp>(op))
        body.setInsertionPoint(range);
      body.clone(op, mapping);
    }
  }

  scf::ForallOp loop;
  SymbolTable &symbols;
  ImplicitLocOpBuilder b;
  SetVector<Operation *> recomputed;
};

struct OutlineParallelPass
    : ringattn::impl::OutlineParallelPassBase<OutlineParallelPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<scf::ForallOp> loops;
    getOperation().walk([&](scf::ForallOp op) { loops.push_back(op); });
    for (scf::ForallOp loop : loops)
      if (failed(LoopOutliner(loop, symbols).run()))
        return signalPassFailure();
  }
};

} // namespace

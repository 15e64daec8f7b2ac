//===- OutlineKernels.cpp - Ring steps into functions -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

namespace ringattn {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "ringattn/Codegen/Tile/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Finds or makes the function of a step; equal steps share one.
class KernelTable {
public:
  explicit KernelTable(ModuleOp module) : module(module), symbols(module) {}

  func::FuncOp lookup(Operation *step, StringRef name) {
    auto type = FunctionType::get(step->getContext(), step->getOperandTypes(),
                                  TypeRange());
    DictionaryAttr attrs = step->getAttrDictionary();
    func::FuncOp &kernel =
        kernels[{step->getName().getAsOpaquePointer(),
                 type.getAsOpaquePointer(), attrs.getAsOpaquePointer()}];
    if (kernel)
      return kernel;
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    kernel = func::FuncOp::create(builder, step->getLoc(), name, type);
    kernel.setPrivate();
    kernel->setAttr(kKernelAttr, builder.getUnitAttr());
    symbols.insert(kernel);
    Block *body = kernel.addEntryBlock();
    builder.setInsertionPointToStart(body);
    Operation *inner = builder.clone(*step);
    inner->setOperands(body->getArguments());
    func::ReturnOp::create(builder, step->getLoc());
    return kernel;
  }

private:
  ModuleOp module;
  SymbolTable symbols;
  std::map<std::tuple<const void *, const void *, const void *>, func::FuncOp>
      kernels;
};

Value sizeOf(OpBuilder &builder, Location loc, Value memref, int64_t dim) {
  return builder.createOrFold<memref::DimOp>(loc, memref, dim);
}

Value constant(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

/// `lhs` and `rhs`; null stands for true.
Value emitAnd(OpBuilder &builder, Location loc, Value lhs, Value rhs) {
  if (!lhs || matchPattern(lhs, m_One()))
    return rhs;
  if (!rhs || matchPattern(rhs, m_One()))
    return lhs;
  return arith::AndIOp::create(builder, loc, lhs, rhs);
}

/// Whether the hop has a score to compute.
Value emitSeesKeys(OpBuilder &builder, OnlineAttentionOp op, Value queries,
                   Value keys) {
  Location loc = op.getLoc();
  Value zero = constant(builder, loc, 0), one = constant(builder, loc, 1);
  Value result = builder.createOrFold<arith::CmpIOp>(
      loc, arith::CmpIPredicate::ne, keys, zero);
  if (op.getMask().isFull())
    return result;
  // The hull of a shard; meaningless, and not used, where it is empty.
  auto hull = [&](Value size, Value rank, Value length) {
    auto position = [&](Value local) {
      return op.getLayout().emitPosition(builder, loc, size, op.getRanks(),
                                         rank, local);
    };
    Value last = builder.createOrFold<arith::SubIOp>(loc, length, one);
    return std::pair(position(zero), position(last));
  };
  auto [qLow, qHigh] = hull(op.getSeqQ(), op.getQueryRank(), queries);
  auto [kLow, kHigh] = hull(op.getSeqK(), op.getKeyRank(), keys);
  TileVisibilityValue visibility =
      op.getMask().emitClassify(builder, loc, qLow, qHigh, kLow, kHigh);
  Value yes =
      arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  return emitAnd(
      builder, loc, result,
      builder.createOrFold<arith::XOrIOp>(loc, visibility.empty, yes));
}

void emitCall(OpBuilder &builder, Operation *step, func::FuncOp kernel,
              ringrt::SpanKind kind, Value hop) {
  auto span = ringrt::SpanOp::create(builder, step->getLoc(), kind, hop);
  OpBuilder inner = OpBuilder::atBlockEnd(&span.getBody().front());
  func::CallOp::create(inner, step->getLoc(), kernel, step->getOperands());
}

/// Whether a hop without scores has something to write: the first one the state
/// of rows that see no key, the last one their results. Null: it has not.
Value emitWrites(OpBuilder &builder, OnlineAttentionOp op, Value hasRows) {
  if (op.getOutput())
    return hasRows;
  if (!op.getStartsEmpty())
    return nullptr;
  Location loc = op.getLoc();
  Value isFirst = builder.createOrFold<arith::CmpIOp>(
      loc, arith::CmpIPredicate::eq, op.getHop(), constant(builder, loc, 0));
  return emitAnd(builder, loc, hasRows, isFirst);
}

/// Calls the kernel of a hop where it has scores to compute, or else, outside
/// of the hops that are counted, something to write.
void emitHop(OpBuilder &builder, OnlineAttentionOp op, func::FuncOp kernel) {
  Location loc = op.getLoc();
  Value queries = sizeOf(builder, loc, op.getQuery(), 2);
  Value hasRows = builder.createOrFold<arith::CmpIOp>(
      loc, arith::CmpIPredicate::ne, queries, constant(builder, loc, 0));
  Value keys = sizeOf(builder, loc, op.getKey(), 2);
  Value hasScores =
      emitAnd(builder, loc, hasRows, emitSeesKeys(builder, op, queries, keys));
  auto compute = [&] {
    emitCall(builder, op, kernel, ringrt::SpanKind::Compute, op.getHop());
  };
  if (!hasScores || matchPattern(hasScores, m_One()))
    return compute();
  Value writes = emitWrites(builder, op, hasRows);
  auto branch = scf::IfOp::create(builder, loc, hasScores,
                                  /*withElseRegion=*/writes != nullptr);
  builder.setInsertionPointToStart(branch.thenBlock());
  compute();
  if (!writes)
    return;
  builder.setInsertionPointToStart(branch.elseBlock());
  auto rest = scf::IfOp::create(builder, loc, writes);
  builder.setInsertionPointToStart(rest.thenBlock());
  emitCall(builder, op, kernel, ringrt::SpanKind::Finalize, Value());
}

struct OutlineKernelsPass
    : ringattn::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  void runOnOperation() override {
    KernelTable kernels(getOperation());
    SmallVector<Operation *> steps;
    getOperation().walk([&](func::FuncOp function) {
      if (!function->hasAttr(kKernelAttr))
        function.walk([&](Operation *op) {
          if (isa<OnlineAttentionOp, FinalizeOp>(op))
            steps.push_back(op);
        });
    });
    for (Operation *step : steps) {
      OpBuilder builder(step);
      if (auto attention = dyn_cast<OnlineAttentionOp>(step)) {
        emitHop(builder, attention, kernels.lookup(step, "attention_kernel"));
      } else {
        emitCall(builder, step, kernels.lookup(step, "finalize_kernel"),
                 ringrt::SpanKind::Finalize, Value());
      }
      step->erase();
    }
  }
};

} // namespace

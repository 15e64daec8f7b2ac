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

/// Whether the hop has work, null where it always has.
Value emitHasWork(OpBuilder &builder, OnlineAttentionOp op) {
  Location loc = op.getLoc();
  Value zero = constant(builder, loc, 0), one = constant(builder, loc, 1);
  Value result;
  auto require = [&](Value condition) {
    if (matchPattern(condition, m_One()))
      return;
    result = result ? arith::AndIOp::create(builder, loc, result, condition)
                    : condition;
  };
  Value lengths[2];
  const Value shards[] = {op.getQuery(), op.getKey()};
  for (int i = 0; i < 2; ++i) {
    lengths[i] = sizeOf(builder, loc, shards[i], 2);
    require(builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ne,
                                                lengths[i], zero));
  }
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
  auto [qLow, qHigh] = hull(op.getSeqQ(), op.getQueryRank(), lengths[0]);
  auto [kLow, kHigh] = hull(op.getSeqK(), op.getKeyRank(), lengths[1]);
  TileVisibilityValue visibility =
      op.getMask().emitClassify(builder, loc, qLow, qHigh, kLow, kHigh);
  Value yes =
      arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  require(builder.createOrFold<arith::XOrIOp>(loc, visibility.empty, yes));
  // The first hop also writes the state of rows that see no key, and the last
  // one their results.
  if (op.getOutput())
    return nullptr;
  if (result && op.getStartsEmpty())
    result = builder.createOrFold<arith::OrIOp>(
        loc, result,
        builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq,
                                            op.getHop(), zero));
  return result;
}

void emitCall(OpBuilder &builder, Operation *step, func::FuncOp kernel,
              ringrt::SpanKind kind, Value hop) {
  auto span = ringrt::SpanOp::create(builder, step->getLoc(), kind, hop);
  OpBuilder inner = OpBuilder::atBlockEnd(&span.getBody().front());
  func::CallOp::create(inner, step->getLoc(), kernel, step->getOperands());
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
        func::FuncOp kernel = kernels.lookup(step, "attention_kernel");
        if (Value hasWork = emitHasWork(builder, attention)) {
          auto guard = scf::IfOp::create(builder, step->getLoc(), hasWork);
          builder.setInsertionPointToStart(guard.thenBlock());
        }
        emitCall(builder, step, kernel, ringrt::SpanKind::Compute,
                 attention.getHop());
      } else {
        emitCall(builder, step, kernels.lookup(step, "finalize_kernel"),
                 ringrt::SpanKind::Finalize, Value());
      }
      step->erase();
    }
  }
};

} // namespace

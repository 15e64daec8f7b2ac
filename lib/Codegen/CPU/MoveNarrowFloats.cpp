//===- MoveNarrowFloats.cpp - f16 and bf16 in memory are integers ---------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace ringattn {
#define GEN_PASS_DEF_MOVENARROWFLOATSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// The integers of the same size as f16 or bf16; null for other types.
static Type asIntegers(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (!isa<Float16Type, BFloat16Type>(element))
    return nullptr;
  Type integer = IntegerType::get(type.getContext(), 16);
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(integer);
  return type == element ? integer : nullptr;
}

static void readIntegers(LLVM::LoadOp load, OpBuilder &builder) {
  Value result = load.getResult();
  Type type = result.getType(), integers = asIntegers(type);
  if (!integers)
    return;
  builder.setInsertionPointAfter(load);
  result.setType(integers);
  auto cast = LLVM::BitcastOp::create(builder, load.getLoc(), type, result);
  result.replaceAllUsesExcept(cast, cast);
}

static void writeIntegers(LLVM::StoreOp store, OpBuilder &builder) {
  Type integers = asIntegers(store.getValue().getType());
  if (!integers)
    return;
  builder.setInsertionPoint(store);
  store.getValueMutable().assign(LLVM::BitcastOp::create(
      builder, store.getLoc(), integers, store.getValue()));
}

namespace {
struct MoveNarrowFloatsPass
    : ringattn::impl::MoveNarrowFloatsPassBase<MoveNarrowFloatsPass> {
  void runOnOperation() override {
    OpBuilder builder(&getContext());
    getOperation().walk([&](Operation *op) {
      if (auto load = dyn_cast<LLVM::LoadOp>(op))
        readIntegers(load, builder);
      else if (auto store = dyn_cast<LLVM::StoreOp>(op))
        writeIntegers(store, builder);
    });
  }
};
} // namespace

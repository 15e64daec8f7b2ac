//===- GeneralizeShapes.cpp - Kernels for any batch and length ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ringattn {
#define GEN_PASS_DEF_GENERALIZESHAPESPASS
#include "ringattn/Codegen/Tile/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Dimensions of the batch and of the sequence.
static constexpr unsigned kGeneral[] = {0, 2};

static MemRefType generalize(MemRefType type) {
  SmallVector<int64_t> shape(type.getShape());
  for (unsigned dim : kGeneral)
    shape[dim] = ShapedType::kDynamic;
  return MemRefType::Builder(type).setShape(shape);
}

namespace {
struct GeneralizeShapes
    : ringattn::impl::GeneralizeShapesPassBase<GeneralizeShapes> {
  void runOnOperation() override {
    getOperation().walk([](Operation *step) {
      if (!isa<OnlineAttentionOp, FinalizeOp>(step))
        return;
      OpBuilder b(step);
      for (OpOperand &operand : step->getOpOperands()) {
        auto type = dyn_cast<MemRefType>(operand.get().getType());
        if (!type || generalize(type) == type)
          continue;
        operand.set(memref::CastOp::create(b, step->getLoc(), generalize(type),
                                           operand.get()));
      }
    });
  }
};
} // namespace

//===- HoistAccumulators.cpp - Accumulators in registers --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Hoisting.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorTransforms.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

namespace ringattn {
#define GEN_PASS_DEF_HOISTACCUMULATORSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {
struct HoistAccumulatorsPass
    : ringattn::impl::HoistAccumulatorsPassBase<HoistAccumulatorsPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    // Both transformations compare all pairs of transfers under their root, and
    // the second starts over after every step: a root for each block of
    // registers, not the whole kernel.
    SmallVector<Operation *> roots;
    auto countLoops = [](scf::ForOp loop) {
      int64_t count = 0;
      loop.getBody()->walk([&](LoopLikeOpInterface) { ++count; });
      return count;
    };
    kernel.walk([&](scf::ForOp loop) {
      if (countLoops(loop) != 0)
        return;
      auto outer = dyn_cast<scf::ForOp>(loop->getParentOp());
      roots.push_back(outer && countLoops(outer) == 1 ? outer : loop);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *root : roots) {
      vector::transferOpflowOpt(rewriter, root);
      linalg::hoistRedundantVectorTransfers(root);
      vector::transferOpflowOpt(rewriter, root);
    }
  }
};
} // namespace

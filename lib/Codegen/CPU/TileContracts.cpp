//===- TileContracts.cpp - Products in register blocks ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/CPUPlan.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

namespace ringattn {
#define GEN_PASS_DEF_TILECPUCONTRACTSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Initialisers of accumulators join the block; operands stay whole tiles.
static std::optional<scf::SCFTileAndFuseOptions::ControlFnResult>
fuseInitialisers(tensor::ExtractSliceOp, OpResult producer,
                 bool isDestination) {
  auto role = producer.getOwner()->getAttrOfType<StringAttr>(kRoleAttr);
  bool initialises = isa<linalg::FillOp>(producer.getOwner()) ||
                     (role && role.getValue() == "rescale");
  if (!initialises || !isDestination)
    return std::nullopt;
  return scf::SCFTileAndFuseOptions::ControlFnResult{};
}

static LogicalResult tileContract(IRRewriter &rewriter, linalg::ContractOp op,
                                  int64_t rows, int64_t columns) {
  rewriter.setInsertionPoint(op);
  scf::SCFTilingOptions tiling;
  tiling.setTileSizes({rewriter.getIndexAttr(rows),
                       rewriter.getIndexAttr(columns),
                       rewriter.getIndexAttr(0)});
  tiling.setInterchange({1, 0, 2});
  scf::SCFTileAndFuseOptions options;
  options.setTilingOptions(tiling);
  options.setFusionControlFn(fuseInitialisers);
  FailureOr<scf::SCFTileAndFuseResult> result =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(result))
    return op.emitOpError() << "cannot be tiled, expected a contraction that "
                               "takes tiles of "
                            << rows << " rows and " << columns << " columns";
  for (Value v : op->getResults())
    rewriter.replaceAllUsesWith(v, result->replacements.lookup(v));
  rewriter.eraseOp(op);
  for (Operation *producer : result->fusedProducers)
    if (isOpTriviallyDead(producer))
      rewriter.eraseOp(producer);
  return success();
}

namespace {
struct TileCPUContractsPass
    : ringattn::impl::TileCPUContractsPassBase<TileCPUContractsPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    FailureOr<CPUPlan> plan = CPUPlan::get(kernel);
    if (failed(plan))
      return signalPassFailure();
    SmallVector<linalg::ContractOp> contracts;
    kernel.walk([&](linalg::ContractOp op) { contracts.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (linalg::ContractOp op : contracts) {
      auto role = op->getAttrOfType<StringAttr>(kRoleAttr);
      bool scores = role && role.getValue() == "scores";
      if (failed(tileContract(rewriter, op,
                              scores ? plan->registerRows
                                     : plan->valueRegisterRows,
                              scores ? plan->panel : plan->valuePanel)))
        return signalPassFailure();
    }
  }
};
} // namespace

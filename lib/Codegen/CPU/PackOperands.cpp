//===- PackOperands.cpp - Tiles of K and V from panels ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackEmitter.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

namespace ringattn {
#define GEN_PASS_DEF_PACKCPUOPERANDSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Where the right operand of a tiled contraction comes from.
struct OperandSource {
  LoadTileOp load;
  /// The view that the tile is loaded from: one batch and head.
  memref::SubViewOp view;
  /// First key or column of V within the tile.
  OpFoldResult offset;
};

class OperandPacker {
public:
  OperandPacker(func::FuncOp kernel, const TilePlan &tiles, const CPUPlan &cpu)
      : kernel(kernel), tiles(tiles), cpu(cpu) {}

  LogicalResult run() {
    SmallVector<linalg::ContractOp> contracts;
    kernel.walk([&](linalg::ContractOp op) { contracts.push_back(op); });
    for (linalg::ContractOp op : contracts)
      if (failed(rewrite(op)))
        return failure();
    // Panels live until the kernel returns.
    OpBuilder builder(kernel.getBody().front().getTerminator());
    for (Value buffer : scratch)
      memref::DeallocOp::create(builder, kernel.getLoc(), buffer);
    return success();
  }

private:
  /// Walks from the contraction to the load through slices and conversions.
  FailureOr<OperandSource> trace(linalg::ContractOp op, int64_t slicedDim) {
    OperandSource source;
    source.offset = OpBuilder(op).getIndexAttr(0);
    Value v = op.getInputs()[1];
    if (auto slice = v.getDefiningOp<tensor::ExtractSliceOp>()) {
      source.offset = slice.getMixedOffsets()[slicedDim];
      v = slice.getSource();
    }
    if (auto cast = v.getDefiningOp<linalg::GenericOp>())
      if (auto role = cast->getAttrOfType<StringAttr>(kRoleAttr);
          role && role.getValue() == "cast")
        v = cast.getInputs()[0];
    source.load = v.getDefiningOp<LoadTileOp>();
    if (source.load) {
      Value memory = source.load.getSource();
      if (auto cast = memory.getDefiningOp<memref::CastOp>())
        memory = cast.getSource();
      source.view = memory.getDefiningOp<memref::SubViewOp>();
    }
    if (!source.view)
      return op.emitOpError()
             << "right operand is " << op.getInputs()[1]
             << ", expected a tile loaded from one batch and head";
    return source;
  }

  /// The packed copy of K or V, made at the kernel's entry.
  Value packed(Value memref, bool isKey) {
    Value &copy = (isKey ? keyCopies : valueCopies)[memref];
    if (copy)
      return copy;
    Block &entry = kernel.getBody().front();
    ImplicitLocOpBuilder b =
        ImplicitLocOpBuilder::atBlockBegin(kernel.getLoc(), &entry);
    PackEmitter emitter(b, tiles, cpu);
    copy = isKey ? emitter.packKeys(memref) : emitter.packValues(memref);
    scratch.push_back(copy);
    return copy;
  }

  /// The panel as a read-only tensor [k, width] or [k, width, pair].
  Value panel(ImplicitLocOpBuilder &b, OperandSource &source, bool isKey,
              int64_t depth) {
    Value copy = packed(source.view.getSource(), isKey);
    int64_t width = isKey ? cpu.panel : cpu.valuePanel;
    SmallVector<OpFoldResult> viewOffsets = source.view.getMixedOffsets();
    auto divide = [&](Value v, int64_t by) -> OpFoldResult {
      return getAsOpFoldResult(b.createOrFold<arith::DivUIOp>(
          v, arith::ConstantIndexOp::create(b, by)));
    };
    Value offset =
        getValueOrCreateConstantIndexOp(b, b.getLoc(), source.offset);
    Value row = source.load.getRow();
    SmallVector<OpFoldResult> offsets = {viewOffsets[0], viewOffsets[1]};
    if (isKey) {
      offsets.push_back(
          divide(b.createOrFold<arith::AddIOp>(row, offset), cpu.panel));
      offsets.push_back(b.getIndexAttr(0));
    } else {
      offsets.push_back(divide(offset, cpu.valuePanel));
      offsets.push_back(divide(row, cpu.pair));
    }
    SmallVector<int64_t> shape = {depth / cpu.pair, width};
    if (cpu.pair > 1)
      shape.push_back(cpu.pair);
    SmallVector<OpFoldResult> sizes(3, b.getIndexAttr(1));
    for (int64_t s : shape)
      sizes.push_back(b.getIndexAttr(s));
    offsets.resize(sizes.size(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    auto type = cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
        shape, cast<MemRefType>(copy.getType()), offsets, sizes, strides));
    Value view =
        memref::SubViewOp::create(b, type, copy, offsets, sizes, strides);
    return bufferization::ToTensorOp::create(
        b, RankedTensorType::get(shape, tiles.operand), view,
        /*restrict=*/true);
  }

  /// The left operand with its columns in pairs; the whole tile is reshaped
  /// where it is defined, so that slices of it stay slices.
  Value paired(ImplicitLocOpBuilder &b, Value lhs) {
    auto slice = lhs.getDefiningOp<tensor::ExtractSliceOp>();
    Value whole = slice ? slice.getSource() : lhs;
    auto pairs = [&](ArrayRef<int64_t> shape) {
      return SmallVector<int64_t>{shape[0], shape[1] / 2, 2};
    };
    auto type = cast<RankedTensorType>(whole.getType());
    SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
    Value expanded;
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointAfterValue(whole);
      expanded = tensor::ExpandShapeOp::create(
          b, RankedTensorType::get(pairs(type.getShape()), tiles.operand),
          whole, groups);
    }
    if (!slice)
      return expanded;
    auto part = cast<RankedTensorType>(lhs.getType());
    SmallVector<OpFoldResult> offsets = slice.getMixedOffsets();
    offsets.push_back(b.getIndexAttr(0));
    return tensor::ExtractSliceOp::create(
        b, expanded, offsets,
        getAsIndexOpFoldResult(b.getContext(), pairs(part.getShape())),
        SmallVector<OpFoldResult>(3, b.getIndexAttr(1)));
  }

  LogicalResult rewrite(linalg::ContractOp op) {
    auto role = op->getAttrOfType<StringAttr>(kRoleAttr);
    bool isKey = role && role.getValue() == "scores";
    FailureOr<OperandSource> source = trace(op, isKey ? 0 : 1);
    if (failed(source))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value lhs = op.getInputs()[0];
    int64_t depth = cast<ShapedType>(lhs.getType()).getDimSize(1);
    Value rhs = panel(b, *source, isKey, depth);
    AffineExpr m, n, k, r;
    bindDims(b.getContext(), m, n, k, r);
    auto map = [&](ArrayRef<AffineExpr> results) {
      return AffineMap::get(cpu.pair > 1 ? 4 : 3, 0, results, b.getContext());
    };
    SmallVector<AffineMap> maps = {map({m, k}), map({k, n}), map({m, n})};
    if (cpu.pair > 1) {
      lhs = paired(b, lhs);
      maps[0] = map({m, k, r});
      maps[1] = map({k, n, r});
    }
    auto packedOp = linalg::ContractOp::create(
        b, op->getResultTypes(), ValueRange{lhs, rhs}, op.getOutputs(),
        b.getAffineMapArrayAttr(maps));
    packedOp->setAttr(kRoleAttr, role);
    op->replaceAllUsesWith(packedOp);
    op->erase();
    return success();
  }

  func::FuncOp kernel;
  const TilePlan &tiles;
  const CPUPlan &cpu;
  llvm::DenseMap<Value, Value> keyCopies, valueCopies;
  SmallVector<Value> scratch;
};

struct PackCPUOperandsPass
    : ringattn::impl::PackCPUOperandsPassBase<PackCPUOperandsPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    FailureOr<TilePlan> tiles = TilePlan::get(kernel);
    FailureOr<CPUPlan> cpu = CPUPlan::get(kernel);
    if (failed(tiles) || failed(cpu) ||
        failed(OperandPacker(kernel, *tiles, *cpu).run()))
      return signalPassFailure();
    // The tiles that nothing reads any more.
    SmallVector<Operation *> ops;
    kernel.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }
};

} // namespace

//===- LowerTileTransfers.cpp - Tiles from and to memory --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowAccess.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace ringattn {
#define GEN_PASS_DEF_LOWERTILETRANSFERSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Longer rows are moved by a loop, so that code does not grow with the head
/// size.
static constexpr int64_t kUnrolledVectors = 16;

Value ringattn::readRow(ImplicitLocOpBuilder &b, Value memref,
                        ValueRange indices, int64_t count) {
  auto type = cast<MemRefType>(memref.getType());
  auto vector = VectorType::get(count, type.getElementType());
  if (hasUnitStride(type))
    return vector::LoadOp::create(b, vector, memref, indices);
  SmallVector<Value> elements, at(indices);
  for (int64_t i = 0; i < count; ++i) {
    at.back() = b.createOrFold<arith::AddIOp>(
        indices.back(), arith::ConstantIndexOp::create(b, i));
    elements.push_back(memref::LoadOp::create(b, memref, at));
  }
  return vector::FromElementsOp::create(b, vector, elements);
}

void ringattn::writeRow(ImplicitLocOpBuilder &b, Value vector, Value memref,
                        ValueRange indices) {
  auto type = cast<MemRefType>(memref.getType());
  if (hasUnitStride(type)) {
    vector::StoreOp::create(b, vector, memref, indices);
    return;
  }
  SmallVector<Value> at(indices);
  int64_t count = cast<VectorType>(vector.getType()).getDimSize(0);
  for (int64_t i = 0; i < count; ++i) {
    at.back() = b.createOrFold<arith::AddIOp>(
        indices.back(), arith::ConstantIndexOp::create(b, i));
    memref::StoreOp::create(b, vector::ExtractOp::create(b, vector, i), memref,
                            at);
  }
}

namespace {

class TransferLowering {
public:
  TransferLowering(Operation *op, int64_t vectorBytes)
      : b(op->getLoc(), op), vectorBytes(vectorBytes) {}

  Value load(LoadTileOp op) {
    auto tile = cast<RankedTensorType>(op.getTile().getType());
    Value init =
        tensor::EmptyOp::create(b, tile.getShape(), tile.getElementType());
    Value zero =
        arith::ConstantOp::create(b, b.getZeroAttr(tile.getElementType()));
    init = linalg::FillOp::create(b, zero, init).getResult(0);
    Value source = op.getSource(), row = op.getRow();
    return forRows(source, row, tile, init, [&](Value r, Value from, Value t) {
      if (tile.getRank() == 1) {
        Value element = memref::LoadOp::create(b, source, from);
        return Value(tensor::InsertOp::create(b, element, t, r));
      }
      return forChunks(source, tile, t, [&](Value c, int64_t count, Value t) {
        Value v = readRow(b, source, {from, c}, count);
        return vector::TransferWriteOp::create(b, v, t, ValueRange{r, c},
                                               ArrayRef<bool>{true})
            ->getResult(0);
      });
    });
  }

  void store(StoreTileOp op) {
    auto type = cast<RankedTensorType>(op.getTile().getType());
    Value target = op.getTarget(), tile = op.getTile();
    forRows(target, op.getRow(), type, Value(), [&](Value r, Value to, Value) {
      if (type.getRank() == 1) {
        Value element = tensor::ExtractOp::create(b, tile, r);
        memref::StoreOp::create(b, element, target, to);
        return Value();
      }
      return forChunks(
          target, type, Value(), [&](Value c, int64_t count, Value) {
            Value v = vector::TransferReadOp::create(
                b, VectorType::get(count, type.getElementType()), tile,
                ValueRange{r, c}, std::nullopt, ArrayRef<bool>{true});
            writeRow(b, v, target, {to, c});
            return Value();
          });
    });
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }

  /// A loop over [0, count) that carries `init`, if there is one.
  Value forEach(Value count, int64_t step, Value init,
                llvm::function_ref<Value(Value, Value)> body) {
    auto loop = scf::ForOp::create(b, index(0), count, index(step),
                                   init ? ValueRange(init) : ValueRange());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value next =
        body(loop.getInductionVar(), init ? loop.getRegionIterArg(0) : Value());
    if (!init)
      return Value();
    scf::YieldOp::create(b, next);
    return loop.getResult(0);
  }

  /// Loops over the rows of the tile that exist in `memref`. `body` gets the
  /// row in the tile, the row in memory and the carried tensor.
  Value forRows(Value memref, Value row, RankedTensorType tile, Value init,
                llvm::function_ref<Value(Value, Value, Value)> body) {
    Value left = b.createOrFold<arith::SubIOp>(
        b.createOrFold<memref::DimOp>(memref, 0), row);
    Value count =
        b.createOrFold<arith::MinSIOp>(left, index(tile.getDimSize(0)));
    return forEach(count, 1, init, [&](Value r, Value carried) {
      return body(r, arith::AddIOp::create(b, row, r), carried);
    });
  }

  /// Calls `body` for the vectors of a row that exist both in memory and tile:
  /// the first column, the number of columns, the carried tensor.
  Value forChunks(Value memref, RankedTensorType tile, Value carried,
                  llvm::function_ref<Value(Value, int64_t, Value)> body) {
    auto type = cast<MemRefType>(memref.getType());
    int64_t columns = std::min(type.getDimSize(1), tile.getDimSize(1));
    int64_t width =
        vectorBytes * 8 / type.getElementType().getIntOrFloatBitWidth();
    int64_t column = 0;
    if (columns > kUnrolledVectors * width) {
      column = columns / width * width;
      carried = forEach(index(column), width, carried,
                        [&](Value c, Value t) { return body(c, width, t); });
    }
    for (; column < columns; column += width)
      carried = body(index(column), std::min(width, columns - column), carried);
    return carried;
  }

  ImplicitLocOpBuilder b;
  int64_t vectorBytes;
};

struct LowerTileTransfersPass
    : ringattn::impl::LowerTileTransfersPassBase<LowerTileTransfersPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    SmallVector<Operation *> transfers;
    kernel.walk([&](Operation *op) {
      if (isa<LoadTileOp, StoreTileOp>(op))
        transfers.push_back(op);
    });
    for (Operation *op : transfers) {
      auto tile =
          cast<ShapedType>(isa<LoadTileOp>(op) ? op->getResult(0).getType()
                                               : op->getOperand(0).getType());
      auto memref =
          cast<MemRefType>(isa<LoadTileOp>(op) ? op->getOperand(0).getType()
                                               : op->getOperand(1).getType());
      if (tile.getRank() == 2 && memref.isDynamicDim(1)) {
        op->emitOpError() << "has rows of dynamic size in " << memref
                          << ", expected a static size";
        return signalPassFailure();
      }
      TransferLowering lowering(op, /*vectorBytes=*/64);
      if (auto load = dyn_cast<LoadTileOp>(op))
        load.getTile().replaceAllUsesWith(lowering.load(load));
      else
        lowering.store(cast<StoreTileOp>(op));
      op->erase();
    }
  }
};

} // namespace

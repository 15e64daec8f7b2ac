//===- RingEmitter.cpp - Pieces of a ring loop ----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RingEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"

using namespace mlir;
using namespace ringattn;

FailureOr<RingEmitter> RingEmitter::fromLoop(scf::ForOp loop) {
  OnlineAttentionOp compute;
  ringcomm::ShiftStartOp exchange;
  loop.walk([&](Operation *op) {
    if (auto online = dyn_cast<OnlineAttentionOp>(op))
      compute = online;
    if (auto start = dyn_cast<ringcomm::ShiftStartOp>(op))
      exchange = start;
  });
  if (!compute || !exchange || loop.getNumRegionIterArgs() != 2)
    return loop.emitError() << "is not a loop of ringattn-form-ring, expected "
                               "one online_attention, one exchange and two "
                               "slots";
  RingEmitter e;
  e.query = compute.getQuery();
  e.acc = compute.getAcc();
  e.max = compute.getMax();
  e.sum = compute.getSum();
  e.rank = compute.getQueryRank();
  e.ranks = compute.getRanks();
  e.active = exchange.getActive();
  e.seqQ = compute.getSeqQ();
  e.seqK = compute.getSeqK();
  e.mask = compute.getMask();
  e.scale = compute.getScaleAttr();
  e.layout = compute.getLayout();
  e.grid = exchange.getGridAttr();
  e.axes = exchange.getAxesAttr();
  e.keyType = cast<MemRefType>(compute.getKey().getType());
  e.valueType = cast<MemRefType>(compute.getValue().getType());
  return e;
}

/// Product of the sizes.
static OpFoldResult multiply(OpBuilder &builder, Location loc,
                             ArrayRef<OpFoldResult> sizes) {
  OpFoldResult product = builder.getIndexAttr(1);
  int64_t constant = 1;
  Value dynamic;
  for (OpFoldResult size : sizes) {
    if (std::optional<int64_t> number = getConstantIntValue(size)) {
      constant *= *number;
      continue;
    }
    Value value = cast<Value>(size);
    dynamic =
        dynamic ? arith::MulIOp::create(builder, loc, dynamic, value) : value;
  }
  if (!dynamic)
    return builder.getIndexAttr(constant);
  if (constant != 1)
    dynamic = arith::MulIOp::create(
        builder, loc, dynamic,
        arith::ConstantIndexOp::create(builder, loc, constant));
  product = dynamic;
  return product;
}

/// `value` as an attribute where it is a constant.
static OpFoldResult folded(Value value) {
  if (std::optional<int64_t> number = getConstantIntValue(value))
    return Builder(value.getContext()).getIndexAttr(*number);
  return value;
}

static OpFoldResult batchSize(OpBuilder &builder, Location loc, Value query) {
  auto type = cast<MemRefType>(query.getType());
  if (!type.isDynamicDim(0))
    return builder.getIndexAttr(type.getDimSize(0));
  return Value(memref::DimOp::create(builder, loc, query, 0));
}

Value RingEmitter::emitRows(OpBuilder &builder, Location loc, Value moves,
                            int64_t step, Value *owner) const {
  Value source = builder.createOrFold<ringcomm::SourceOp>(
      loc, rank, moves, active, builder.getI64IntegerAttr(step));
  if (owner)
    *owner = source;
  return builder.createOrFold<ShardLengthOp>(loc, seqK, ranks, source, layout);
}

Value RingEmitter::emitBlockSize(OpBuilder &builder, Location loc,
                                 Value rows) const {
  int64_t perRow =
      keyType.getDimSize(1) * (keyType.getDimSize(3) + valueType.getDimSize(3));
  return getValueOrCreateConstantIndexOp(
      builder, loc,
      multiply(builder, loc,
               {batchSize(builder, loc, query), folded(rows),
                builder.getIndexAttr(perRow)}));
}

Value RingEmitter::emitSlot(OpBuilder &builder, Location loc) const {
  Value rows = layout.emitMaxShardLength(builder, loc, seqK, ranks);
  Value size = emitBlockSize(builder, loc, rows);
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  std::tie(shape, dynamic) = decomposeMixedValues({folded(size)});
  auto type = MemRefType::get(shape, keyType.getElementType());
  return memref::AllocOp::create(builder, loc, type, dynamic,
                                 builder.getI64IntegerAttr(64));
}

std::pair<Value, Value> RingEmitter::emitBlock(OpBuilder &builder, Location loc,
                                               Value slot, Value rows) const {
  OpFoldResult batch = batchSize(builder, loc, query), n = folded(rows);
  OpFoldResult offset = builder.getIndexAttr(0);
  Value views[2];
  const MemRefType types[] = {keyType, valueType};
  for (auto [view, type] : llvm::zip(views, types)) {
    SmallVector<OpFoldResult> sizes = {
        batch, builder.getIndexAttr(type.getDimSize(1)), n,
        builder.getIndexAttr(type.getDimSize(3))};
    // Row-major. (expand_shape would do, but not for two dynamic sizes.)
    SmallVector<OpFoldResult> strides(4, builder.getIndexAttr(1));
    for (int i = 2; i >= 0; --i)
      strides[i] = multiply(builder, loc, {sizes[i + 1], strides[i + 1]});
    auto numbers = [](ArrayRef<OpFoldResult> values) {
      return llvm::to_vector(llvm::map_range(values, [](OpFoldResult value) {
        return getConstantIntValue(value).value_or(ShapedType::kDynamic);
      }));
    };
    auto layoutAttr = StridedLayoutAttr::get(
        builder.getContext(), numbers({offset})[0], numbers(strides));
    view = memref::ReinterpretCastOp::create(
        builder, loc,
        MemRefType::get(numbers(sizes), type.getElementType(), layoutAttr),
        slot, offset, sizes, strides);
    offset = multiply(builder, loc, sizes);
  }
  return {views[0], views[1]};
}

void RingEmitter::emitCompute(OpBuilder &builder, Location loc, Value slot,
                              Value moves, int64_t step, Value hop) const {
  Value owner;
  Value rows = emitRows(builder, loc, moves, step, &owner);
  auto [key, value] = emitBlock(builder, loc, slot, rows);
  OnlineAttentionOp::create(builder, loc, query, key, value, acc, max, sum,
                            rank, owner, seqQ, seqK, ranks, hop,
                            /*output=*/Value(),
                            /*lse=*/Value(), mask, scale, layout);
}

Value RingEmitter::emitExchange(OpBuilder &builder, Location loc, Value from,
                                Value to, Value moves, int64_t step) const {
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value next = builder.createOrFold<arith::AddIOp>(loc, moves, one);
  auto part = [&](Value slot, Value count) -> Value {
    OpFoldResult zero = builder.getIndexAttr(0), unit = builder.getIndexAttr(1);
    Value size =
        emitBlockSize(builder, loc, emitRows(builder, loc, count, step));
    return memref::SubViewOp::create(builder, loc, slot, {zero}, {folded(size)},
                                     {unit});
  };
  Value send = part(from, moves), receive = part(to, next);
  return ringcomm::ShiftStartOp::create(builder, loc, send, receive, active,
                                        builder.getI64IntegerAttr(step), grid,
                                        axes);
}

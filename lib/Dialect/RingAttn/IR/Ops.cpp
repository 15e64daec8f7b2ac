//===- Ops.cpp - Ops of the ringattn dialect ------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace ringattn;

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingAttn/IR/RingAttnOps.cpp.inc"

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

double AttentionOp::getScaleOrDefault() {
  if (FloatAttr scale = getScaleAttr())
    return scale.getValueAsDouble();
  return 1.0 / std::sqrt(double(getQuery().getType().getDimSize(3)));
}

LogicalResult
AttentionOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &dims) {
  Location loc = getLoc();
  auto size = [&](Value v, int64_t d) {
    return tensor::getMixedSize(builder, loc, v, d);
  };
  SmallVector<OpFoldResult> rows = {size(getQuery(), 0), size(getQuery(), 1),
                                    size(getQuery(), 2)};
  dims.push_back(rows);
  dims.back().push_back(size(getValue(), 3));
  if (getLse())
    dims.push_back(rows);
  return success();
}

//===----------------------------------------------------------------------===//
// ring_attention
//===----------------------------------------------------------------------===//

MutableOperandRange RingAttentionOp::getDpsInitsMutable() {
  // output and lse are adjacent.
  unsigned first = getODSOperandIndexAndLength(3).first;
  return MutableOperandRange(getOperation(), first, getLse() ? 2 : 1);
}

SequenceLayoutAttrInterface RingAttentionOp::getLayout() {
  if (SeqShardingAttr sharding = getShardingAttr())
    return sharding.getLayout();
  return cast<SequenceLayoutAttrInterface>(ContiguousAttr::get(getContext()));
}

//===----------------------------------------------------------------------===//
// shard_length
//===----------------------------------------------------------------------===//

OpFoldResult ShardLengthOp::fold(FoldAdaptor adaptor) {
  auto size = dyn_cast_or_null<IntegerAttr>(adaptor.getSize());
  auto ranks = dyn_cast_or_null<IntegerAttr>(adaptor.getRanks());
  if (!ranks || ranks.getInt() < 1)
    return {};
  if (ranks.getInt() == 1)
    return getSize();
  if (!size || size.getInt() < 1)
    return {};
  int64_t rank = 0;
  if (auto constant = dyn_cast_or_null<IntegerAttr>(adaptor.getRank()))
    rank = constant.getInt();
  else if (!getLayout().isEven(size.getInt(), ranks.getInt()))
    return {};
  return IntegerAttr::get(
      IndexType::get(getContext()),
      getLayout().getShardLength(size.getInt(), ranks.getInt(), rank));
}

//===----------------------------------------------------------------------===//
// Effects
//===----------------------------------------------------------------------===//

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

static void addRead(Effects &effects, OpOperand &operand) {
  effects.emplace_back(MemoryEffects::Read::get(), &operand);
}
static void addWrite(Effects &effects, OpOperand &operand) {
  effects.emplace_back(MemoryEffects::Write::get(), &operand);
}

void RingAttentionOp::getEffects(Effects &effects) {
  // What the ranks exchange is not memory of this program.
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
  if (!isa<MemRefType>(getQuery().getType()))
    return;
  for (OpOperand *read :
       {&getQueryMutable(), &getKeyMutable(), &getValueMutable()})
    addRead(effects, *read);
  for (OpOperand &result : getDpsInitsMutable())
    addWrite(effects, result);
}

void OnlineAttentionOp::getEffects(Effects &effects) {
  for (OpOperand *read :
       {&getQueryMutable(), &getKeyMutable(), &getValueMutable()})
    addRead(effects, *read);
  for (OpOperand *update :
       {&getAccMutable(), &getMaxMutable(), &getSumMutable()}) {
    addRead(effects, *update);
    addWrite(effects, *update);
  }
  for (MutableOperandRange results : {getOutputMutable(), getLseMutable()})
    for (OpOperand &result : results)
      addWrite(effects, result);
}

void FinalizeOp::getEffects(Effects &effects) {
  for (OpOperand *read : {&getAccMutable(), &getMaxMutable(), &getSumMutable()})
    addRead(effects, *read);
  addWrite(effects, getOutputMutable());
  for (OpOperand &lse : getLseMutable())
    addWrite(effects, lse);
}

void LoadTileOp::getEffects(Effects &effects) {
  addRead(effects, getSourceMutable());
}

void StoreTileOp::getEffects(Effects &effects) {
  addWrite(effects, getTargetMutable());
}

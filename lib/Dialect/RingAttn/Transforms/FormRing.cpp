//===- FormRing.cpp - From ring_attention to the ring loop ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RingEmitter.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ringattn {
#define GEN_PASS_DEF_FORMRINGPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Expands one op; what it allocates it frees.
class RingBuilder {
public:
  explicit RingBuilder(RingAttentionOp op)
      : op(op), loc(op.getLoc()), builder(op) {}

  void run() {
    emitState();
    if (int64_t size = getRingSize(); size == 1)
      emitSingleRank();
    else
      emitRing(size);
    FinalizeOp::create(builder, loc, ring.acc, ring.max, ring.sum,
                       op.getOutput(), op.getLse());
    for (Value buffer : llvm::reverse(buffers))
      memref::DeallocOp::create(builder, loc, buffer);
    op.erase();
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  /// The size of the ring, dynamic where only the run tells.
  int64_t getRingSize() {
    SeqShardingAttr sharding = op.getShardingAttr();
    if (!sharding)
      return 1;
    return ringcomm::getRingSize(op, sharding.getGrid(), sharding.getAxes());
  }

  /// A contiguous buffer of `shape`, whose dynamic sizes are those of `like`.
  Value allocate(Type element, ArrayRef<int64_t> shape, Value like) {
    SmallVector<Value> sizes;
    for (auto [dim, size] : llvm::enumerate(shape))
      if (ShapedType::isDynamic(size))
        sizes.push_back(memref::DimOp::create(builder, loc, like, dim));
    buffers.push_back(
        memref::AllocOp::create(builder, loc, MemRefType::get(shape, element),
                                sizes, builder.getI64IntegerAttr(64)));
    return buffers.back();
  }

  /// The accumulators, in their initial state.
  void emitState() {
    auto q = cast<MemRefType>(op.getQuery().getType());
    auto o = cast<MemRefType>(op.getOutput().getType());
    Type storage = q.getElementType();
    auto element =
        cast<FloatType>(storage.isF64() ? storage : builder.getF32Type());
    SmallVector<int64_t> rows(q.getShape().take_front(3)), acc = rows;
    acc.push_back(o.getDimSize(3));
    ring.acc = allocate(element, acc, op.getQuery());
    ring.max = allocate(element, rows, op.getQuery());
    ring.sum = allocate(element, rows, op.getQuery());
    auto fill = [&](Value buffer, APFloat value) {
      Value constant = arith::ConstantOp::create(
          builder, loc, builder.getFloatAttr(element, value));
      linalg::FillOp::create(builder, loc, ValueRange{constant},
                             ValueRange{buffer});
    };
    const llvm::fltSemantics &semantics = element.getFloatSemantics();
    fill(ring.acc, APFloat::getZero(semantics));
    fill(ring.max, APFloat::getInf(semantics, /*Negative=*/true));
    fill(ring.sum, APFloat::getZero(semantics));

    ring.query = op.getQuery();
    ring.seqQ = op.getSeqQ();
    ring.seqK = op.getSeqK();
    ring.mask = op.getMask();
    ring.scale = op.getScaleAttr();
    ring.layout = op.getLayout();
    ring.keyType = cast<MemRefType>(op.getKey().getType());
    ring.valueType = cast<MemRefType>(op.getValue().getType());
  }

  void emitSingleRank() {
    Value zero = index(0), one = index(1);
    OnlineAttentionOp::create(builder, loc, op.getQuery(), op.getKey(),
                              op.getValue(), ring.acc, ring.max, ring.sum, zero,
                              zero, ring.seqQ, ring.seqK, one, zero,
                              /*output=*/Value(), /*lse=*/Value(), ring.mask,
                              ring.scale, ring.layout);
  }

  void emitRing(int64_t size) {
    Value zero = index(0), one = index(1);
    ring.grid = op.getShardingAttr().getGrid();
    ring.axes = builder.getDenseI64ArrayAttr(op.getShardingAttr().getAxes());
    ring.ranks =
        ShapedType::isDynamic(size)
            ? ringcomm::SizeOp::create(builder, loc, ring.grid, ring.axes)
            : index(size);
    ring.rank = ringcomm::RankOp::create(builder, loc, ring.grid, ring.axes);
    ring.active = arith::MaxSIOp::create(
        builder, loc,
        ring.layout.emitNumActiveRanks(builder, loc, ring.seqQ, ring.ranks),
        ring.layout.emitNumActiveRanks(builder, loc, ring.seqK, ring.ranks));
    Value slots[2];
    for (Value &slot : slots) {
      slot = ring.emitSlot(builder, loc);
      buffers.push_back(slot);
    }
    Value rows = builder.createOrFold<ShardLengthOp>(loc, ring.seqK, ring.ranks,
                                                     ring.rank, ring.layout);
    auto [key, value] = ring.emitBlock(builder, loc, slots[0], rows);
    for (auto [from, to] :
         {std::pair<Value, Value>{op.getKey(), key}, {op.getValue(), value}})
      linalg::CopyOp::create(builder, loc, from, to);

    auto loop = scf::ForOp::create(builder, loc, zero, ring.active, one, slots);
    loop->setAttr(kRingLoopAttr, builder.getUnitAttr());
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value hop = loop.getInductionVar();
    Value current = loop.getRegionIterArg(0), next = loop.getRegionIterArg(1);
    ring.emitCompute(builder, loc, current, hop, /*step=*/1, hop);
    Value following = arith::AddIOp::create(builder, loc, hop, one);
    Value more = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                       following, ring.active);
    auto branch = scf::IfOp::create(builder, loc, more);
    {
      OpBuilder inner = branch.getThenBodyBuilder();
      Value token =
          ring.emitExchange(inner, loc, current, next, hop, /*step=*/1);
      ringcomm::WaitOp::create(inner, loc, token);
    }
    scf::YieldOp::create(builder, loc, ValueRange{next, current});
  }

  RingAttentionOp op;
  Location loc;
  OpBuilder builder;
  RingEmitter ring;
  SmallVector<Value> buffers;
};

struct FormRing : ringattn::impl::FormRingPassBase<FormRing> {
  void runOnOperation() override {
    SmallVector<RingAttentionOp> ops;
    getOperation().walk([&](RingAttentionOp op) { ops.push_back(op); });
    for (RingAttentionOp op : ops) {
      if (!isa<MemRefType>(op.getQuery().getType())) {
        op.emitError() << "is on tensors, expected memrefs (run bufferization "
                          "first)";
        return signalPassFailure();
      }
      RingBuilder(op).run();
    }
  }
};
} // namespace

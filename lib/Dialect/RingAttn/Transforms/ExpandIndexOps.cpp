//===- ExpandIndexOps.cpp - shard_length and source as arithmetic ---------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace ringattn {
#define GEN_PASS_DEF_EXPANDINDEXOPSPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

struct ExpandShardLength : OpRewritePattern<ShardLengthOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ShardLengthOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOp(
        op, op.getLayout().emitShardLength(rewriter, op.getLoc(), op.getSize(),
                                           op.getRanks(), op.getRank()));
    return success();
  }
};

struct ExpandSource : OpRewritePattern<ringcomm::SourceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ringcomm::SourceOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value rank = op.getRank(), active = op.getActive(), moved;
    // Non-negative before the remainder, since 0 <= hop <= active.
    if (op.getStep() == 1) {
      Value ahead = arith::AddIOp::create(rewriter, loc, rank, active);
      moved = arith::SubIOp::create(rewriter, loc, ahead, op.getHop());
    } else {
      moved = arith::AddIOp::create(rewriter, loc, rank, op.getHop());
    }
    Value wrapped = arith::RemUIOp::create(rewriter, loc, moved, active);
    Value takesPart = arith::CmpIOp::create(
        rewriter, loc, arith::CmpIPredicate::slt, rank, active);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, takesPart, wrapped, rank);
    return success();
  }
};

struct ExpandIndexOps : ringattn::impl::ExpandIndexOpsPassBase<ExpandIndexOps> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandShardLength, ExpandSource>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace

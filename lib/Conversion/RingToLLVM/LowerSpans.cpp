//===- LowerSpans.cpp - Inlines ringrt.span -------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Conversion/RingToLLVM/Passes.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace ringattn {
#define GEN_PASS_DEF_LOWERSPANSPASS
#include "ringattn/Conversion/RingToLLVM/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {
struct LowerSpans : ringattn::impl::LowerSpansPassBase<LowerSpans> {
  void runOnOperation() override {
    getOperation()->walk([](ringrt::SpanOp span) {
      OpBuilder builder(span);
      Location loc = span.getLoc();
      Value hop = span.getHop();
      if (!hop)
        hop = arith::ConstantIndexOp::create(builder, loc, -1);
      ringrt::SpanBeginOp::create(builder, loc, span.getKind(), hop);
      Block &body = span.getBody().front();
      span->getBlock()->getOperations().splice(span->getIterator(),
                                               body.getOperations());
      ringrt::SpanEndOp::create(builder, loc);
      span.erase();
    });
  }
};
} // namespace

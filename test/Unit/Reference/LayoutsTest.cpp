//===- LayoutsTest.cpp - Layouts on integers and as IR --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace ringattn;

namespace {

/// Many layouts, sizes and rings.
class LayoutsTest : public ::testing::Test {
protected:
  LayoutsTest() : loc(UnknownLoc::get(&context)), builder(&context) {
    context.loadDialect<RingAttnDialect, arith::ArithDialect>();
  }

  template <typename Check>
  void forEachCase(Check check) {
    const SequenceLayoutAttrInterface layouts[] = {
        ContiguousAttr::get(&context), StripedAttr::get(&context, 1),
        StripedAttr::get(&context, 3), ZigzagAttr::get(&context)};
    for (SequenceLayoutAttrInterface layout : layouts)
      for (int64_t ranks : {1, 2, 3, 4, 7})
        for (int64_t size : {1, 2, 3, 5, 8, 13, 24, 29}) {
          OwningOpRef<ModuleOp> module = ModuleOp::create(builder, loc);
          builder.setInsertionPointToStart(module->getBody());
          check(layout, size, ranks);
          builder.clearInsertionPoint();
        }
  }

  Value emit(int64_t number) {
    return arith::ConstantIndexOp::create(builder, loc, number);
  }

  MLIRContext context;
  Location loc;
  OpBuilder builder;
};

TEST_F(LayoutsTest, MapsAreTheSameOnIntegersAndAsIR) {
  forEachCase([&](SequenceLayoutAttrInterface layout, int64_t size,
                  int64_t ranks) {
    Value s = emit(size), p = emit(ranks);
    EXPECT_EQ(
        getConstantIntValue(layout.emitMaxShardLength(builder, loc, s, p)),
        layout.getMaxShardLength(size, ranks));
    EXPECT_EQ(
        getConstantIntValue(layout.emitNumActiveRanks(builder, loc, s, p)),
        layout.getNumActiveRanks(size, ranks));
    for (int64_t rank = 0; rank < ranks; ++rank) {
      Value r = emit(rank);
      int64_t length = layout.getShardLength(size, ranks, rank);
      EXPECT_EQ(
          getConstantIntValue(layout.emitShardLength(builder, loc, s, p, r)),
          length);
      for (int64_t local = 0; local < length; ++local)
        EXPECT_EQ(getConstantIntValue(
                      layout.emitPosition(builder, loc, s, p, r, emit(local))),
                  layout.getPosition(size, ranks, rank, local));
    }
  });
}

TEST_F(LayoutsTest, LargestShardActiveRanksAndOrder) {
  forEachCase(
      [&](SequenceLayoutAttrInterface layout, int64_t size, int64_t ranks) {
        int64_t largest = 0, active = 0;
        std::vector<int64_t> owners(size, -1);
        for (int64_t rank = 0; rank < ranks; ++rank) {
          int64_t length = layout.getShardLength(size, ranks, rank);
          largest = std::max(largest, length);
          if (length > 0)
            EXPECT_EQ(active++, rank);
          for (int64_t local = 0; local < length; ++local)
            owners[layout.getPosition(size, ranks, rank, local)] = rank;
        }
        EXPECT_EQ(layout.getMaxShardLength(size, ranks), largest);
        EXPECT_EQ(layout.getNumActiveRanks(size, ranks), active);
        for (int64_t i = 0; i < size; ++i)
          EXPECT_GE(owners[i], 0);
        if (!layout.followsRing())
          return;
        for (int64_t i = 1; i < size; ++i)
          EXPECT_TRUE(owners[i] == owners[i - 1] ||
                      owners[i] == (owners[i - 1] + 1) % ranks);
      });
}

} // namespace

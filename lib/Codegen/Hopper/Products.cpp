//===- Products.cpp - Products of a warpgroup under way -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "Fragments.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ringattn;

/// Depth of one product.
static int64_t depthOf(ringptx::ElementType type) {
  return type == ringptx::ElementType::TF32 ? 8 : 16;
}

/// The A fragment of product number `step` along the depth, of the fragment of
/// a whole tile.
static Value fragmentOf(ImplicitLocOpBuilder &b, ringptx::ElementType type,
                        Value tile, int64_t step) {
  if (type != ringptx::ElementType::TF32)
    return takeElements(b, tile, 8 * step, 8);
  // Rows alternate first in an A fragment of tf32, columns in an accumulator.
  return vector::ShuffleOp::create(
      b, tile, tile,
      ArrayRef<int64_t>{4 * step, 4 * step + 2, 4 * step + 1, 4 * step + 3});
}

void Products::start(Value tile, const Shape &shape, const Factor &lhs,
                     const Factor &rhs, Value accumulator,
                     std::function<void()> finished) {
  auto offset = [&](Value descriptor, int64_t by) {
    return arith::AddIOp::create(
        b, descriptor, arith::ConstantOp::create(b, b.getI64IntegerAttr(by)));
  };
  auto registers = VectorType::get(shape.columns / 2, b.getF32Type());
  Value result = accumulator;
  if (!result)
    result = arith::ConstantOp::create(b, b.getZeroAttr(registers));
  Value left;
  if (!lhs.fragment)
    left = lhs.tile.descriptor(b, lhs.address, /*mnMajor=*/false);
  Value right = rhs.tile.descriptor(b, rhs.address, shape.mnMajor);
  // Orders the registers written so far before the products that use them.
  NVVM::WgmmaFenceAlignedOp::create(b);
  for (int64_t step = 0; step < shape.depth / depthOf(shape.type); ++step) {
    Value a = lhs.fragment ? fragmentOf(b, shape.type, lhs.fragment, step)
                           : offset(left, lhs.tile.stepOffset(step, false));
    result = ringptx::WgmmaOp::create(
        b, registers, shape.type, a,
        offset(right, rhs.tile.stepOffset(step, shape.mnMajor)), result,
        /*accumulate=*/accumulator || step > 0, /*transpose_a=*/false,
        /*transpose_b=*/shape.mnMajor);
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(b);
  values.map(tile, result);
  groups.push_back({tile, result, lhs.fragment, std::move(finished)});
}

bool Products::isUnderWay(Value tile) const {
  return llvm::any_of(groups,
                      [&](const Group &group) { return group.tile == tile; });
}

void Products::wait(Value tile) {
  SmallVector<Group> done;
  while (!groups.empty()) {
    done.push_back(std::move(groups.front()));
    groups.pop_front();
    if (done.back().tile == tile)
      break;
  }
  if (llvm::any_of(done, [](const Group &group) { return group.hidden; }))
    ringptx::SchedulingBarrierOp::create(b);
  for (Group &group : groups)
    group.hidden = true;
  SmallVector<Value> products;
  for (const Group &group : done)
    products.push_back(group.product);
  // Behind the products, so that these are the first results.
  for (const Group &group : done)
    if (group.fragment)
      products.push_back(group.fragment);
  auto wait = ringptx::WgmmaWaitOp::create(b, products, groups.size());
  // What a product has read is not needed any more.
  for (auto [group, result] : llvm::zip_first(done, wait.getResults())) {
    values.map(group.tile, result);
    group.finished();
  }
}

void Products::waitForAll() {
  if (!groups.empty())
    wait(groups.back().tile);
}

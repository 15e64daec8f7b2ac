//===- Fragments.cpp - Tiles in the registers of a warpgroup --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fragments.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ringattn;

static Value constant(ImplicitLocOpBuilder &b, int32_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
}

Fragments::Fragments(ImplicitLocOpBuilder &b, Value thread, Value firstRow) {
  Value warp = arith::ShRUIOp::create(b, thread, constant(b, 5));
  Value lane = arith::AndIOp::create(b, thread, constant(b, 31));
  Value inWarp = arith::ShRUIOp::create(b, lane, constant(b, 2));
  Value ofWarp = arith::MulIOp::create(b, warp, constant(b, 16));
  this->firstRow = arith::AddIOp::create(
      b, firstRow, arith::AddIOp::create(b, ofWarp, inWarp));
  Value inRow = arith::AndIOp::create(b, lane, constant(b, 3));
  column = arith::MulIOp::create(b, inRow, constant(b, 2));
}

Value Fragments::spread(ImplicitLocOpBuilder &b, Value part, TileAxes axes,
                        int64_t columns) {
  if (axes == TileAxes::Both)
    return part;
  SmallVector<int64_t> from;
  for (int64_t i = 0; i < count(TileAxes::Both, columns); ++i)
    from.push_back(axes == TileAxes::Rows ? rowOf(i) : columnOf(i));
  return vector::ShuffleOp::create(b, part, part, from);
}

Value Fragments::coordinates(ImplicitLocOpBuilder &b, TileAxes axes,
                             unsigned dimension, int64_t columns) const {
  SmallVector<int32_t> offsets;
  for (int64_t i = 0; i < count(axes, columns); ++i) {
    if (axes == TileAxes::Rows || (axes == TileAxes::Both && dimension == 0))
      offsets.push_back(8 * (axes == TileAxes::Rows ? i : rowOf(i)));
    else if (axes == TileAxes::Columns)
      offsets.push_back(8 * (i / 2) + i % 2);
    else
      offsets.push_back(8 * (i / 4) + i % 2);
  }
  bool rows =
      axes == TileAxes::Rows || (axes == TileAxes::Both && dimension == 0);
  auto type = VectorType::get(offsets.size(), b.getI32Type());
  Value first = vector::BroadcastOp::create(b, type, rows ? firstRow : column);
  Value rest = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, ArrayRef<int32_t>(offsets)));
  return arith::AddIOp::create(b, first, rest);
}

Value Fragments::row(ImplicitLocOpBuilder &b, int64_t half) const {
  return arith::AddIOp::create(b, firstRow, constant(b, 8 * half));
}

Value Fragments::leadsRow(ImplicitLocOpBuilder &b) const {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, column,
                               constant(b, 0));
}

Value ringattn::takeElements(ImplicitLocOpBuilder &b, Value vector,
                             int64_t first, int64_t count) {
  auto elements = llvm::to_vector(llvm::seq(first, first + count));
  return vector::ShuffleOp::create(b, vector, vector, elements);
}

Value ringattn::reduceInThread(ImplicitLocOpBuilder &b, Value part, Value init,
                               Combine combine) {
  // Two chains a row, so that each operation need not wait for the last one.
  static constexpr int64_t kChains = 2;
  int64_t count = cast<VectorType>(part.getType()).getNumElements();
  SmallVector<Value> rows;
  for (int64_t row = 0; row < Fragments::kRows; ++row) {
    Value chains[kChains];
    int64_t next = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (Fragments::rowOf(i) != row)
        continue;
      Value element = vector::ExtractOp::create(b, part, i);
      Value &chain = chains[next++ % kChains];
      chain = chain ? combine(chain, element) : element;
    }
    Value result = vector::ExtractOp::create(b, init, row);
    for (Value chain : chains)
      if (chain)
        result = combine(result, chain);
    rows.push_back(result);
  }
  return vector::FromElementsOp::create(b, cast<VectorType>(init.getType()),
                                        rows);
}

Value ringattn::reduceOverRow(ImplicitLocOpBuilder &b, Value part,
                              Combine combine) {
  Value everyLane = constant(b, -1), clamp = constant(b, 31);
  SmallVector<Value> rows;
  for (int64_t row = 0; row < Fragments::kRows; ++row) {
    Value result = vector::ExtractOp::create(b, part, row);
    for (int32_t distance : {1, 2}) {
      Value other = NVVM::ShflOp::create(b, result.getType(), everyLane, result,
                                         constant(b, distance), clamp,
                                         NVVM::ShflKind::bfly, UnitAttr());
      result = combine(result, other);
    }
    rows.push_back(result);
  }
  return vector::FromElementsOp::create(b, cast<VectorType>(part.getType()),
                                        rows);
}

//===- PackEmitter.cpp - Copies of K and V in panels ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackEmitter.h"
#include "RowAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ringattn;

Value PackEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value PackEmitter::size(Value memref, int64_t dim) {
  return b.createOrFold<memref::DimOp>(memref, dim);
}

Value PackEmitter::countTiles(Value keys, int64_t step) {
  Value n = size(keys, 2);
  return b.createOrFold<arith::DivUIOp>(
      b.createOrFold<arith::AddIOp>(n, index(step - 1)), index(step));
}

Value PackEmitter::allocate(Value source, ArrayRef<Value> dynamic,
                            ArrayRef<int64_t> shape) {
  SmallVector<int64_t> full(shape);
  if (cpu.pair > 1)
    full.push_back(cpu.pair);
  SmallVector<Value> sizes(dynamic);
  auto type = cast<MemRefType>(source.getType());
  if (type.isDynamicDim(0))
    sizes.insert(sizes.begin(), size(source, 0));
  return memref::AllocOp::create(b, MemRefType::get(full, tiles.operand), sizes,
                                 b.getI64IntegerAttr(64));
}

Value PackEmitter::flatView(Value scratch) {
  if (cpu.pair == 1)
    return scratch;
  SmallVector<ReassociationIndices> groups = {{0}, {1}, {2}, {3}, {4, 5}};
  return memref::CollapseShapeOp::create(b, scratch, groups);
}

void PackEmitter::forPieces(Value source, Value count,
                            llvm::function_ref<void(ValueRange)> body) {
  SmallVector<OpFoldResult> lower(3, b.getIndexAttr(0)),
      step(3, b.getIndexAttr(1));
  SmallVector<OpFoldResult> upper =
      getAsOpFoldResult({size(source, 0), size(source, 1), count});
  auto loop =
      scf::ForallOp::create(b, lower, upper, step, ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVars());
}

Value PackEmitter::readConverted(Value source, ValueRange indices,
                                 int64_t count, int64_t width) {
  Value row = readRow(b, source, indices, count);
  auto type = VectorType::get(count, tiles.operand);
  if (type != row.getType())
    row = arith::ExtFOp::create(b, type, row);
  if (count == width)
    return row;
  auto wide = VectorType::get(width, tiles.operand);
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(wide));
  return vector::InsertStridedSliceOp::create(
      b, row, zeros, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
}

/// Transposes a square of vectors in log2(side) rounds, each of which exchanges
/// the off-diagonal quarters of all squares of twice its distance.
static void transposeSquare(ImplicitLocOpBuilder &b,
                            MutableArrayRef<Value> lines) {
  int64_t side = lines.size();
  for (int64_t distance = side / 2; distance > 0; distance /= 2) {
    SmallVector<int64_t> low(side), high(side);
    for (int64_t j = 0; j < side; ++j) {
      bool right = j & distance;
      low[j] = right ? side + j - distance : j;
      high[j] = right ? side + j : j + distance;
    }
    for (int64_t i = 0; i < side; ++i) {
      if (i & distance)
        continue;
      Value upper = lines[i], lower = lines[i + distance];
      lines[i] = vector::ShuffleOp::create(b, upper, lower, low);
      lines[i + distance] = vector::ShuffleOp::create(b, upper, lower, high);
    }
  }
}

/// Transposes a square of words (a word is a pair of bf16, or one element):
/// `count` columns of K from `column`, for one register of keys, into the rows
/// from `word` of a panel.
void PackEmitter::transposeBlock(Value keys, Value packed, ValueRange piece,
                                 Value firstKey, Value lastKey, Value column,
                                 Value word, int64_t count) {
  int64_t side = cpu.lanes, width = side * cpu.pair;
  Type wordType = cpu.pair == 1 ? tiles.operand : b.getI32Type();
  auto line = VectorType::get(side, wordType);
  Value laneOfKey = arith::SubIOp::create(
      b, firstKey, arith::MulIOp::create(b, piece[2], index(cpu.panel)));
  SmallVector<Value> lines;
  for (int64_t i = 0; i < side; ++i) {
    // Lines past the last key repeat it: the mask hides their scores.
    Value key = arith::MinSIOp::create(
        b, arith::AddIOp::create(b, firstKey, index(i)), lastKey);
    Value row =
        readConverted(keys, {piece[0], piece[1], key, column}, count, width);
    if (cpu.pair > 1)
      row = vector::BitCastOp::create(b, line, row);
    lines.push_back(row);
  }
  transposeSquare(b, lines);
  for (int64_t i = 0; i < (count + cpu.pair - 1) / cpu.pair; ++i) {
    Value words = lines[i];
    if (cpu.pair > 1)
      words = vector::BitCastOp::create(
          b, VectorType::get(width, tiles.operand), words);
    vector::StoreOp::create(
        b, words, packed,
        ValueRange{piece[0], piece[1], piece[2],
                   arith::AddIOp::create(b, word, index(i)),
                   arith::MulIOp::create(b, laneOfKey, index(cpu.pair))});
  }
}

Value PackEmitter::packKeys(Value keys) {
  auto type = cast<MemRefType>(keys.getType());
  int64_t panelsInStep = tiles.maskedColumns / cpu.panel;
  Value panels = b.createOrFold<arith::MulIOp>(
      countTiles(keys, tiles.maskedColumns), index(panelsInStep));
  Value scratch =
      allocate(keys, panels,
               {type.getDimSize(0), type.getDimSize(1), ShapedType::kDynamic,
                tiles.headSize / cpu.pair, cpu.panel});
  Value packed = flatView(scratch);
  Value lastKey = arith::SubIOp::create(b, size(keys, 2), index(1));
  forPieces(keys, panels, [&](ValueRange piece) {
    int64_t width = cpu.lanes * cpu.pair, columns = type.getDimSize(3);
    int64_t whole = columns / width * width;
    Value start = arith::MulIOp::create(b, piece[2], index(cpu.panel));
    Value end = arith::AddIOp::create(b, start, index(cpu.panel));
    auto keyLoop = scf::ForOp::create(b, start, end, index(cpu.lanes));
    b.setInsertionPointToStart(keyLoop.getBody());
    Value firstKey = keyLoop.getInductionVar();
    auto columnLoop =
        scf::ForOp::create(b, index(0), index(whole), index(width));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(columnLoop.getBody());
      Value column = columnLoop.getInductionVar();
      transposeBlock(keys, packed, piece, firstKey, lastKey, column,
                     arith::DivUIOp::create(b, column, index(cpu.pair)), width);
    }
    if (whole < columns)
      transposeBlock(keys, packed, piece, firstKey, lastKey, index(whole),
                     index(whole / cpu.pair), columns - whole);
  });
  return scratch;
}

/// One line (`pair` rows from `key`) of a panel of V, of whose columns `count`
/// exist from `column` on.
void PackEmitter::packValueLine(Value values, Value packed, ValueRange piece,
                                Value key, Value panel, Value column,
                                int64_t count) {
  Value numKeys = size(values, 2);
  Value line = arith::DivUIOp::create(b, key, index(cpu.pair));
  auto chunk = VectorType::get(cpu.lanes, tiles.operand);
  for (int64_t c = 0; c < cpu.valuePanel; c += cpu.lanes) {
    int64_t there = std::clamp<int64_t>(count - c, 0, cpu.lanes);
    Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(chunk));
    SmallVector<Value> parts(cpu.pair, zeros);
    for (int64_t i = 0; i < cpu.pair && there > 0; ++i) {
      // Rows past the last key are zeros: whatever follows in memory must not
      // reach a sum.
      Value k = arith::AddIOp::create(b, key, index(i));
      Value exists =
          arith::CmpIOp::create(b, arith::CmpIPredicate::slt, k, numKeys);
      auto guarded = scf::IfOp::create(b, TypeRange(chunk), exists,
                                       /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(guarded.thenBlock());
      Value from = arith::AddIOp::create(b, column, index(c));
      scf::YieldOp::create(b,
                           readConverted(values, {piece[0], piece[1], k, from},
                                         there, cpu.lanes));
      b.setInsertionPointToStart(guarded.elseBlock());
      scf::YieldOp::create(b, zeros);
      parts[i] = guarded.getResult(0);
    }
    Value words = parts[0];
    if (cpu.pair > 1)
      words = vector::InterleaveOp::create(b, parts[0], parts[1]);
    vector::StoreOp::create(
        b, words, packed,
        ValueRange{piece[0], piece[1], panel, line, index(c * cpu.pair)});
  }
}

Value PackEmitter::packValues(Value values) {
  auto type = cast<MemRefType>(values.getType());
  Value steps = countTiles(values, tiles.maskedColumns);
  Value rows = b.createOrFold<arith::MulIOp>(
      steps, index(tiles.maskedColumns / cpu.pair));
  Value scratch = allocate(values, rows,
                           {type.getDimSize(0), type.getDimSize(1),
                            tiles.valueSize / cpu.valuePanel,
                            ShapedType::kDynamic, cpu.valuePanel});
  Value packed = flatView(scratch);
  forPieces(values, steps, [&](ValueRange piece) {
    Value first =
        arith::MulIOp::create(b, piece[2], index(tiles.maskedColumns));
    auto keyLoop = scf::ForOp::create(b, index(0), index(tiles.maskedColumns),
                                      index(cpu.pair));
    b.setInsertionPointToStart(keyLoop.getBody());
    Value key = arith::AddIOp::create(b, first, keyLoop.getInductionVar());
    int64_t columns = type.getDimSize(3), whole = columns / cpu.valuePanel;
    auto panelLoop = scf::ForOp::create(b, index(0), index(whole), index(1));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(panelLoop.getBody());
      Value panel = panelLoop.getInductionVar();
      packValueLine(values, packed, piece, key, panel,
                    arith::MulIOp::create(b, panel, index(cpu.valuePanel)),
                    cpu.valuePanel);
    }
    // What the last panel lacks is zeros.
    int64_t start = whole * cpu.valuePanel;
    if (start < tiles.valueSize)
      packValueLine(values, packed, piece, key, index(whole), index(start),
                    columns - start);
  });
  return scratch;
}

//===- FragmentMemory.cpp - Fragments in global memory --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FragmentMemory.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ringattn;

namespace {

/// Addresses of one row of the thread.
class RowAccess {
public:
  RowAccess(ImplicitLocOpBuilder &b, const GlobalRows &rows, Value row,
            Value firstColumn)
      : b(b), rows(rows), firstColumn(firstColumn) {
    auto wide = [&](Value v) {
      return arith::ExtUIOp::create(b, b.getI64Type(), v);
    };
    Value offset = arith::MulIOp::create(b, wide(row), rows.stride);
    start = rows.columns == 0
                ? offset
                : Value(arith::AddIOp::create(b, offset, wide(firstColumn)));
  }

  /// The element `column` (of the fragment's columns) from the first one.
  Value address(int64_t column) {
    Value offset = arith::AddIOp::create(
        b, start, arith::ConstantOp::create(b, b.getI64IntegerAttr(column)));
    return LLVM::GEPOp::create(b, rows.base.getType(), rows.element, rows.base,
                               ArrayRef<LLVM::GEPArg>{offset});
  }
  /// Whether `column` from the first one exists in no thread.
  bool isOutside(int64_t column) const {
    return column / 8 * 8 >= rows.columns;
  }
  /// Whether `column` from the first one exists; null: it does in all threads.
  Value exists(int64_t column) {
    if (column / 8 * 8 + 8 <= rows.columns)
      return nullptr;
    auto i32 = [&](int64_t value) {
      return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
    };
    return arith::CmpIOp::create(
        b, arith::CmpIPredicate::slt,
        arith::AddIOp::create(b, firstColumn, i32(column)), i32(rows.columns));
  }
  /// Whether two adjacent elements of a thread are one aligned access.
  bool hasPairs() const { return rows.columns % 2 == 0; }

private:
  ImplicitLocOpBuilder &b;
  const GlobalRows &rows;
  Value firstColumn, start;
};

} // namespace

/// The first element of the pair at element `i` of a fragment, in its row.
static int64_t columnOfElement(int64_t i) { return i / 4 * 8 + i % 2; }

Value ringattn::loadFragment(ImplicitLocOpBuilder &b,
                             const Fragments &fragments, const GlobalRows &rows,
                             int64_t columns) {
  auto axes = rows.columns == 0 ? TileAxes::Rows : TileAxes::Both;
  int64_t count = Fragments::count(axes, columns);
  Value one = arith::ConstantOp::create(b, b.getI32IntegerAttr(1));
  Value last = arith::SubIOp::create(b, rows.count, one);
  SmallVector<Value> elements(count);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(rows.element));
  for (int64_t half = 0; half < Fragments::kRows; ++half) {
    Value row = arith::AddIOp::create(b, rows.first, fragments.row(b, half));
    RowAccess access(b, rows, arith::MinSIOp::create(b, row, last),
                     fragments.firstColumn());
    if (axes == TileAxes::Rows) {
      elements[half] = LLVM::LoadOp::create(b, rows.element, access.address(0));
      continue;
    }
    for (int64_t i = 0; i < count; ++i) {
      if (Fragments::rowOf(i) != half || elements[i])
        continue;
      int64_t column = columnOfElement(i);
      if (access.isOutside(column)) {
        elements[i] = zero;
        continue;
      }
      Value exists = access.exists(column);
      if (!exists && access.hasPairs()) {
        auto pair = VectorType::get(2, rows.element);
        Value both = LLVM::LoadOp::create(b, pair, access.address(column));
        for (int64_t e : {0, 1})
          elements[i + e] = vector::ExtractOp::create(b, both, e);
        continue;
      }
      if (!exists) {
        elements[i] =
            LLVM::LoadOp::create(b, rows.element, access.address(column));
        continue;
      }
      auto guarded = scf::IfOp::create(b, TypeRange(rows.element), exists,
                                       /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(guarded.thenBlock());
      Value loaded =
          LLVM::LoadOp::create(b, rows.element, access.address(column));
      scf::YieldOp::create(b, loaded);
      b.setInsertionPointToStart(guarded.elseBlock());
      scf::YieldOp::create(b, zero);
      elements[i] = guarded.getResult(0);
    }
  }
  return vector::FromElementsOp::create(b, VectorType::get(count, rows.element),
                                        elements);
}

void ringattn::storeFragment(ImplicitLocOpBuilder &b,
                             const Fragments &fragments, const GlobalRows &rows,
                             Value fragment) {
  int64_t count = cast<VectorType>(fragment.getType()).getNumElements();
  auto storeIf = [&](Value condition, llvm::function_ref<void()> store) {
    if (!condition)
      return store();
    auto guarded = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(guarded.thenBlock());
    store();
  };
  // The four threads of a row may have read what one of them is to overwrite.
  if (rows.columns == 0)
    NVVM::SyncWarpOp::create(
        b, arith::ConstantOp::create(b, b.getI32IntegerAttr(-1)));
  for (int64_t half = 0; half < Fragments::kRows; ++half) {
    Value row = arith::AddIOp::create(b, rows.first, fragments.row(b, half));
    Value exists =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, row, rows.count);
    if (rows.columns == 0)
      exists = arith::AndIOp::create(b, exists, fragments.leadsRow(b));
    storeIf(exists, [&] {
      RowAccess access(b, rows, row, fragments.firstColumn());
      if (rows.columns == 0) {
        LLVM::StoreOp::create(b, vector::ExtractOp::create(b, fragment, half),
                              access.address(0));
        return;
      }
      for (int64_t i = 0; i < count; ++i) {
        if (Fragments::rowOf(i) != half)
          continue;
        int64_t column = columnOfElement(i);
        if (access.isOutside(column))
          continue;
        Value within = access.exists(column);
        if (!within && access.hasPairs()) {
          if (i % 2 == 0) {
            Value pair = takeElements(b, fragment, i, 2);
            LLVM::StoreOp::create(b, pair, access.address(column));
          }
          continue;
        }
        storeIf(within, [&] {
          LLVM::StoreOp::create(b, vector::ExtractOp::create(b, fragment, i),
                                access.address(column));
        });
      }
    });
  }
}

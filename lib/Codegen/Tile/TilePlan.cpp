//===- TilePlan.cpp - Sizes of a kernel's tiles ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Codegen/Tile/PlanReader.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ringattn;

DictionaryAttr TilePlan::toAttr() const {
  Builder b(operand.getContext());
  SmallVector<NamedAttribute> attrs = {
      b.getNamedAttr("rows", b.getI64IntegerAttr(rows)),
      b.getNamedAttr("columns", b.getI64IntegerAttr(columns)),
      b.getNamedAttr("masked_columns", b.getI64IntegerAttr(maskedColumns)),
      b.getNamedAttr("head_size", b.getI64IntegerAttr(headSize)),
      b.getNamedAttr("value_size", b.getI64IntegerAttr(valueSize)),
      b.getNamedAttr("operand", TypeAttr::get(operand))};
  if (pipelined)
    attrs.push_back(b.getNamedAttr("pipelined", b.getUnitAttr()));
  return b.getDictionaryAttr(attrs);
}

FailureOr<TilePlan> TilePlan::get(FunctionOpInterface kernel) {
  TilePlan plan;
  PlanReader reader(kernel, kTilesAttr, "tile");
  // Sizes are far below what products of a few of them could overflow.
  const PlanReader::Range size{1, 1 << 20, 1};
  reader.number("rows", plan.rows, size);
  reader.number("columns", plan.columns, size);
  reader.number("masked_columns", plan.maskedColumns, size);
  reader.number("head_size", plan.headSize, size);
  reader.number("value_size", plan.valueSize, size);
  reader.floatType("operand", plan.operand);
  reader.flag("pipelined", plan.pipelined);
  if (failed(reader.finish()))
    return failure();
  auto reject = [&] {
    return rejectPlan(kernel, kTilesAttr, "masked_columns",
                      cast<DictionaryAttr>(kernel->getAttr(kTilesAttr))
                          .get("masked_columns"));
  };
  if (plan.pipelined && plan.columns != plan.maskedColumns)
    return reject() << plan.columns << " as columns where pipelined";
  if (plan.columns % plan.maskedColumns != 0)
    return reject() << "a divisor of columns " << plan.columns;
  return plan;
}

//===- TilePlan.cpp - Sizes of a kernel's tiles -----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/TilePlan.h"

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
  auto dict = kernel->getAttrOfType<DictionaryAttr>(kTilesAttr);
  if (!dict)
    return kernel->emitOpError()
           << "kernel has no tile plan, expected the attribute " << kTilesAttr;
  auto reject = [&](StringRef name, StringRef expected) {
    InFlightDiagnostic diag = kernel->emitOpError()
                              << kTilesAttr << " " << name << " is ";
    if (Attribute wrong = dict.get(name))
      diag << wrong;
    else
      diag << "missing";
    diag << ", expected " << expected;
    return diag;
  };
  TilePlan plan;
  for (auto [name, field] :
       {std::pair<StringRef, int64_t *>{"rows", &plan.rows},
        {"columns", &plan.columns},
        {"masked_columns", &plan.maskedColumns},
        {"head_size", &plan.headSize},
        {"value_size", &plan.valueSize}}) {
    auto value = dict.getAs<IntegerAttr>(name);
    if (!value || value.getInt() < 1)
      return reject(name, "a size of at least 1");
    *field = value.getInt();
  }
  auto operand = dict.getAs<TypeAttr>("operand");
  if (!operand || !isa<FloatType>(operand.getValue()))
    return reject("operand", "a float type");
  plan.operand = operand.getValue();
  plan.pipelined = dict.contains("pipelined");
  if (plan.pipelined && plan.columns != plan.maskedColumns)
    return kernel->emitOpError()
           << kTilesAttr << " masked_columns is " << plan.maskedColumns
           << ", expected " << plan.columns << " as columns where pipelined";
  if (plan.columns % plan.maskedColumns != 0)
    return kernel->emitOpError()
           << kTilesAttr << " masked_columns is " << plan.maskedColumns
           << ", expected a divisor of columns " << plan.columns;
  return plan;
}

//===- CPUPlan.cpp - How a kernel uses an x86-64 CPU ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/CPUPlan.h"
#include "ringattn/Codegen/Tile/PlanReader.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ringattn;

/// Name and field of each size, for reading and writing.
template <typename Plan, typename Fn>
static void forEachSize(Plan &plan, Fn fn) {
  fn("lanes", plan.lanes);
  fn("register_rows", plan.registerRows);
  fn("panel", plan.panel);
  fn("value_register_rows", plan.valueRegisterRows);
  fn("value_panel", plan.valuePanel);
  fn("pair", plan.pair);
  fn("row_chunk", plan.rowChunk);
}

template <typename Plan, typename Fn>
static void forEachFlag(Plan &plan, Fn fn) {
  fn("avx512_exp2", plan.avx512Exp2);
  fn("fma", plan.fma);
}

DictionaryAttr CPUPlan::toAttr(MLIRContext *context) const {
  Builder b(context);
  SmallVector<NamedAttribute> attrs;
  forEachSize(*this, [&](StringRef name, int64_t value) {
    attrs.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  });
  forEachFlag(*this, [&](StringRef name, bool value) {
    if (value)
      attrs.push_back(b.getNamedAttr(name, b.getUnitAttr()));
  });
  return b.getDictionaryAttr(attrs);
}

FailureOr<CPUPlan> CPUPlan::get(FunctionOpInterface kernel) {
  CPUPlan plan;
  PlanReader reader(kernel, kCPUAttr, "CPU");
  forEachSize(plan, [&](StringRef name, int64_t &field) {
    reader.number(name, field, {1, 1 << 20});
  });
  forEachFlag(plan,
              [&](StringRef name, bool &field) { reader.flag(name, field); });
  if (failed(reader.finish()))
    return failure();
  return plan;
}

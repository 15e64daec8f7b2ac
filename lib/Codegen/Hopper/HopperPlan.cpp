//===- HopperPlan.cpp - How a kernel uses an sm_90a SM --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Hopper/HopperPlan.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ringattn;

DictionaryAttr HopperPlan::toAttr(MLIRContext *context) const {
  Builder b(context);
  SmallVector<NamedAttribute> attrs;
  for (auto [name, value] :
       {std::pair<StringRef, int64_t>("consumers", consumers),
        {"stages", stages},
        {"producer_registers", producerRegisters},
        {"consumer_registers", consumerRegisters}})
    attrs.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  for (auto [name, value] : {std::pair<StringRef, bool>("ping_pong", pingPong),
                             {"longest_first", longestFirst}})
    if (value)
      attrs.push_back(b.getNamedAttr(name, b.getUnitAttr()));
  return b.getDictionaryAttr(attrs);
}

FailureOr<HopperPlan> HopperPlan::get(FunctionOpInterface kernel) {
  auto dict = kernel->getAttrOfType<DictionaryAttr>(kHopperAttr);
  if (!dict)
    return kernel->emitOpError()
           << "kernel has no sm_90a plan, expected the attribute "
           << kHopperAttr;
  HopperPlan plan;
  struct Field {
    StringRef name;
    int64_t *value;
    int64_t least, most, multiple;
  };
  for (const Field &field :
       {Field{"consumers", &plan.consumers, 1, 3, 1},
        Field{"stages", &plan.stages, 0, 8, 1},
        Field{"producer_registers", &plan.producerRegisters, 0, 256, 8},
        Field{"consumer_registers", &plan.consumerRegisters, 0, 256, 8}}) {
    auto value = dict.getAs<IntegerAttr>(field.name);
    if (!value || value.getInt() < field.least || value.getInt() > field.most ||
        value.getInt() % field.multiple != 0) {
      InFlightDiagnostic diagnostic =
          kernel->emitOpError() << kHopperAttr << " " << field.name << " is ";
      if (value)
        diagnostic << value.getInt();
      else
        diagnostic << "missing";
      return diagnostic << ", expected a multiple of " << field.multiple
                        << " from " << field.least << " to " << field.most;
    }
    *field.value = value.getInt();
  }
  plan.pingPong = dict.contains("ping_pong");
  plan.longestFirst = dict.contains("longest_first");
  return plan;
}

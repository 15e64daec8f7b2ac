//===- PlanReader.cpp - A kernel's plan from its attribute ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/PlanReader.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ringattn;

InFlightDiagnostic ringattn::rejectPlan(FunctionOpInterface kernel,
                                        StringRef attribute, StringRef name,
                                        Attribute value) {
  InFlightDiagnostic diagnostic = kernel->emitOpError()
                                  << attribute << " " << name << " is ";
  auto number = dyn_cast_or_null<IntegerAttr>(value);
  if (number && !isa<BoolAttr>(value))
    diagnostic << llvm::toString(number.getValue(), 10, /*Signed=*/true);
  else if (value)
    diagnostic << value;
  else
    diagnostic << "missing";
  diagnostic << ", expected ";
  return diagnostic;
}

PlanReader::PlanReader(FunctionOpInterface kernel, StringRef attribute,
                       StringRef what)
    : kernel(kernel), attribute(attribute),
      plan(kernel->getAttrOfType<DictionaryAttr>(attribute)) {
  if (plan)
    return;
  failed = true;
  if (Attribute other = kernel->getAttr(attribute))
    kernel->emitOpError() << attribute << " is " << other
                          << ", expected a dictionary";
  else
    kernel->emitOpError() << "kernel has no " << what
                          << " plan, expected the attribute " << attribute;
}

Attribute PlanReader::take(StringRef name) {
  known.push_back(name);
  return failed ? Attribute() : plan.get(name);
}

void PlanReader::reject(StringRef name, const Twine &expected) {
  if (failed)
    return;
  failed = true;
  rejectPlan(kernel, attribute, name, plan.get(name)) << expected;
}

void PlanReader::number(StringRef name, int64_t &field, const Range &range) {
  auto value = dyn_cast_or_null<IntegerAttr>(take(name));
  if (value && value.getValue().isSignedIntN(64) &&
      value.getInt() >= range.least && value.getInt() <= range.most &&
      value.getInt() % range.multiple == 0) {
    field = value.getInt();
    return;
  }
  std::string kind = "a size";
  if (range.multiple != 1)
    kind = ("a multiple of " + Twine(range.multiple)).str();
  if (range.most == Range().most)
    reject(name, kind + " of at least " + Twine(range.least));
  else
    reject(name,
           kind + " from " + Twine(range.least) + " to " + Twine(range.most));
}

void PlanReader::floatType(StringRef name, Type &field) {
  auto type = dyn_cast_or_null<TypeAttr>(take(name));
  if (type && isa<FloatType>(type.getValue()))
    field = type.getValue();
  else
    reject(name, "a float type");
}

void PlanReader::flag(StringRef name, bool &field) {
  Attribute value = take(name);
  field = isa_and_nonnull<UnitAttr>(value);
  if (value && !field)
    reject(name, "a unit attribute or none");
}

LogicalResult PlanReader::finish() {
  if (!failed)
    for (NamedAttribute entry : plan)
      if (!llvm::is_contained(known, entry.getName().getValue())) {
        failed = true;
        return kernel->emitOpError()
               << attribute << " has " << entry.getName()
               << ", expected one of " << llvm::join(known, ", ");
      }
  return failure(failed);
}

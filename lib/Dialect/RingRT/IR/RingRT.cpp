//===- RingRT.cpp - The ringrt dialect ------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ringattn::ringrt;

#include "ringattn/Dialect/RingRT/IR/RingRTDialect.cpp.inc"
#include "ringattn/Dialect/RingRT/IR/RingRTEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ringattn/Dialect/RingRT/IR/RingRTAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingRT/IR/RingRTOps.cpp.inc"

void RingRTDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ringattn/Dialect/RingRT/IR/RingRTAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ringattn/Dialect/RingRT/IR/RingRTOps.cpp.inc"
      >();
}

void SpanOp::build(OpBuilder &builder, OperationState &state, SpanKind kind,
                   Value hop) {
  state.getOrAddProperties<Properties>().kind =
      SpanKindAttr::get(builder.getContext(), kind);
  if (hop)
    state.addOperands(hop);
  state.addRegion()->emplaceBlock();
}

LogicalResult TensorMapOp::verify() {
  if (getBox().size() != 2 || getBox()[0] < 1 || getBox()[1] < 1)
    return emitOpError() << "box is [" << getBox()
                         << "], expected two positive sizes, of a row and of a "
                            "column";
  return success();
}

void AddressOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  if (getAccess() != Access::Write)
    effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  if (getAccess() != Access::Read)
    effects.emplace_back(MemoryEffects::Write::get(), &getSourceMutable());
}

LogicalResult ParallelForOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto body = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getBodyAttr());
  if (!body)
    return emitOpError() << "names the unknown function @" << getBody()
                         << ", expected a function of the module";
  SmallVector<Type> expected(getCaptures().getTypes());
  expected.append(2, IndexType::get(getContext()));
  if (body.getNumResults() != 0 ||
      !llvm::equal(body.getArgumentTypes(), expected))
    return emitOpError() << "function @" << getBody() << " has type "
                         << body.getFunctionType() << ", expected "
                         << FunctionType::get(getContext(), expected, {})
                         << ": the captures and two indices";
  return success();
}

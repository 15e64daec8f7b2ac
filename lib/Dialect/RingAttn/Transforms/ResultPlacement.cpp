//===- ResultPlacement.cpp - What is computed in a result's memory --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResultPlacement.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

/// The result that bufferization computes in the memory of `operand`, if any.
static Value getComputedInPlace(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (auto destinationStyle = dyn_cast<DestinationStyleOpInterface>(op))
    return destinationStyle.isDpsInit(&operand)
               ? destinationStyle.getTiedOpResult(&operand)
               : Value();
  // convert-elementwise-to-linalg takes the first operand of the result's type.
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return nullptr;
  Type type = op->getResult(0).getType();
  auto first = llvm::find_if(op->getOpOperands(), [&](OpOperand &other) {
    return other.get().getType() == type;
  });
  return &*first == &operand ? Value(op->getResult(0)) : Value();
}

std::optional<unsigned> ringattn::getResultPlace(Value value) {
  while (value && value.hasOneUse()) {
    OpOperand &use = *value.use_begin();
    if (isa<func::ReturnOp>(use.getOwner()))
      return use.getOperandNumber();
    value = getComputedInPlace(use);
  }
  return std::nullopt;
}

//===- ResultPlacement.cpp - What is computed in a result's memory --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResultPlacement.h"
#include "ShardingPropagation.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace ringattn;

/// The result that bufferization computes in the memory of `operand`, if any.
static Value getComputedInPlace(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (auto destinationStyle = dyn_cast<DestinationStyleOpInterface>(op))
    return destinationStyle.isDpsInit(&operand)
               ? destinationStyle.getTiedOpResult(&operand)
               : Value();
  // convert-elementwise-to-linalg takes the first operand of the result's type.
  if (!isElementwiseOnTensors(op) || op->getNumResults() != 1)
    return nullptr;
  Value result = op->getResult(0);
  for (OpOperand &other : op->getOpOperands())
    if (other.get().getType() == result.getType())
      return &other == &operand ? result : Value();
  return nullptr;
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

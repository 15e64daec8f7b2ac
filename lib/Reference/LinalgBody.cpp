//===- LinalgBody.cpp - A linalg body over batches ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinalgBody.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

unsigned LinalgBody::getOrCreateSlot(Value value, Block *body) {
  auto [it, inserted] = slots.try_emplace(value, numSlots);
  if (inserted) {
    ++numSlots;
    if (value.getParentBlock() != body)
      captured.push_back({value, it->second});
  }
  return it->second;
}

/// Whether `op` of `block` is the same for all elements: a constant, or a size
/// of a tensor from outside.
static bool isUniform(Operation &op, const Block &block) {
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    return dim.getConstantIndex() || dim.getIndex().getParentBlock() != &block;
  return op.hasTrait<OpTrait::ConstantLike>() &&
         getDType(op.getResult(0).getType());
}

FailureOr<LinalgBody> LinalgBody::get(linalg::LinalgOp op) {
  LinalgBody result;
  Block *block = op.getBlock();
  for (BlockArgument argument : block->getArguments())
    result.getOrCreateSlot(argument, block);
  for (Operation &nested : block->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(nested)) {
      result.indices.push_back(
          {result.getOrCreateSlot(index.getResult(), block),
           static_cast<int64_t>(index.getDim())});
      continue;
    }
    if (isUniform(nested, *block)) {
      Value value = nested.getResult(0);
      result.captured.push_back({value, result.getOrCreateSlot(value, block)});
      continue;
    }
    std::optional<ScalarOp> scalarOp = ScalarOp::get(&nested);
    if (!scalarOp)
      return emitError(nested.getLoc())
             << "'" << nested.getName()
             << "' has no float64 evaluation, expected scalar ops of arith and "
                "math";
    Step step{&nested, *scalarOp, {}, 0};
    for (Value operand : nested.getOperands())
      step.operands.push_back(result.getOrCreateSlot(operand, block));
    step.result = result.getOrCreateSlot(nested.getResult(0), block);
    result.steps.push_back(std::move(step));
  }
  for (Value value : block->getTerminator()->getOperands())
    result.yields.push_back(result.getOrCreateSlot(value, block));
  return result;
}

Operation *LinalgBody::run(MutableArrayRef<Batch> batches, int64_t n) const {
  for (const Step &step : steps) {
    SmallVector<const Batch *, 3> operands;
    for (unsigned slot : step.operands)
      operands.push_back(&batches[slot]);
    if (!step.scalarOp.evaluate(operands, batches[step.result], n))
      return step.op;
  }
  return nullptr;
}

//===- Uniformity.cpp - What is the same on all ranks ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Uniformity.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "ringattn/Dialect/RingComm/Transforms/Passes.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::ringcomm;

/// A dimension that is static, or that the argument `source` declares uniform.
static bool isUniformDim(Value source, std::optional<int64_t> dim) {
  auto type = dyn_cast<ShapedType>(source.getType());
  if (!dim || !type || !type.hasRank() || *dim < 0 || *dim >= type.getRank())
    return false;
  if (!type.isDynamicDim(*dim))
    return true;
  auto argument = dyn_cast<BlockArgument>(source);
  if (!argument)
    return false;
  auto function =
      dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
  if (!function || !argument.getOwner()->isEntryBlock())
    return false;
  auto dims = function.getArgAttrOfType<DenseI64ArrayAttr>(
      argument.getArgNumber(), kUniformDimsAttrName);
  return dims && llvm::is_contained(dims.asArrayRef(), *dim);
}

/// Whether the results of an op without regions are the same on all ranks if
/// its operands are.
static bool preservesUniformity(Operation *op) {
  if (isa<SizeOp, ShardLengthOp, shard::GridShapeOp>(op))
    return true;
  return isa_and_nonnull<arith::ArithDialect, index::IndexDialect,
                         affine::AffineDialect>(op->getDialect()) &&
         op->getNumRegions() == 0 && isMemoryEffectFree(op);
}

UniformityAnalysis::UniformityAnalysis(FunctionOpInterface function) {
  // Every argument of a block differs until its op says otherwise.
  function.getFunctionBody().walk([&](Block *block) {
    if (isa<scf::ForOp>(block->getParentOp()))
      return;
    for (BlockArgument argument : block->getArguments())
      if (block != &function.getFunctionBody().front() ||
          !argument.getType().isIndex())
        mark(argument, argument);
  });
  bool changed = true;
  while (changed) {
    changed = false;
    function.getFunctionBody().walk<WalkOrder::PreOrder>(
        [&](Operation *op) { changed |= update(op); });
  }
}

Value UniformityAnalysis::getOrigin(Value value) const {
  while (true) {
    Value cause = causes.lookup(value);
    if (!cause || cause == value)
      return value;
    value = cause;
  }
}

bool UniformityAnalysis::mark(Value value, Value cause) {
  return causes.try_emplace(value, cause).second;
}

bool UniformityAnalysis::propagate(Value value, ValueRange inputs) {
  if (!isUniform(value))
    return false;
  for (Value input : inputs)
    if (!isUniform(input))
      return mark(value, input);
  return false;
}

bool UniformityAnalysis::update(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return update(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return update(branch);
  bool changed = false;
  if (preservesUniformity(op)) {
    for (Value result : op->getResults())
      changed |= propagate(result, op->getOperands());
    return changed;
  }
  if (auto dim = dyn_cast<memref::DimOp>(op))
    if (isUniformDim(dim.getSource(), dim.getConstantIndex()))
      return false;
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    if (isUniformDim(dim.getSource(), dim.getConstantIndex()))
      return false;
  // What becomes of dimensions when views are expanded.
  llvm::SmallDenseSet<Value> uniform;
  if (auto metadata = dyn_cast<memref::ExtractStridedMetadataOp>(op))
    for (auto [dim, size] : llvm::enumerate(metadata.getSizes()))
      if (isUniformDim(metadata.getSource(), dim))
        uniform.insert(size);
  for (Value result : op->getResults()) {
    if (!uniform.contains(result))
      changed |= mark(result, result);
  }
  return changed;
}

bool UniformityAnalysis::update(scf::ForOp loop) {
  Value bounds[] = {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()};
  bool changed = propagate(loop.getInductionVar(), bounds);
  auto yielded = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  for (auto [i, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
    changed |= propagate(argument, bounds);
    changed |=
        propagate(argument, {loop.getInitArgs()[i], yielded.getOperand(i)});
    changed |= propagate(loop.getResult(i), Value(argument));
  }
  return changed;
}

bool UniformityAnalysis::update(scf::IfOp branch) {
  bool changed = false;
  for (auto [i, result] : llvm::enumerate(branch.getResults()))
    changed |= propagate(result, {branch.getCondition(),
                                  branch.thenYield()->getOperand(i),
                                  branch.elseYield()->getOperand(i)});
  return changed;
}

//===- GlobalSizes.cpp - What the sizes of a program come from ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GlobalSizes.h"
#include "ShardingPropagation.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace ringattn;

/// The operand that gives an empty or splat tensor its size; null for others.
static Value getSizeOperand(Value value, int64_t dim) {
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
    return empty.getDynamicSize(dim);
  if (auto splat = value.getDefiningOp<tensor::SplatOp>())
    return splat.getDynamicSizes()[splat.getType().getDynamicDimIndex(dim)];
  return nullptr;
}

TracedSize TracedSize::of(Value value, int64_t dim, Block *program) {
  auto trace = [&](Value other, int64_t otherDim) {
    return of(other, otherDim, program);
  };
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(dim))
    return {type.getDimSize(dim), std::nullopt, nullptr};
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != program)
      return {};
    return {std::nullopt, ArgumentDim{argument.getArgNumber(), dim}, nullptr};
  }
  Operation *def = value.getDefiningOp();
  if (auto attention = dyn_cast<AttentionOp>(def))
    return dim == 3 ? trace(attention.getValue(), 3)
                    : trace(attention.getQuery(), dim);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(def))
    return trace(
        linalgOp.getDpsInitOperand(cast<OpResult>(value).getResultNumber())
            ->get(),
        dim);
  if (auto cast = dyn_cast<tensor::CastOp>(def)) {
    if (isa<RankedTensorType>(cast.getSource().getType()))
      return trace(cast.getSource(), dim);
    return {};
  }
  if (isElementwiseOnTensors(def)) {
    for (Value operand : def->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        return trace(operand, dim);
  }
  if (Value size = getSizeOperand(value, dim)) {
    if (std::optional<int64_t> number = getConstantIntValue(size))
      return {number, std::nullopt, nullptr};
    if (auto dimOp = size.getDefiningOp<tensor::DimOp>())
      if (std::optional<int64_t> index = dimOp.getConstantIndex())
        if (isa<RankedTensorType>(dimOp.getSource().getType()))
          if (TracedSize traced = trace(dimOp.getSource(), *index))
            return traced;
    return {std::nullopt, std::nullopt, size};
  }
  return {};
}

/// Records for the call that two sizes must be equal, unless they are by
/// construction. Fails where they cannot be.
LogicalResult EqualSizeCollector::requireEqual(Operation *op, Value a,
                                               int64_t dimA, Value b,
                                               int64_t dimB) {
  TracedSize sizeA = TracedSize::of(a, dimA, program),
             sizeB = TracedSize::of(b, dimB, program);
  if (sizeA && sizeA == sizeB)
    return success();
  if (sizeA.number && sizeB.number)
    return op->emitError() << "needs equal sizes, got " << *sizeB.number
                           << " (dimension " << dimB << " of " << b.getType()
                           << "), expected " << *sizeA.number << " (dimension "
                           << dimA << " of " << a.getType() << ")";
  bool known =
      (sizeA.number || sizeA.argument) && (sizeB.number || sizeB.argument);
  if (!known) {
    // What other ops do with sizes that do not fit is theirs to define.
    if (!isa<AttentionOp>(op))
      return success();
    bool isA = !sizeA.number && !sizeA.argument;
    return op->emitError()
           << "the size of dimension " << (isA ? dimA : dimB) << " of "
           << (isA ? a : b).getType()
           << " is computed by the program, expected a static size or the size "
              "of an argument, which a call can be checked against";
  }
  if (!sizeB.argument)
    std::swap(sizeA, sizeB);
  EqualSizes pair{*sizeB.argument, sizeA.argument, sizeA.number.value_or(0)};
  if (!llvm::is_contained(signature.equal, pair))
    signature.equal.push_back(pair);
  return success();
}

LogicalResult EqualSizeCollector::collect(Operation *op) {
  auto sameShape = [&](Value a, Value b) {
    for (int64_t dim : llvm::seq(cast<RankedTensorType>(a.getType()).getRank()))
      if (failed(requireEqual(op, a, dim, b, dim)))
        return failure();
    return success();
  };
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    Value q = attention.getQuery(), k = attention.getKey(),
          v = attention.getValue();
    SmallVector<std::tuple<Value, int64_t, Value, int64_t>> pairs = {
        {q, 0, k, 0}, {q, 0, v, 0}, {k, 2, v, 2}};
    if (attention.getMask().requiresSameSequence())
      pairs.push_back({q, 2, k, 2});
    for (int64_t dim : {0, 1, 2})
      for (Value result : attention.getResults())
        pairs.push_back({q, dim, result, dim});
    pairs.push_back({v, 3, attention.getOutput(), 3});
    for (auto [a, dimA, b, dimB] : pairs)
      if (failed(requireEqual(op, a, dimA, b, dimB)))
        return failure();
    return success();
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    DenseMap<unsigned, std::pair<Value, int64_t>> first;
    for (OpOperand &operand : op->getOpOperands())
      for (auto [dim, expr] : llvm::enumerate(
               linalgOp.getMatchingIndexingMap(&operand).getResults()))
        if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
          auto [it, inserted] = first.try_emplace(loop.getPosition(),
                                                  operand.get(), int64_t(dim));
          if (!inserted &&
              failed(requireEqual(op, it->second.first, it->second.second,
                                  operand.get(), dim)))
            return failure();
        }
    return success();
  }
  if (!isa<tensor::CastOp>(op) && !isElementwiseOnTensors(op))
    return success();
  Value first;
  for (Value value : llvm::concat<Value>(op->getOperands(), op->getResults())) {
    if (!isa<RankedTensorType>(value.getType()))
      continue;
    if (first && failed(sameShape(first, value)))
      return failure();
    first = first ? first : value;
  }
  return success();
}

LogicalResult EqualSizeCollector::run() {
  WalkResult result = program->walk([&](Operation *op) {
    return failed(collect(op)) ? WalkResult::interrupt()
                               : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

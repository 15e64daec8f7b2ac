//===- ShardingPropagation.cpp - Which tensors are sharded ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShardingPropagation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ringattn;

bool ringattn::isElementwiseOnTensors(Operation *op) {
  return OpTrait::hasElementwiseMappableTraits(op) &&
         llvm::any_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>);
}

LogicalResult ShardingMap::assign(Operation *user, Value value,
                                  TensorSharding sharding) {
  if (!isa<RankedTensorType>(value.getType()))
    return success();
  auto [it, inserted] = shardings.try_emplace(value, sharding);
  if (inserted) {
    changed.push_back(value);
    return success();
  }
  if (it->second == sharding)
    return success();
  InFlightDiagnostic diag = user->emitError();
  if (it->second.sharding != sharding.sharding)
    diag << "two shardings meet here: " << it->second.sharding << " and "
         << sharding.sharding
         << "; expected one, since changing the layout needs an exchange";
  else
    diag << "the sequence is dimension " << it->second.dim
         << " of a tensor that is used with the sequence as dimension "
         << sharding.dim << ", expected one dimension";
  if (Operation *def = value.getDefiningOp())
    diag.attachNote(def->getLoc()) << "the tensor is defined here";
  return diag;
}

LogicalResult ShardingMap::visitElementwise(Operation *op) {
  TensorSharding found;
  for (Value v : llvm::concat<Value>(op->getOperands(), op->getResults()))
    if (TensorSharding s = lookup(v)) {
      found = s;
      break;
    }
  for (Value v : op->getOperands())
    if (failed(assign(op, v, found)))
      return failure();
  for (Value v : op->getResults())
    if (failed(assign(op, v, found)))
      return failure();
  return success();
}

/// The values that an operand of a linalg op stands for: a destination is also
/// its result.
static SmallVector<Value> getValues(linalg::LinalgOp op, OpOperand &operand) {
  SmallVector<Value> values = {operand.get()};
  if (op.isDpsInit(&operand))
    values.push_back(op.getTiedOpResult(&operand));
  return values;
}

/// Checks that `op` is independent along `loop`, which runs along a sharded
/// sequence.
static LogicalResult verifyIndependent(linalg::LinalgOp op, unsigned loop) {
  if (op.getIteratorTypesArray()[loop] != utils::IteratorType::parallel)
    return op->emitError()
           << "reduces along the sharded sequence (loop " << loop
           << "), expected an op that is independent along it: the sum over "
              "other ranks' rows needs an exchange";
  WalkResult result = op->walk([&](linalg::IndexOp index) {
    if (index.getDim() != loop)
      return WalkResult::advance();
    index.emitError() << "reads the index of the sharded sequence (loop "
                      << loop
                      << "), expected none: it needs the shard's global "
                         "positions";
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    if (!map.isFunctionOfDim(loop))
      return op->emitError()
             << "the sharded sequence (loop " << loop
             << ") does not index operand " << init.getOperandNumber() << " in "
             << AffineMapAttr::get(map)
             << ", expected it to, since the op writes there: its rows would "
                "overwrite those of other ranks";
  }
  return success();
}

/// Finds the loop of `op` that runs along the sharded sequence of its operands.
LogicalResult ShardingMap::findLoop(linalg::LinalgOp op,
                                    std::optional<unsigned> &loop,
                                    SeqShardingAttr &sharding) {
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (Value v : getValues(op, operand)) {
      TensorSharding s = lookup(v);
      if (!s)
        continue;
      auto dim = dyn_cast<AffineDimExpr>(map.getResult(s.dim));
      if (!dim)
        return op->emitError()
               << "the sharded sequence (dimension " << s.dim << " of operand "
               << operand.getOperandNumber()
               << ") is not indexed by a single loop in "
               << AffineMapAttr::get(map)
               << ", expected a loop of the op: anything else needs rows of "
                  "other ranks";
      if (loop && *loop != dim.getPosition())
        return op->emitError()
               << "two loops (" << *loop << " and " << dim.getPosition()
               << ") run along the sharded sequence, expected one: pairs of "
                  "positions need rows of other ranks";
      loop = dim.getPosition();
      sharding = s.sharding;
    }
  }
  return success();
}

/// Whatever the sequence's loop indexes is sharded like it.
LogicalResult ShardingMap::assignAlong(linalg::LinalgOp op, unsigned loop,
                                       SeqShardingAttr sharding) {
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(loop))
        continue;
      if (!isa<AffineDimExpr>(expr))
        return op->emitError()
               << "computes an index (dimension " << i << " of operand "
               << operand.getOperandNumber()
               << ") from the sharded sequence (loop " << loop << ") in "
               << AffineMapAttr::get(map)
               << ", expected the loop alone: anything else needs rows of "
                  "other ranks";
      for (Value v : getValues(op, operand))
        if (failed(assign(op, v, {sharding, int64_t(i)})))
          return failure();
    }
  }
  return success();
}

LogicalResult ShardingMap::visitLinalg(linalg::LinalgOp op) {
  std::optional<unsigned> loop;
  SeqShardingAttr sharding;
  if (failed(findLoop(op, loop, sharding)) ||
      failed(verifyIndependent(op, *loop)))
    return failure();
  return assignAlong(op, *loop, sharding);
}

/// The op of `function`'s own block that contains `op`, if `op` is not in that
/// block itself.
static Operation *getEnclosingOp(Operation *function, Operation *op) {
  Operation *enclosing = nullptr;
  for (op = op->getParentOp(); op != function; op = op->getParentOp())
    enclosing = op;
  return enclosing;
}

static InFlightDiagnostic emitEnclosed(Operation *enclosing, StringRef what) {
  return enclosing->emitError()
         << "'" << enclosing->getName() << "' around " << what
         << " is not supported, expected none: it would need control flow "
            "that is the same on all ranks";
}

static LogicalResult emitUnsupported(Operation *op) {
  return op->emitError() << "'" << op->getName()
                         << "' on a sharded sequence is not supported, "
                            "expected ops that are independent along the "
                            "sequence (elementwise arith and math, linalg)";
}

LogicalResult ShardingMap::visit(Operation *op) {
  if (Operation *enclosing = getEnclosingOp(function, op)) {
    if (!isa<linalg::LinalgOp>(enclosing)) {
      InFlightDiagnostic diag =
          emitEnclosed(enclosing, "an op on a sharded sequence");
      diag.attachNote(op->getLoc()) << "the op is here";
      return diag;
    }
    // A body sees elements; of the tensors around it, sizes only.
    return isa<tensor::DimOp>(op) ? success() : emitUnsupported(op);
  }
  // Ends of the program and leaves that have no operands to follow.
  if (isa<AttentionOp, func::ReturnOp, tensor::EmptyOp, tensor::SplatOp,
          tensor::DimOp>(op))
    return success();
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (isa<SplatElementsAttr>(constant.getValue()))
      return success();
    return op->emitError() << "a constant that varies along the sharded "
                              "sequence is not supported, expected a splat or "
                              "an argument: its rows must be gathered by "
                              "position";
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return visitLinalg(linalgOp);
  auto isRanked = llvm::IsaPred<RankedTensorType>;
  if (isElementwiseOnTensors(op) ||
      (isa<tensor::CastOp>(op) &&
       llvm::all_of(op->getOperandTypes(), isRanked) &&
       llvm::all_of(op->getResultTypes(), isRanked)))
    return visitElementwise(op);
  return emitUnsupported(op);
}

FailureOr<ShardingMap> ShardingMap::compute(Operation *function) {
  ShardingMap map(function);
  AttentionOp sharded, unsharded;
  WalkResult result = function->walk([&](AttentionOp op) {
    if (Operation *enclosing = getEnclosingOp(function, op)) {
      InFlightDiagnostic diag = emitEnclosed(enclosing, "an attention");
      diag.attachNote(op.getLoc()) << "the attention is here";
      return WalkResult(diag);
    }
    SeqShardingAttr sharding = op.getShardingAttr();
    if (!sharding) {
      unsharded = op;
      return WalkResult::advance();
    }
    sharded = sharded ? sharded : op;
    for (Value v : llvm::concat<Value>(op->getOperands(), op->getResults()))
      if (failed(map.assign(op, v, {sharding, 2})))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  if (sharded && unsharded) {
    InFlightDiagnostic diag =
        unsharded.emitError()
        << "has no sharding, expected one as in the program's other "
           "attentions";
    diag.attachNote(sharded.getLoc())
        << "this one has " << sharded.getShardingAttr();
    return diag;
  }

  while (!map.changed.empty()) {
    Value value = map.changed.pop_back_val();
    if (Operation *def = value.getDefiningOp())
      if (failed(map.visit(def)))
        return failure();
    for (Operation *user : value.getUsers())
      if (failed(map.visit(user)))
        return failure();
  }
  return map;
}

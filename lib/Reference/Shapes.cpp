//===- Shapes.cpp - Shapes and coverage of programs -----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorImpl.h"
#include "LinalgBody.h"
#include "ScalarOps.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

std::optional<DType> reference::getDType(Type type) {
  type = getElementTypeOrSelf(type);
  if (type.isF64())
    return DType::F64;
  if (type.isF32())
    return DType::F32;
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  if (type.isIndex() || type.isSignlessInteger(64))
    return DType::I64;
  if (type.isSignlessInteger(32))
    return DType::I32;
  if (type.isSignlessInteger(16))
    return DType::I16;
  if (type.isSignlessInteger(8))
    return DType::I8;
  if (type.isSignlessInteger(1))
    return DType::I1;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Coverage
//===----------------------------------------------------------------------===//

static LogicalResult verifyOp(Operation *op) {
  auto unsupported = [&] {
    return emitError(op->getLoc())
           << "'" << op->getName()
           << "' has no float64 evaluation, expected ringattn.attention, "
              "linalg on tensors, elementwise arith and math, or "
              "tensor.empty, dim, cast, splat, expand_shape, collapse_shape";
  };
  if (isa<func::ReturnOp, shard::ShardingOp>(op))
    return success();
  for (Type type : op->getResultTypes()) {
    if (isa<shard::ShardingType>(type))
      continue;
    if (!getDType(type) ||
        (isa<ShapedType>(type) && !isa<RankedTensorType>(type)))
      return emitError(op->getLoc())
             << "'" << op->getName() << "' of type " << type
             << " has no float64 evaluation, expected "
                "f64, f32, f16, bf16, an integer, or a "
                "ranked tensor of these";
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    if (!linalgOp.hasPureTensorSemantics())
      return unsupported();
    return LogicalResult(LinalgBody::get(linalgOp));
  }
  if (isa<AttentionOp, tensor::EmptyOp, tensor::DimOp, tensor::CastOp,
          tensor::SplatOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
          shard::ShardOp>(op))
    return success();
  bool elementwise =
      op->hasTrait<OpTrait::ConstantLike>() || ScalarOp::get(op).has_value();
  return elementwise ? LogicalResult::success() : unsupported();
}

LogicalResult Evaluator::Impl::verify() {
  if (func.isExternal() || !llvm::hasSingleElement(func.getBody()))
    return emitError(func.getLoc())
           << "function @" << func.getSymName()
           << " has no float64 evaluation, expected a body of one block";
  for (Operation &op : func.front())
    if (failed(verifyOp(&op)))
      return failure();
  return success();
}

LogicalResult Evaluator::Impl::verifyArguments() {
  if (args.size() != func.getNumArguments())
    return emitError(func.getLoc())
           << "function @" << func.getSymName() << " got " << args.size()
           << " arrays, expected " << func.getNumArguments();
  for (auto [index, type] : llvm::enumerate(func.getArgumentTypes())) {
    const HostArray &array = args[index];
    auto shaped = dyn_cast<ShapedType>(type);
    ArrayRef<int64_t> expected;
    if (shaped && shaped.hasRank())
      expected = shaped.getShape();
    bool matches = getDType(type) == array.getDType() &&
                   succeeded(verifyCompatibleShape(array.getShape(), expected));
    if (!matches || (shaped && !isa<RankedTensorType>(type)))
      return emitError(func.getArgument(index).getLoc())
             << "argument " << index << " of @" << func.getSymName() << " is "
             << formatShape(array.getShape()) << " of "
             << getName(array.getDType()) << ", expected " << type;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

FailureOr<Shape> Evaluator::Impl::getShape(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return Shape(args[argument.getArgNumber()].getShape());
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return Shape();
  if (type.hasStaticShape())
    return Shape(type.getShape());
  Operation *op = value.getDefiningOp();

  // Fills the dynamic sizes of the type from index operands.
  auto fill = [&](ValueRange dynamicSizes) -> FailureOr<Shape> {
    Shape shape(type.getShape());
    size_t next = 0;
    for (int64_t &size : shape) {
      if (!ShapedType::isDynamic(size))
        continue;
      FailureOr<TensorPtr> known = evaluate(dynamicSizes[next++], -1);
      if (failed(known))
        return failure();
      size = (*known)->ints[0];
      if (size < 0)
        return emitError(op->getLoc())
               << "size is " << size << ", expected at least 0";
    }
    return shape;
  };
  return TypeSwitch<Operation *, FailureOr<Shape>>(op)
      .Case([&](AttentionOp attention) -> FailureOr<Shape> {
        FailureOr<Shape> shape = getShape(attention.getQuery());
        FailureOr<Shape> v = getShape(attention.getValue());
        if (failed(shape) || failed(v))
          return failure();
        if (value == attention.getOutput())
          (*shape)[3] = (*v)[3];
        else
          shape->pop_back();
        return shape;
      })
      .Case([&](linalg::LinalgOp linalgOp) {
        return getShape(
            linalgOp.getDpsInits()[cast<OpResult>(value).getResultNumber()]);
      })
      .Case<tensor::EmptyOp, tensor::SplatOp>(
          [&](auto sized) { return fill(sized.getDynamicSizes()); })
      .Case([&](tensor::ExpandShapeOp expand) {
        return fill(expand.getOutputShape());
      })
      .Case([&](tensor::CollapseShapeOp collapse) -> FailureOr<Shape> {
        FailureOr<Shape> source = getShape(collapse.getSrc());
        if (failed(source))
          return failure();
        Shape shape;
        for (const ReassociationIndices &group :
             collapse.getReassociationIndices()) {
          shape.push_back(1);
          for (int64_t dim : group)
            shape.back() *= (*source)[dim];
        }
        return shape;
      })
      .Default([&](Operation *op) -> FailureOr<Shape> {
        // Casts and elementwise ops.
        for (Value operand : op->getOperands())
          if (isa<RankedTensorType>(operand.getType()))
            return getShape(operand);
        return emitError(op->getLoc())
               << "the shape of '" << op->getName()
               << "' is unknown, expected a tensor among its operands";
      });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

int64_t Evaluator::Impl::mapReshape(Operation *op, int64_t dim, bool toSource) {
  SmallVector<ReassociationIndices> groups;
  bool groupsResult = isa<tensor::ExpandShapeOp>(op);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    groups = expand.getReassociationIndices();
  else
    groups = cast<tensor::CollapseShapeOp>(op).getReassociationIndices();
  for (auto [index, group] : llvm::enumerate(groups)) {
    if (group.size() != 1)
      continue;
    auto grouped = group[0], single = static_cast<int64_t>(index);
    int64_t result = groupsResult ? grouped : single;
    int64_t source = groupsResult ? single : grouped;
    if ((toSource ? result : source) == dim)
      return toSource ? source : result;
  }
  return -1;
}

std::optional<int64_t> Evaluator::Impl::getRowDim(Value value) {
  auto known = rowDims.find(value);
  if (known != rowDims.end())
    return known->second;
  std::optional<int64_t> dim = findRowDim(value);
  rowDims[value] = dim;
  return dim;
}

std::optional<int64_t> Evaluator::Impl::findRowDim(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  if (isa<AttentionOp>(op))
    return 2;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
    unsigned output =
        linalgOp.getNumDpsInputs() + cast<OpResult>(value).getResultNumber();
    for (auto [operand, map] : llvm::zip(op->getOperands(), maps)) {
      std::optional<int64_t> dim = getRowDim(operand);
      if (!dim)
        continue;
      auto loop = dyn_cast<AffineDimExpr>(map.getResult(*dim));
      for (auto [index, expr] : llvm::enumerate(maps[output].getResults()))
        if (loop && expr == loop)
          return static_cast<int64_t>(index);
    }
    return std::nullopt;
  }
  bool reshape = isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> dim = getRowDim(operand);
    if (!dim || isa<tensor::DimOp>(op))
      continue;
    if (!reshape)
      return dim;
    int64_t mapped = mapReshape(op, *dim, /*toSource=*/false);
    if (mapped >= 0)
      return mapped;
  }
  return std::nullopt;
}

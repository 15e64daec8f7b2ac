//===- Work.cpp - How much attention there is to compute ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Work.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::tools;
using llvm::createStringError;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// DeviceGrid
//===----------------------------------------------------------------------===//

DeviceGrid DeviceGrid::get(ArrayRef<int64_t> sizes, int64_t ranks) {
  DeviceGrid grid;
  grid.shape.assign(sizes.begin(), sizes.end());
  int64_t fixed = 1;
  for (int64_t size : sizes)
    fixed *= size < 0 ? 1 : size;
  for (int64_t &size : grid.shape)
    if (size < 0)
      size = ranks / fixed;
  return grid;
}

int64_t DeviceGrid::ringSize(ArrayRef<int64_t> axes) const {
  int64_t size = 1;
  for (int64_t axis : axes)
    size *= shape[axis];
  return size;
}

int64_t DeviceGrid::ringIndex(ArrayRef<int64_t> axes, int64_t rank) const {
  SmallVector<int64_t> place(shape.size());
  for (size_t d = shape.size(); d-- > 0; rank /= shape[d])
    place[d] = rank % shape[d];
  int64_t index = 0;
  for (int64_t axis : axes)
    index = index * shape[axis] + place[axis];
  return index;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

namespace {
/// A size and, where it is that of an argument, which one.
struct TracedSize {
  int64_t size;
  std::optional<int64_t> argument = std::nullopt;
  int64_t dim = 0;
};

/// Follows dimensions from values to the program's arguments.
class SizeResolver {
public:
  SizeResolver(func::FuncOp program, ArrayRef<HostArray> arguments)
      : body(&program.getBody().front()), arguments(arguments) {}

  std::optional<TracedSize> size(Value tensor, int64_t dim) const;

private:
  std::optional<TracedSize> index(OpFoldResult value) const;
  std::optional<TracedSize> resultSize(OpResult result, int64_t dim) const;

  Block *body;
  ArrayRef<HostArray> arguments;
};
} // namespace

std::optional<TracedSize> SizeResolver::index(OpFoldResult value) const {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return TracedSize{*constant};
  auto dim = cast<Value>(value).getDefiningOp<tensor::DimOp>();
  if (!dim || !dim.getConstantIndex())
    return std::nullopt;
  return size(dim.getSource(), *dim.getConstantIndex());
}

std::optional<TracedSize> SizeResolver::size(Value tensor, int64_t dim) const {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || dim >= type.getRank())
    return std::nullopt;
  if (!type.isDynamicDim(dim))
    return TracedSize{type.getDimSize(dim)};
  if (auto result = dyn_cast<OpResult>(tensor))
    return resultSize(result, dim);
  auto argument = cast<BlockArgument>(tensor);
  if (argument.getOwner() != body)
    return std::nullopt;
  int64_t number = argument.getArgNumber();
  return TracedSize{arguments[number].getShape()[dim], number, dim};
}

std::optional<TracedSize> SizeResolver::resultSize(OpResult result,
                                                   int64_t dim) const {
  Operation *op = result.getOwner();
  if (auto attention = dyn_cast<AttentionOp>(op))
    return size(dim == 3 ? attention.getValue() : attention.getQuery(), dim);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return index(empty.getMixedSizes()[dim]);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return index(
        splat.getDynamicSizes()[splat.getType().getDynamicDimIndex(dim)]);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return index(expand.getMixedOutputShape()[dim]);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    int64_t product = 1;
    for (int64_t source : collapse.getReassociationIndices()[dim]) {
      std::optional<TracedSize> part = size(collapse.getSrc(), source);
      if (!part)
        return std::nullopt;
      product *= part->size;
    }
    return TracedSize{product};
  }
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return size(destination.getTiedOpOperand(result)->get(), dim);
  if (isa<tensor::CastOp, shard::ShardOp>(op) ||
      op->hasTrait<OpTrait::Elementwise>())
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        if (std::optional<TracedSize> found = size(operand, dim))
          return found;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {
struct AttentionSizes {
  SmallVector<TracedSize, 4> query;
  SmallVector<TracedSize, 4> key;
  SmallVector<TracedSize, 4> value;
};
} // namespace

static std::string where(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>())
    os << place.getFilename().getValue() << ':' << place.getLine() << ':'
       << place.getColumn() << ": ";
  return text;
}

static std::string origin(const TracedSize &traced, StringRef before) {
  if (!traced.argument)
    return "";
  return (before + "argument " + Twine(*traced.argument) + ", dimension " +
          Twine(traced.dim))
      .str();
}

/// Checks what the verifier could not, for want of static sizes.
static llvm::Error checkSizes(AttentionOp op, const AttentionSizes &sizes) {
  auto check = [&](StringRef what, const TracedSize &got,
                   const TracedSize &expected) -> llvm::Error {
    if (got.size == expected.size)
      return llvm::Error::success();
    return createStringError(where(op) + what + origin(got, ", ") +
                             ": the size is " + Twine(got.size) +
                             ", expected " + Twine(expected.size) +
                             origin(expected, " as in "));
  };
  const auto &[q, k, v] = sizes;
  std::tuple<StringRef, TracedSize, TracedSize> pairs[] = {
      {"batch of the key", k[0], q[0]},
      {"batch of the value", v[0], q[0]},
      {"sequence of the value", v[2], k[2]}};
  for (const auto &[what, got, expected] : pairs)
    if (llvm::Error error = check(what, got, expected))
      return error;
  if (op.getMask().requiresSameSequence())
    return check("sequence of the key", k[2], q[2]);
  return llvm::Error::success();
}

static Expected<AttentionSizes> getSizes(AttentionOp op,
                                         const SizeResolver &resolver) {
  AttentionSizes sizes;
  std::tuple<StringRef, Value, SmallVector<TracedSize, 4> *> operands[] = {
      {"query", op.getQuery(), &sizes.query},
      {"key", op.getKey(), &sizes.key},
      {"value", op.getValue(), &sizes.value}};
  for (auto [name, tensor, shape] : operands)
    for (int64_t dim = 0; dim < 4; ++dim) {
      std::optional<TracedSize> size = resolver.size(tensor, dim);
      if (!size)
        return createStringError(where(op) + "the size of dimension " +
                                 Twine(dim) + " of " + name +
                                 " is computed, expected a static size or "
                                 "one of an argument");
      shape->push_back(*size);
    }
  if (llvm::Error error = checkSizes(op, sizes))
    return error;
  return sizes;
}

/// Visible scores of the queries that ring index `index` owns.
static int64_t countVisible(AttentionOp op, int64_t numQueries, int64_t numKeys,
                            SequenceLayoutAttrInterface layout, int64_t ring,
                            int64_t index) {
  MaskAttrInterface mask = op.getMask();
  int64_t length = layout.getShardLength(numQueries, ring, index);
  if (mask.isFull())
    return length * numKeys;
  int64_t count = 0;
  for (int64_t i = 0; i < length; ++i)
    count += mask.countVisible(layout.getPosition(numQueries, ring, index, i),
                               numKeys);
  return count;
}

static llvm::Error addWork(AttentionOp op, const SizeResolver &resolver,
                           const DeviceGrid &grid, Work &work) {
  Expected<AttentionSizes> sizes = getSizes(op, resolver);
  if (!sizes)
    return sizes.takeError();
  SequenceLayoutAttrInterface layout = ContiguousAttr::get(op.getContext());
  ArrayRef<int64_t> axes;
  if (SeqShardingAttr sharding = op.getShardingAttr()) {
    layout = sharding.getLayout();
    axes = sharding.getAxes();
  }
  int64_t ring = grid.ringSize(axes), numQueries = sizes->query[2].size,
          total = 0;
  std::vector<int64_t> visible(ring);
  for (int64_t index = 0; index < ring; ++index) {
    visible[index] =
        countVisible(op, numQueries, sizes->key[2].size, layout, ring, index);
    total += visible[index];
  }
  for (auto [rank, count] : llvm::enumerate(work.visible))
    count += visible[grid.ringIndex(axes, rank)];
  work.flops += 2.0 * sizes->query[0].size * sizes->query[1].size * total *
                (sizes->query[3].size + sizes->value[3].size);
  return llvm::Error::success();
}

Expected<Work> ringattn::tools::countWork(func::FuncOp program,
                                          ArrayRef<HostArray> arguments,
                                          const DeviceGrid &grid,
                                          int64_t ranks) {
  Work work;
  work.visible.assign(ranks, 0);
  SizeResolver resolver(program, arguments);
  llvm::Error error = llvm::Error::success();
  program.walk([&](AttentionOp op) {
    error = addWork(op, resolver, grid, work);
    return error ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (error)
    return error;
  return work;
}

//===- Partition.cpp - From the global program to one rank's --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GlobalSizes.h"
#include "ResultPlacement.h"
#include "ShardingPropagation.h"
#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace ringattn {
#define GEN_PASS_DEF_PARTITIONPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Rewrites one entry.
class EntryPartitioner {
public:
  EntryPartitioner(func::FuncOp function, ShardingMap shardings)
      : function(function), shardings(std::move(shardings)),
        builder(function.getContext()) {}

  LogicalResult run();

private:
  LogicalResult verifyDim(tensor::DimOp dim);
  LogicalResult hoistSizes();
  LogicalResult collectSignature();

  Value globalSize(Value value, int64_t dim);
  Value localSize(Value value, int64_t dim);
  SmallVector<Value> dynamicLocalSizes(Value value);

  int64_t ringSize(SeqShardingAttr sharding);
  RankedTensorType localType(Value value);
  std::pair<Value, Value> rankAndSize(SeqShardingAttr sharding);

  LogicalResult rewrite(Operation *op);
  Value emitDestination(Value value);
  void rewriteAttention(AttentionOp op);
  void rewriteReturn(func::ReturnOp op);

  func::FuncOp function;
  /// The block of the global program.
  Block *program = nullptr;
  ShardingMap shardings;
  OpBuilder builder;
  EntrySignature signature;
  IRMapping mapping;
  /// Index arguments by (argument, dimension) of the global signature.
  DenseMap<std::pair<int64_t, int64_t>, Value> sizeArguments;
  SmallVector<Value> destinations;
  DenseMap<SeqShardingAttr, std::pair<Value, Value>> rings;
};

} // namespace

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Value EntryPartitioner::globalSize(Value value, int64_t dim) {
  Location loc = value.getLoc();
  TracedSize size = TracedSize::of(value, dim, program);
  if (size.number)
    return arith::ConstantIndexOp::create(builder, loc, *size.number);
  if (size.argument)
    return sizeArguments.lookup({size.argument->argument, size.argument->dim});
  if (size.computed)
    return mapping.lookup(size.computed);
  // The ops that a sharding passes through are traced above: this one is
  // replicated, so local is global.
  assert(!shardings.lookup(value) && "a sharded tensor of unknown size");
  return tensor::DimOp::create(builder, loc, mapping.lookup(value), dim);
}

Value EntryPartitioner::localSize(Value value, int64_t dim) {
  Value size = globalSize(value, dim);
  TensorSharding sharding = shardings.lookup(value);
  if (!sharding || sharding.dim != dim)
    return size;
  auto [rank, ranks] = rankAndSize(sharding.sharding);
  return ShardLengthOp::create(builder, value.getLoc(), size, ranks, rank,
                               sharding.sharding.getLayout());
}

SmallVector<Value> EntryPartitioner::dynamicLocalSizes(Value value) {
  SmallVector<Value> sizes;
  for (auto [dim, size] : llvm::enumerate(localType(value).getShape()))
    if (ShapedType::isDynamic(size))
      sizes.push_back(localSize(value, dim));
  return sizes;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

int64_t EntryPartitioner::ringSize(SeqShardingAttr sharding) {
  return ringcomm::getRingSize(function, sharding.getGrid(),
                               sharding.getAxes());
}

RankedTensorType EntryPartitioner::localType(Value value) {
  TensorSharding sharding = shardings.lookup(value);
  EntryValue entry{cast<RankedTensorType>(value.getType()),
                   sharding.sharding,
                   sharding.dim,
                   {}};
  return entry.getLocalType(sharding ? ringSize(sharding.sharding) : 1);
}

std::pair<Value, Value>
EntryPartitioner::rankAndSize(SeqShardingAttr sharding) {
  auto [it, inserted] = rings.try_emplace(sharding);
  if (inserted) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Location loc = function.getLoc();
    auto axes = builder.getDenseI64ArrayAttr(sharding.getAxes());
    auto rank =
        ringcomm::RankOp::create(builder, loc, sharding.getGrid(), axes);
    auto size =
        ringcomm::SizeOp::create(builder, loc, sharding.getGrid(), axes);
    it->second = {rank, size};
  }
  return it->second;
}

LogicalResult EntryPartitioner::collectSignature() {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      return function.emitError()
             << "argument " << argument.getArgNumber() << " of entry '"
             << function.getName() << "' has type " << argument.getType()
             << ", expected a ranked tensor";
    TensorSharding sharding = shardings.lookup(argument);
    signature.arguments.push_back({type, sharding.sharding, sharding.dim, {}});
  }
  Operation *terminator = program->getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value value = operand.get();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return function.emitError()
             << "result " << operand.getOperandNumber() << " of entry '"
             << function.getName() << "' has type " << value.getType()
             << ", expected a ranked tensor";
    TensorSharding sharding = shardings.lookup(value);
    EntryValue result{type, sharding.sharding, sharding.dim, {}};
    SmallVector<int64_t> shape(type.getShape());
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      TracedSize size = TracedSize::of(value, dim, program);
      if (size.number)
        shape[dim] = *size.number;
      else if (size.argument)
        result.sizes.push_back(*size.argument);
      else
        return terminator->emitError()
               << "the size of dimension " << dim << " of result "
               << operand.getOperandNumber()
               << " is computed by the program, expected a static size or the "
                  "size of an argument";
    }
    result.type = type.clone(shape);
    signature.results.push_back(result);
  }
  return EqualSizeCollector(program, signature).run();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// What `value` is written to: the memory of a result where it may be, else an
/// empty tensor.
Value EntryPartitioner::emitDestination(Value value) {
  RankedTensorType type = localType(value);
  std::optional<unsigned> place = getResultPlace(value);
  if (!place)
    return tensor::EmptyOp::create(builder, value.getLoc(), type,
                                   dynamicLocalSizes(value));
  Value memory = destinations[*place];
  Value tensor = bufferization::ToTensorOp::create(
      builder, value.getLoc(),
      memref::getTensorTypeFromMemRefType(memory.getType()), memory,
      /*restrict=*/true, /*writable=*/true);
  // The signature may know more sizes than the program says.
  if (tensor.getType() != type)
    tensor = tensor::CastOp::create(builder, value.getLoc(), type, tensor);
  return tensor;
}

void EntryPartitioner::rewriteAttention(AttentionOp op) {
  Location loc = op.getLoc();
  Value seqQ = globalSize(op.getQuery(), 2);
  Value seqK = globalSize(op.getKey(), 2);
  SmallVector<Value> inits;
  for (Value result : op->getResults())
    inits.push_back(emitDestination(result));
  auto ring = RingAttentionOp::create(
      builder, loc, TypeRange(inits), mapping.lookup(op.getQuery()),
      mapping.lookup(op.getKey()), mapping.lookup(op.getValue()), inits[0],
      inits.size() > 1 ? inits[1] : Value(), seqQ, seqK, op.getMask(),
      builder.getF64FloatAttr(op.getScaleOrDefault()), op.getShardingAttr());
  mapping.map(op->getResults(), ring->getResults());
}

void EntryPartitioner::rewriteReturn(func::ReturnOp op) {
  Location loc = op.getLoc();
  for (auto [value, destination] : llvm::zip(op.getOperands(), destinations)) {
    Value local = mapping.lookup(value);
    // The signature may know more sizes than the program says.
    auto type = cast<MemRefType>(destination.getType());
    auto expected =
        RankedTensorType::get(type.getShape(), type.getElementType());
    if (local.getType() != expected)
      local = tensor::CastOp::create(builder, loc, expected, local);
    bufferization::MaterializeInDestinationOp::create(
        builder, loc, /*result=*/Type(), local, destination, /*restrict=*/true,
        /*writable=*/true);
  }
  func::ReturnOp::create(builder, loc);
}

/// Checks which sizes `dim` reads.
LogicalResult EntryPartitioner::verifyDim(tensor::DimOp dim) {
  std::optional<int64_t> index = dim.getConstantIndex();
  if (!index && shardings.lookup(dim.getSource()))
    return dim.emitError() << "the dimension is computed, expected a constant "
                              "on a sharded tensor";
  auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
  if (type && index && (*index < 0 || *index >= type.getRank()))
    return dim.emitError() << "reads the size of dimension " << *index << " of "
                           << type << ", expected a dimension below "
                           << type.getRank();
  return success();
}

/// Moves the sizes of sharded tensors that nested regions read to the program's
/// block, where they are rewritten like any other: to global ones.
LogicalResult EntryPartitioner::hoistSizes() {
  WalkResult result = function.walk([&](tensor::DimOp dim) {
    if (failed(verifyDim(dim)))
      return WalkResult::interrupt();
    if (dim->getBlock() == program || !shardings.lookup(dim.getSource()))
      return WalkResult::advance();
    Operation *ancestor = program->findAncestorOpInBlock(*dim);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(ancestor);
    dim.getIndexMutable().assign(arith::ConstantIndexOp::create(
        builder, dim.getLoc(), *dim.getConstantIndex()));
    dim->moveBefore(ancestor);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult EntryPartitioner::rewrite(Operation *op) {
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    rewriteAttention(attention);
    return success();
  }
  if (auto ret = dyn_cast<func::ReturnOp>(op)) {
    rewriteReturn(ret);
    return success();
  }
  if (isa<func::CallOp>(op))
    return op->emitError() << "calls are not supported in an entry, expected "
                              "them to be inlined";
  if (auto dim = dyn_cast<tensor::DimOp>(op);
      dim && isa<RankedTensorType>(dim.getSource().getType()))
    if (std::optional<int64_t> index = dim.getConstantIndex()) {
      mapping.map(dim.getResult(), globalSize(dim.getSource(), *index));
      return success();
    }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op);
      empty && (shardings.lookup(empty) || getResultPlace(empty))) {
    mapping.map(empty.getResult(), emitDestination(empty));
    return success();
  }
  if (op->getNumResults() == 1 && shardings.lookup(op->getResult(0))) {
    Value result = op->getResult(0);
    if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
      mapping.map(result,
                  tensor::SplatOp::create(
                      builder, op->getLoc(), mapping.lookup(splat.getInput()),
                      localType(result), dynamicLocalSizes(result)));
      return success();
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      RankedTensorType type = localType(result);
      auto splat = cast<SplatElementsAttr>(constant.getValue());
      Value scalar = arith::ConstantOp::create(
          builder, op->getLoc(), splat.getSplatValue<TypedAttr>());
      mapping.map(result,
                  tensor::SplatOp::create(builder, op->getLoc(), scalar, type,
                                          dynamicLocalSizes(result)));
      return success();
    }
  }
  Operation *clone = builder.clone(*op, mapping);
  for (auto [global, local] : llvm::zip(op->getResults(), clone->getResults()))
    if (isa<RankedTensorType>(global.getType()))
      local.setType(localType(global));
  return success();
}

LogicalResult EntryPartitioner::run() {
  if (!function.getBody().hasOneBlock())
    return function.emitError() << "entry '" << function.getName()
                                << "' has several blocks, expected one";
  program = &function.getBody().front();
  if (failed(hoistSizes()) || failed(collectSignature()))
    return failure();

  // The new body takes the place of the old one, whose values stay alive until
  // everything is rewritten.
  Region oldBody;
  oldBody.takeBody(function.getBody());
  Block *block = &function.getBody().emplaceBlock();
  builder.setInsertionPointToStart(block);
  Location loc = function.getLoc();

  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  auto addArgument = [&](Type type) {
    types.push_back(type);
    NamedAttrList attrs;
    if (isa<RankedTensorType>(type))
      attrs.set("bufferization.writable", builder.getBoolAttr(false));
    attributes.push_back(attrs.getDictionary(builder.getContext()));
    return block->addArgument(type, loc);
  };
  for (BlockArgument argument : oldBody.getArguments())
    mapping.map(argument, addArgument(localType(argument)));
  for (const EntryValue &result : signature.results) {
    RankedTensorType type =
        result.getLocalType(result.sharding ? ringSize(result.sharding) : 1);
    destinations.push_back(
        addArgument(MemRefType::get(type.getShape(), type.getElementType())));
  }
  for (auto [index, argument] : llvm::enumerate(signature.arguments))
    for (int64_t dim = 0; dim < argument.type.getRank(); ++dim)
      if (argument.type.isDynamicDim(dim))
        sizeArguments[{int64_t(index), dim}] =
            addArgument(builder.getIndexType());

  for (Operation &op : *program)
    if (failed(rewrite(&op)))
      return failure();
  function.setFunctionType(builder.getFunctionType(types, {}));
  function.setAllArgAttrs(attributes);
  function->removeAttr(function.getResAttrsAttrName());
  function->setAttr(EntrySignature::kAttrName,
                    signature.toAttr(function.getContext()));
  return success();
}

namespace {
struct Partition : ringattn::impl::PartitionPassBase<Partition> {
  void runOnOperation() override {
    if (failed(ringcomm::getGrid(getOperation())))
      return signalPassFailure();
    SmallVector<func::FuncOp> entries;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal()) {
        function.emitError() << "function '" << function.getName()
                             << "' has no body, expected a definition";
        return signalPassFailure();
      }
      if (function.isPublic() && !function->hasAttr(EntrySignature::kAttrName))
        entries.push_back(function);
    }
    for (func::FuncOp entry : entries) {
      FailureOr<ShardingMap> shardings = ShardingMap::compute(entry);
      if (failed(shardings) ||
          failed(EntryPartitioner(entry, std::move(*shardings)).run()))
        return signalPassFailure();
    }
  }
};
} // namespace

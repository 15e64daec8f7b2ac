//===- RoleEmitter.cpp - The tile program as one role sees it -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoleEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ringattn;

/// Nanoseconds that try_wait may suspend a thread.
static constexpr int64_t kWaitTicks = 10000000;

static bool isTile(Value value) { return isa<TensorType>(value.getType()); }

static Type scalarType(Type type) {
  return type.isIndex() ? IntegerType::get(type.getContext(), 32) : type;
}

RoleEmitter::RoleEmitter(ImplicitLocOpBuilder &builder,
                         const KernelFrame &frame)
    : b(builder), frame(frame), model(frame.model) {
  counts.assign(model.streams.size(), i32(0));
}

Value RoleEmitter::i32(int64_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
}

Value RoleEmitter::i64(int64_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

Value RoleEmitter::sharedAt(Value offset) {
  return LLVM::GEPOp::create(b, frame.shared.getType(), b.getI8Type(),
                             frame.shared, ArrayRef<LLVM::GEPArg>{offset});
}

Value RoleEmitter::barrier(int64_t offset, Value slot) {
  Value bytes = arith::MulIOp::create(b, slot, i32(8));
  return sharedAt(Value(arith::AddIOp::create(b, bytes, i32(offset))));
}

void RoleEmitter::waitFor(Value barrier, Value parity) {
  NVVM::MBarrierTryWaitParityOp::create(b, barrier, parity, i32(kWaitTicks));
}

RoleEmitter::Turn RoleEmitter::nextTurn(unsigned stream) {
  int64_t slots = model.streams[stream].slots;
  Value count = counts[stream];
  counts[stream] = arith::AddIOp::create(b, count, i32(1));
  if (slots == 1)
    return {i32(0), i32(0)};
  Value round = arith::DivUIOp::create(b, count, i32(slots));
  return {arith::RemUIOp::create(b, count, i32(slots)),
          arith::AndIOp::create(b, round, i32(1))};
}

LogicalResult RoleEmitter::run() {
  func::FuncOp kernel = model.kernel;
  for (BlockArgument argument : kernel.getArguments())
    if (argument.getType().isIndex() && !argument.use_empty())
      values.map(
          argument,
          frame.parameters[model.parameter(KernelParameter::Scalar, argument)]);
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (&op != model.grid) {
      if (failed(emitOp(&op)))
        return failure();
      continue;
    }
    scf::ForallOp grid = model.grid;
    SmallVector<Value> loops = grid.getInductionVars();
    ArrayRef<Value> block = ArrayRef(frame.block).take_back(loops.size());
    for (auto [loop, value] : llvm::zip(loops, block))
      values.map(loop, value);
    if (failed(emitBody(*grid.getBody())))
      return failure();
  }
  return success();
}

LogicalResult RoleEmitter::emitBody(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(emitOp(&op)))
      return failure();
  return success();
}

LogicalResult RoleEmitter::emitOp(Operation *op) {
  b.setLoc(op->getLoc());
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](scf::ForOp loop) { return emitFor(loop); })
      .Case([&](scf::IfOp branch) { return emitIf(branch); })
      .Case([&](scf::WhileOp loop) { return emitWhile(loop); })
      // Views are looked through where a tile is loaded or stored.
      .Case<memref::SubViewOp, memref::CastOp, tensor::EmptyOp>(
          [](Operation *) { return success(); })
      .Case<LoadTileOp, StoreTileOp>(
          [&](Operation *op) { return emitTileOp(op); })
      .Case([&](linalg::LinalgOp op) { return emitTileOp(op); })
      .Default([&](Operation *op) { return emitScalarOp(op); });
}

LogicalResult RoleEmitter::emitScalarOp(Operation *op) {
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    auto source = dyn_cast<BlockArgument>(dim.getSource());
    std::optional<int64_t> dimension = dim.getConstantIndex();
    if (!source || !dimension)
      return op->emitOpError() << "asks for no size of an argument";
    values.map(dim.getResult(),
               frame.parameters[model.parameter(KernelParameter::Size, source,
                                                *dimension)]);
    return success();
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto value = cast<TypedAttr>(constant.getValue());
    if (constant.getType().isIndex()) {
      int64_t number = cast<IntegerAttr>(value).getInt();
      if (!llvm::isInt<32>(number))
        return op->emitOpError()
               << "is " << number << ", expected a number of 32 bits on GPUs";
      value = b.getI32IntegerAttr(number);
    }
    values.map(constant.getResult(), arith::ConstantOp::create(b, value));
    return success();
  }
  if (op->getNumRegions() != 0 || llvm::any_of(op->getOperands(), isTile) ||
      !isa<arith::ArithDialect>(op->getDialect()))
    return op->emitOpError() << "is not supported in kernels for GPUs";
  OperationState state(b.getLoc(), op->getName());
  for (Value operand : op->getOperands())
    state.addOperands(scalar(operand));
  for (Type type : op->getResultTypes())
    state.addTypes(scalarType(type));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  state.addAttributes(llvm::to_vector(op->getDiscardableAttrs()));
  values.map(op->getResults(), b.create(state)->getResults());
  return success();
}

Type RoleEmitter::carriedType(Value value) {
  return isTile(value) ? tileType(value) : scalarType(value.getType());
}

Value RoleEmitter::carry(Value value, Value as) {
  return isTile(value) ? carryTile(value, as) : scalar(value);
}

LogicalResult RoleEmitter::emitFor(scf::ForOp loop) {
  prepareForRegions(loop);
  enterLoop(loop);
  SmallVector<unsigned> streams = model.streamsWithin(loop);
  SmallVector<Value> inits;
  SmallVector<unsigned> carried;
  for (auto [i, init] : llvm::enumerate(loop.getInitArgs()))
    if (Value value = carry(init, loop.getRegionIterArg(i))) {
      inits.push_back(value);
      carried.push_back(i);
    }
  for (unsigned stream : streams)
    inits.push_back(counts[stream]);
  auto result = scf::ForOp::create(b, scalar(loop.getLowerBound()),
                                   scalar(loop.getUpperBound()),
                                   scalar(loop.getStep()), inits);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(result.getBody());
    values.map(loop.getInductionVar(), result.getInductionVar());
    for (auto [i, index] : llvm::enumerate(carried))
      values.map(loop.getRegionIterArg(index), result.getRegionIterArg(i));
    for (auto [i, stream] : llvm::enumerate(streams))
      counts[stream] = result.getRegionIterArg(carried.size() + i);
    if (failed(emitBody(*loop.getBody())))
      return failure();
    SmallVector<Value> next;
    for (unsigned index : carried)
      next.push_back(
          carry(loop.getYieldedValues()[index], loop.getRegionIterArg(index)));
    for (unsigned stream : streams)
      next.push_back(counts[stream]);
    scf::YieldOp::create(b, next);
  }
  for (auto [i, index] : llvm::enumerate(carried))
    values.map(loop.getResult(index), result.getResult(i));
  for (auto [i, stream] : llvm::enumerate(streams))
    counts[stream] = result.getResult(carried.size() + i);
  return success();
}

LogicalResult RoleEmitter::emitIf(scf::IfOp branch) {
  prepareForRegions(branch);
  SmallVector<unsigned> streams = model.streamsWithin(branch);
  SmallVector<Type> types;
  SmallVector<unsigned> carried;
  for (auto [i, value] : llvm::enumerate(branch.getResults()))
    if (Type type = carriedType(value)) {
      types.push_back(type);
      carried.push_back(i);
    }
  types.append(streams.size(), b.getI32Type());
  auto result = scf::IfOp::create(b, types, scalar(branch.getCondition()),
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  SmallVector<Value> before = counts;
  for (auto [from, to] : {std::pair<Region *, Region *>{
                              &branch.getThenRegion(), &result.getThenRegion()},
                          {&branch.getElseRegion(), &result.getElseRegion()}}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&to->front());
    counts = before;
    SmallVector<Value> yielded;
    if (!from->empty()) {
      if (failed(emitBody(from->front())))
        return failure();
      Operation *yield = from->front().getTerminator();
      for (unsigned index : carried)
        yielded.push_back(
            carry(yield->getOperand(index), branch.getResult(index)));
    }
    for (unsigned stream : streams)
      yielded.push_back(counts[stream]);
    scf::YieldOp::create(b, yielded);
  }
  counts = before;
  for (auto [i, index] : llvm::enumerate(carried))
    values.map(branch.getResult(index), result.getResult(i));
  for (auto [i, stream] : llvm::enumerate(streams))
    counts[stream] = result.getResult(carried.size() + i);
  return success();
}

LogicalResult RoleEmitter::emitWhile(scf::WhileOp loop) {
  SmallVector<Value> inits;
  for (Value init : loop.getInits()) {
    if (isTile(init))
      return loop.emitOpError() << "carries a tile, expected numbers";
    inits.push_back(scalar(init));
  }
  SmallVector<Type> types;
  for (Type type : loop.getResultTypes())
    types.push_back(scalarType(type));
  auto result = scf::WhileOp::create(b, types, inits);
  for (auto [from, to] :
       {std::pair<Region *, Region *>{&loop.getBefore(), &result.getBefore()},
        {&loop.getAfter(), &result.getAfter()}}) {
    OpBuilder::InsertionGuard guard(b);
    Block &source = from->front();
    SmallVector<Type> arguments;
    for (Type type : source.getArgumentTypes())
      arguments.push_back(scalarType(type));
    Block *target =
        b.createBlock(to, to->end(), arguments,
                      SmallVector<Location>(arguments.size(), b.getLoc()));
    values.map(source.getArguments(), target->getArguments());
    if (failed(emitBody(source)))
      return failure();
    SmallVector<Value> operands;
    for (Value operand : source.getTerminator()->getOperands())
      operands.push_back(scalar(operand));
    if (isa<scf::ConditionOp>(source.getTerminator()))
      scf::ConditionOp::create(b, operands.front(),
                               ValueRange(operands).drop_front());
    else
      scf::YieldOp::create(b, operands);
  }
  values.map(loop.getResults(), result.getResults());
  return success();
}

//===- ConsumerEmitter.cpp - The warpgroups that compute ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConsumerEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace ringattn;

/// Rows of a warpgroup.
static constexpr int64_t kRows = 64;
/// Threads of two warpgroups: one waits for its turn, the other passes it on.
static constexpr int64_t kTurnThreads = 256;
/// The named barrier of the first consumer's turn; 0 is the block's.
static constexpr int64_t kFirstTurn = 1;

static int64_t columnsOf(Value tile) {
  return cast<RankedTensorType>(tile.getType()).getShape().back();
}

static bool isZero(Value tile) {
  auto fill = tile.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

static bool hasRole(Operation *op, StringRef role) {
  auto attr = op->getAttrOfType<StringAttr>(kRoleAttr);
  return attr && attr.getValue() == role;
}

static Type inRegister(Type type) {
  if (type.isTF32())
    return Float32Type::get(type.getContext());
  return type.isIndex() ? IntegerType::get(type.getContext(), 32) : type;
}

static ringptx::ElementType elementTypeOf(Type type) {
  if (type.isTF32())
    return ringptx::ElementType::TF32;
  return type.isBF16() ? ringptx::ElementType::BF16 : ringptx::ElementType::F16;
}

ConsumerEmitter::ConsumerEmitter(ImplicitLocOpBuilder &builder,
                                 const KernelFrame &frame,
                                 const TileFacts &facts, Value warpgroup,
                                 Value thread)
    : RoleEmitter(builder, frame), facts(facts), warpgroup(warpgroup),
      firstRow(arith::MulIOp::create(builder, warpgroup, i32(kRows))),
      fragments(builder, thread, firstRow), products(builder, values) {}

LogicalResult ConsumerEmitter::emitTileOp(Operation *op) {
  if (auto load = dyn_cast<LoadTileOp>(op))
    return emitLoad(load);
  if (auto store = dyn_cast<StoreTileOp>(op))
    return emitStore(store);
  if (auto contract = dyn_cast<linalg::ContractOp>(op))
    return emitContract(contract);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return emitGeneric(generic);
  // A fill is made where it is used, in the layout of its use.
  if (isa<linalg::FillOp>(op))
    return success();
  return op->emitOpError() << "is not supported on tiles in kernels for GPUs";
}

//===----------------------------------------------------------------------===//
// What stands for tiles
//===----------------------------------------------------------------------===//

Type ConsumerEmitter::tileType(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return VectorType::get(Fragments::count(facts.axes(value), columnsOf(value)),
                         inRegister(type.getElementType()));
}

Value ConsumerEmitter::fragment(Value tile) {
  if (auto fill = tile.getDefiningOp<linalg::FillOp>())
    return vector::BroadcastOp::create(b, tileType(tile),
                                       scalar(fill.getInputs()[0]));
  if (products.isUnderWay(tile))
    products.wait(tile);
  return values.lookup(tile);
}

static Value add(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::AddFOp::create(b, lhs, rhs);
}

Value ConsumerEmitter::wholeFragment(Value tile) {
  Value value = fragment(tile);
  if (!facts.isPartial(tile))
    return value;
  return reduceOverRow(b, value,
                       [&](Value lhs, Value rhs) { return add(b, lhs, rhs); });
}

Value ConsumerEmitter::carryTile(Value value, Value as) {
  return facts.isPartial(as) ? partialFragment(value) : wholeFragment(value);
}

Value ConsumerEmitter::partialFragment(Value tile) {
  Value part = fragment(tile);
  if (facts.isPartial(tile))
    return part;
  // One of the four threads holds it all.
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(part.getType()));
  return arith::SelectOp::create(b, fragments.leadsRow(b), part, zero);
}

void ConsumerEmitter::prepareForRegions(Operation *op) {
  if (isa<scf::ForOp>(op))
    return products.waitForAll();
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  for (Value value : used)
    if (products.isUnderWay(value))
      products.wait(value);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

FailureOr<GlobalRows> ConsumerEmitter::globalRows(Operation *op, Value memref,
                                                  Value row) {
  FailureOr<TileAccess> access = KernelModel::access(op, memref, row);
  if (failed(access))
    return failure();
  BlockArgument source = access->source;
  auto type = cast<MemRefType>(source.getType());
  auto parameter = [&](KernelParameter::Kind kind, int64_t dimension = 0) {
    return frame.parameters[model.parameter(kind, source, dimension)];
  };
  GlobalRows rows;
  rows.element = type.getElementType();
  rows.columns = type.getRank() == 4 ? type.getDimSize(3) : 0;
  rows.stride = parameter(KernelParameter::Stride, 2);
  rows.first = scalar(access->row);
  rows.count = type.isDynamicDim(2) ? parameter(KernelParameter::Size, 2)
                                    : i32(type.getDimSize(2));
  Value offset = i64(0);
  for (auto [dimension, index] :
       {std::pair<int64_t, Value>{0, access->batch}, {1, access->head}}) {
    if (!index)
      continue;
    Value wide = arith::ExtUIOp::create(b, b.getI64Type(), scalar(index));
    offset = arith::AddIOp::create(
        b, offset,
        arith::MulIOp::create(b, wide,
                              parameter(KernelParameter::Stride, dimension)));
  }
  Value base = parameter(KernelParameter::Pointer);
  rows.base = LLVM::GEPOp::create(b, base.getType(), rows.element, base,
                                  ArrayRef<LLVM::GEPArg>{offset});
  return rows;
}

LogicalResult ConsumerEmitter::emitLoad(LoadTileOp load) {
  if (std::optional<unsigned> stream = model.streamOf(load)) {
    slotTiles[load.getTile()] = {*stream, nextTurn(*stream)};
    return success();
  }
  FailureOr<GlobalRows> rows =
      globalRows(load, load.getSource(), load.getRow());
  if (failed(rows))
    return failure();
  values.map(load.getTile(),
             loadFragment(b, fragments, *rows, columnsOf(load.getTile())));
  return success();
}

LogicalResult ConsumerEmitter::emitStore(StoreTileOp store) {
  Value value = wholeFragment(store.getTile());
  FailureOr<GlobalRows> rows =
      globalRows(store, store.getTarget(), store.getRow());
  if (failed(rows))
    return failure();
  storeFragment(b, fragments, *rows, value);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

FailureOr<Factor> ConsumerEmitter::factor(linalg::ContractOp op, Value tile) {
  Factor factor;
  auto it = slotTiles.find(tile);
  if (it == slotTiles.end()) {
    if (!values.contains(tile))
      return op.emitOpError() << "has a factor that no load or op computes";
    factor.fragment = wholeFragment(tile);
    return factor;
  }
  SlotTile &slot = it->second;
  const TileStream &stream = model.streams[slot.stream];
  if (!slot.arrived)
    waitFor(barrier(stream.fullBarriers, slot.turn.slot), slot.turn.parity);
  slot.arrived = true;
  factor.tile = stream.tile;
  Value shared = LLVM::PtrToIntOp::create(b, b.getI32Type(), frame.shared);
  Value bytes =
      arith::MulIOp::create(b, slot.turn.slot, i32(stream.tile.bytes()));
  factor.address = arith::AddIOp::create(
      b, arith::AddIOp::create(b, shared, bytes), i32(stream.address));
  return factor;
}

std::function<void()> ConsumerEmitter::release(ValueRange tiles) {
  SmallVector<std::pair<int64_t, Value>> slots;
  for (Value tile : tiles) {
    auto it = slotTiles.find(tile);
    if (it == slotTiles.end())
      continue;
    const TileStream &stream = model.streams[it->second.stream];
    if (stream.isReused())
      slots.emplace_back(stream.emptyBarriers, it->second.turn.slot);
  }
  return [this, slots] {
    for (auto [barriers, slot] : slots)
      NVVM::MBarrierArriveOp::create(b, Type(), barrier(barriers, slot),
                                     /*count=*/Value());
  };
}

/// One warpgroup starts its products while the others compute, then the next.
void ConsumerEmitter::enterLoop(scf::ForOp loop) {
  bool hasScores = llvm::any_of(loop.getOps<linalg::ContractOp>(),
                                [](auto op) { return hasRole(op, "scores"); });
  if (!model.plan.pingPong || !hasScores)
    return;
  // The first turn is the first warpgroup's.
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, warpgroup, i32(0));
  auto start = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(start.thenBlock());
  NVVM::BarrierArriveOp::create(b, i32(kFirstTurn), i32(kTurnThreads));
}

void ConsumerEmitter::takeTurn() {
  Value own = arith::AddIOp::create(b, warpgroup, i32(kFirstTurn));
  NVVM::BarrierOp::create(b, Type(), own, i32(kTurnThreads),
                          NVVM::BarrierReductionAttr(), Value());
}

void ConsumerEmitter::passTurn() {
  Value next = arith::AddIOp::create(b, warpgroup, i32(1));
  Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next,
                                       i32(model.plan.consumers));
  next = arith::SelectOp::create(b, isLast, i32(0), next);
  NVVM::BarrierArriveOp::create(
      b, arith::AddIOp::create(b, next, i32(kFirstTurn)), i32(kTurnThreads));
}

LogicalResult ConsumerEmitter::emitContract(linalg::ContractOp op) {
  Value lhs = op.getInputs()[0], rhs = op.getInputs()[1];
  Value accumulator = op.getOutputs()[0], result = op->getResult(0);
  Products::Shape shape;
  shape.type =
      elementTypeOf(cast<RankedTensorType>(lhs.getType()).getElementType());
  shape.columns = columnsOf(result);
  shape.depth = columnsOf(lhs);
  auto streamed = slotTiles.find(rhs);
  shape.mnMajor = op.getIndexingMapsArray()[1].getDimPosition(0) == 2 &&
                  streamed != slotTiles.end() &&
                  !model.streams[streamed->second.stream].isTransposed();
  bool inLoop = isa<scf::ForOp>(op->getParentOp());

  Value start = isZero(accumulator) ? Value() : fragment(accumulator);
  FailureOr<Factor> left = factor(op, lhs), right = factor(op, rhs);
  if (failed(left) || failed(right))
    return failure();
  if (right->fragment)
    return op.emitOpError() << "has its right factor in registers, expected a "
                               "tile that is loaded";
  if (left->address)
    left->address = arith::AddIOp::create(
        b, left->address,
        arith::MulIOp::create(b, firstRow, i32(SharedTile::kRowBytes)));
  if (model.plan.pingPong && inLoop && hasRole(op, "scores"))
    takeTurn();
  products.start(result, shape, *left, *right, start, release({lhs, rhs}));
  if (model.plan.pingPong && inLoop && hasRole(op, "output"))
    passTurn();
  return success();
}

//===----------------------------------------------------------------------===//
// Elementwise ops and reductions
//===----------------------------------------------------------------------===//

LogicalResult ConsumerEmitter::emitBodyOp(Operation *op, IRMapping &body,
                                          TileAxes axes, int64_t columns) {
  int64_t count = Fragments::count(axes, columns);
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    body.map(index.getResult(),
             fragments.coordinates(b, axes, index.getDim(), columns));
    return success();
  }
  auto typeOf = [&](Value value) {
    return VectorType::get(count, inRegister(value.getType()));
  };
  auto operand = [&](Value value) -> Value {
    if (Value mapped = body.lookupOrNull(value))
      return mapped;
    return vector::BroadcastOp::create(b, typeOf(value), scalar(value));
  };
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto value = cast<TypedAttr>(constant.getValue());
    if (constant.getType().isIndex())
      value = b.getI32IntegerAttr(cast<IntegerAttr>(value).getInt());
    body.map(
        constant.getResult(),
        arith::ConstantOp::create(
            b, DenseElementsAttr::get(typeOf(constant), Attribute(value))));
    return success();
  }
  if (isa<math::Exp2Op, math::Log2Op>(op) &&
      op->getResult(0).getType().isF32()) {
    Value input = operand(op->getOperand(0));
    body.map(
        op->getResult(0),
        isa<math::Exp2Op>(op)
            ? ringptx::Ex2Op::create(b, input.getType(), input).getResult()
            : ringptx::Lg2Op::create(b, input.getType(), input).getResult());
    return success();
  }
  if (isa<arith::TruncFOp>(op) && op->getResult(0).getType().isTF32()) {
    Value input = operand(op->getOperand(0));
    body.map(op->getResult(0),
             ringptx::ToTF32Op::create(b, input.getType(), input).getResult());
    return success();
  }
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return op->emitOpError() << "is not supported on tiles in kernels for GPUs";
  OperationState state(b.getLoc(), op->getName());
  for (Value value : op->getOperands())
    state.addOperands(operand(value));
  state.addTypes(typeOf(op->getResult(0)));
  state.propertiesAttr = op->getPropertiesAsAttribute();
  state.addAttributes(llvm::to_vector(op->getDiscardableAttrs()));
  body.map(op->getResult(0), b.create(state)->getResult(0));
  return success();
}

LogicalResult ConsumerEmitter::emitGeneric(linalg::GenericOp op) {
  bool isMatrix = op.getNumLoops() == 2;
  int64_t columns = 0;
  for (Value operand : op->getOperands())
    if (!isMatrix || cast<RankedTensorType>(operand.getType()).getRank() == 2)
      columns = columnsOf(operand);
  TileAxes axes = isMatrix ? TileAxes::Both : facts.axes(op->getResult(0));
  bool linear = facts.isLinear(op);

  IRMapping body;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (argument.use_empty() || operand.get().getDefiningOp<tensor::EmptyOp>())
      continue;
    bool isReduced =
        isMatrix && op.isDpsInit(&operand) &&
        cast<RankedTensorType>(operand.get().getType()).getRank() == 1;
    Value part;
    if (isReduced && facts.isPartial(op.getTiedOpResult(&operand)))
      part = partialFragment(operand.get());
    else
      part = linear ? fragment(operand.get()) : wholeFragment(operand.get());
    if (isMatrix && !isReduced)
      part = Fragments::spread(b, part, facts.axes(operand.get()), columns);
    body.map(argument, part);
  }

  SmallVector<Operation *> combiners(op.getNumDpsInits());
  for (auto [i, init] : llvm::enumerate(op.getDpsInits())) {
    if (!isMatrix || cast<RankedTensorType>(init.getType()).getRank() == 2)
      continue;
    combiners[i] = findCombiner(op, i);
    if (!combiners[i])
      return op.emitOpError() << "reduces by no single op of two operands";
  }
  for (Operation &inner : op.getBody()->without_terminator())
    if (!llvm::is_contained(combiners, &inner) &&
        failed(emitBodyOp(&inner, body, axes, columns)))
      return failure();

  for (auto [i, yielded] :
       llvm::enumerate(op.getBody()->getTerminator()->getOperands())) {
    Value result = op->getResult(i);
    Operation *combiner = combiners[i];
    if (!combiner) {
      values.map(result, body.lookup(yielded));
      continue;
    }
    Value argument = op.getRegionOutputArgs()[i];
    bool isFirst = combiner->getOperand(0) == argument;
    Value part = body.lookup(combiner->getOperand(isFirst ? 1 : 0));
    auto combine = [&](Value accumulator, Value next) {
      OperationState state(b.getLoc(), combiner->getName());
      state.addOperands(isFirst ? ValueRange{accumulator, next}
                                : ValueRange{next, accumulator});
      state.addTypes(next.getType());
      state.propertiesAttr = combiner->getPropertiesAsAttribute();
      return b.create(state)->getResult(0);
    };
    Value reduced = reduceInThread(b, part, body.lookup(argument), combine);
    if (!facts.isPartial(result))
      reduced = reduceOverRow(b, reduced, combine);
    values.map(result, reduced);
  }
  return success();
}

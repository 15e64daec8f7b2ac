//===- EmitTileProgram.cpp - Kernels as tile programs -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileProgram.h"
#include "ringattn/Codegen/Tile/Passes.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ringattn {
#define GEN_PASS_DEF_EMITTILEPROGRAMPASS
#include "ringattn/Codegen/Tile/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// What both kernels share: the grid of query tiles and access to memory.
class KernelEmitter {
protected:
  KernelEmitter(Operation *op, const TilePlan &plan)
      : b(op->getLoc(), op), plan(plan) {}

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  template <typename OpTy>
  Value fold(Value lhs, Value rhs) {
    return b.createOrFold<OpTy>(lhs, rhs);
  }
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return b.createOrFold<arith::CmpIOp>(predicate, lhs, rhs);
  }
  Value size(Value memref, int64_t dim) {
    return b.createOrFold<memref::DimOp>(memref, dim);
  }

  /// Opens the loop over the tiles of `rows` (B x H x n x _).
  void beginTiles(Value rows) {
    numRows = size(rows, 2);
    Value last = fold<arith::AddIOp>(numRows, index(plan.rows - 1));
    Value tiles = fold<arith::DivUIOp>(last, index(plan.rows));
    SmallVector<OpFoldResult> lower(3, b.getIndexAttr(0)),
        step(3, b.getIndexAttr(1));
    SmallVector<OpFoldResult> upper =
        getAsOpFoldResult({size(rows, 0), size(rows, 1), tiles});
    auto loop = scf::ForallOp::create(b, lower, upper, step, ValueRange(),
                                      std::nullopt);
    b.setInsertionPointToStart(loop.getBody());
    batch = loop.getInductionVar(0);
    head = loop.getInductionVar(1);
    row = fold<arith::MulIOp>(loop.getInductionVar(2), index(plan.rows));
  }

  /// The rows of one batch and head, as a memref of rank 1 or 2.
  Value slice(Value memref, Value headIndex) {
    auto type = cast<MemRefType>(memref.getType());
    int64_t rank = type.getRank();
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)),
        sizes(rank, b.getIndexAttr(1)), strides(rank, b.getIndexAttr(1));
    offsets[0] = batch;
    offsets[1] = headIndex;
    for (int64_t d = 2; d < rank; ++d)
      sizes[d] = getAsOpFoldResult(size(memref, d));
    SmallVector<int64_t> staticShape;
    for (int64_t d = 2; d < rank; ++d)
      staticShape.push_back(
          getConstantIntValue(sizes[d]).value_or(ShapedType::kDynamic));
    auto result =
        cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
            staticShape, type, offsets, sizes, strides));
    return memref::SubViewOp::create(b, result, memref, offsets, sizes,
                                     strides);
  }

  Value load(Value memref, Value at, ArrayRef<int64_t> shape) {
    auto type = cast<MemRefType>(memref.getType());
    return LoadTileOp::create(
        b, RankedTensorType::get(shape, type.getElementType()), memref, at);
  }
  /// A factor of a product.
  Value loadOperand(Value memref, Value at, ArrayRef<int64_t> shape) {
    return LoadTileOp::create(b, RankedTensorType::get(shape, plan.operand),
                              memref, at);
  }
  void store(Value tile, Value memref) {
    StoreTileOp::create(b, tile, memref, row);
  }

  /// Stores what the state after the last key stands for; `lse` may be null.
  void emitResults(TileProgram &program, const TileState &state, Value output,
                   Value lse) {
    Type storage = cast<MemRefType>(output.getType()).getElementType();
    store(program.normalise(state.output, state.sum, storage),
          slice(output, head));
    if (lse)
      store(program.logSumExp(state.max, state.sum), slice(lse, head));
  }

  ImplicitLocOpBuilder b;
  const TilePlan &plan;
  Value numRows, batch, head, row;
};

class AttentionEmitter : KernelEmitter {
public:
  AttentionEmitter(OnlineAttentionOp op, const TilePlan &plan)
      : KernelEmitter(op, plan), op(op), mask(op.getMask()),
        layout(op.getLayout()),
        program(b, this->plan,
                cast<MemRefType>(op.getAcc().getType()).getElementType(),
                op.getScale().getValueAsDouble()) {}

  void run() {
    numKeys = size(op.getKey(), 2);
    beginTiles(op.getQuery());
    auto heads = [](Value v) {
      return cast<MemRefType>(v.getType()).getDimSize(1);
    };
    Value keyHead = fold<arith::DivUIOp>(
        head, index(heads(op.getQuery()) / heads(op.getKey())));
    key = slice(op.getKey(), keyHead);
    value = slice(op.getValue(), keyHead);
    Value queries = slice(op.getQuery(), head);
    query = plan.pipelined
                ? loadOperand(queries, row, {plan.rows, plan.headSize})
                : program.cast(load(queries, row, {plan.rows, plan.headSize}),
                               plan.operand);
    Value acc = slice(op.getAcc(), head), max = slice(op.getMax(), head),
          sum = slice(op.getSum(), head);
    auto loadState = [&](TileState) -> TileState {
      return {load(acc, row, {plan.rows, plan.valueSize}),
              load(max, row, {plan.rows}), load(sum, row, {plan.rows})};
    };
    TileState state =
        op.getStartsEmpty() ? emitInitialState(loadState) : loadState({});
    if (!mask.isFull()) {
      Value end = fold<arith::MinSIOp>(
          fold<arith::AddIOp>(row, index(plan.rows)), numRows);
      queryLow = queryPosition(row);
      queryHigh = queryPosition(fold<arith::SubIOp>(end, index(1)));
      queryPositions = positions(plan.rows, row, /*ofKeys=*/false);
    }
    state = emitKeyLoop(state);
    if (op.getOutput()) {
      emitResults(program, state, op.getOutput(), op.getLse());
    } else {
      store(state.output, acc);
      store(state.max, max);
      store(state.sum, sum);
    }
    op.erase();
  }

private:
  Value queryPosition(Value local) {
    return layout.emitPosition(b, b.getLoc(), op.getSeqQ(), op.getRanks(),
                               op.getQueryRank(), local);
  }
  Value keyPosition(Value local) {
    return layout.emitPosition(b, b.getLoc(), op.getSeqK(), op.getRanks(),
                               op.getKeyRank(), local);
  }

  /// The mask on the tile of `columns` keys from `column`.
  TileVisibilityValue classify(Value column, Value end) {
    Value last = fold<arith::SubIOp>(end, index(1));
    return mask.emitClassify(b, b.getLoc(), queryLow, queryHigh,
                             keyPosition(column), keyPosition(last));
  }

  /// Positions of `count` rows or keys from local index `first`.
  Value positions(int64_t count, Value first, bool ofKeys) {
    auto generic = program.generic(
        "positions", {}, {}, program.empty({count}, b.getIndexType()),
        [&](ImplicitLocOpBuilder &inner, ValueRange) {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPoint(inner.getInsertionBlock(),
                              inner.getInsertionPoint());
          Value local =
              arith::AddIOp::create(b, first, linalg::IndexOp::create(b, 0));
          Value position = ofKeys ? keyPosition(local) : queryPosition(local);
          inner.setInsertionPointToEnd(b.getInsertionBlock());
          return SmallVector<Value>{position};
        });
    // What does not depend on the element is computed once.
    for (Operation &inner : llvm::make_early_inc_range(*generic.getBody()))
      if (!isa<linalg::IndexOp, linalg::YieldOp>(inner) &&
          llvm::all_of(inner.getOperands(), [&](Value v) {
            return v.getParentBlock() != generic.getBody();
          }))
        inner.moveBefore(generic);
    return generic.getResult(0);
  }

  /// The masked scores of the tile at key `column`.
  Value applyMask(Value scores, Value column) {
    int64_t columns = cast<ShapedType>(scores.getType()).getDimSize(1);
    Type type = cast<ShapedType>(scores.getType()).getElementType();
    SmallVector<Value> inputs;
    if (!mask.isFull())
      inputs = {queryPositions, positions(columns, column, /*ofKeys=*/true)};
    return program
        .generic("mask", inputs, {0, 1}, scores,
                 [&](ImplicitLocOpBuilder &inner, ValueRange args) {
                   Location loc = inner.getLoc();
                   Value local = arith::AddIOp::create(
                       inner, column, linalg::IndexOp::create(inner, 1));
                   Value visible = arith::CmpIOp::create(
                       inner, arith::CmpIPredicate::slt, local, numKeys);
                   if (!mask.isFull())
                     visible = arith::AndIOp::create(
                         inner, visible,
                         mask.emitIsVisible(inner, loc, args[0], args[1]));
                   Value hidden = arith::ConstantOp::create(
                       inner,
                       FloatAttr::get(
                           type, APFloat::getInf(
                                     cast<FloatType>(type).getFloatSemantics(),
                                     /*Negative=*/true)));
                   return SmallVector<Value>{arith::SelectOp::create(
                       inner, visible, args.back(), hidden)};
                 })
        .getResult(0);
  }

  TileState emitStep(Value column, int64_t columns, bool masked,
                     TileState state) {
    Value k =
        program.cast(load(key, column, {columns, plan.headSize}), plan.operand);
    Value v = program.cast(load(value, column, {columns, plan.valueSize}),
                           plan.operand);
    if (!masked)
      return program.step(query, k, v, state, nullptr);
    return program.step(query, k, v, state,
                        [&](Value s) { return applyMask(s, column); });
  }

  using Emit = llvm::function_ref<TileState(TileState)>;
  TileState emitIf(Value condition, Emit then, Emit otherwise,
                   TileState state) {
    auto branch = scf::IfOp::create(b, ValueRange(state.values()).getTypes(),
                                    condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    for (auto [block, emit] :
         {std::pair<Block *, Emit>{branch.thenBlock(), then},
          {branch.elseBlock(), otherwise}}) {
      b.setInsertionPointToStart(block);
      scf::YieldOp::create(b, emit(state).values());
    }
    return TileState::from(branch.getResults());
  }
  TileState emitFor(Value from, Value to, int64_t step, TileState state,
                    llvm::function_ref<TileState(Value, TileState)> emit) {
    auto loop = scf::ForOp::create(b, from, to, index(step), state.values());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    TileState next =
        emit(loop.getInductionVar(), TileState::from(loop.getRegionIterArgs()));
    scf::YieldOp::create(b, next.values());
    return TileState::from(loop.getResults());
  }

  /// The number of tiles, of `count`, for which `before` holds; it does for
  /// those up to some tile and for none after it.
  Value countTiles(Value count, llvm::function_ref<Value(Value tile)> before) {
    auto search =
        scf::WhileOp::create(b, TypeRange{b.getIndexType(), b.getIndexType()},
                             ValueRange{index(0), count});
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Location> locs(2, b.getLoc());
    Block *test =
        b.createBlock(&search.getBefore(), {}, search.getResultTypes(), locs);
    Value more = compare(arith::CmpIPredicate::ult, test->getArgument(0),
                         test->getArgument(1));
    scf::ConditionOp::create(b, more, test->getArguments());
    Block *step =
        b.createBlock(&search.getAfter(), {}, search.getResultTypes(), locs);
    Value low = step->getArgument(0), high = step->getArgument(1);
    Value middle =
        fold<arith::DivUIOp>(fold<arith::AddIOp>(low, high), index(2));
    Value holds = before(middle);
    low = arith::SelectOp::create(b, holds,
                                  fold<arith::AddIOp>(middle, index(1)), low);
    high = arith::SelectOp::create(b, holds, high, middle);
    scf::YieldOp::create(b, ValueRange{low, high});
    return search.getResult(0);
  }

  /// The tiles [first, last) that hold a key within the mask's band around the
  /// queries. Positions grow with local indices; unlike their sums with the
  /// band's extents, their differences are within the range of positions.
  std::pair<Value, Value> tilesInReach(Value count) {
    MaskBand band = mask.getBand();
    Value first = index(0), last = count;
    if (band.left)
      first = countTiles(count, [&](Value tile) {
        Value end = fold<arith::MinSIOp>(
            fold<arith::MulIOp>(fold<arith::AddIOp>(tile, index(1)),
                                index(plan.columns)),
            numKeys);
        Value high = keyPosition(fold<arith::SubIOp>(end, index(1)));
        return compare(arith::CmpIPredicate::slt,
                       fold<arith::SubIOp>(high, queryLow), index(-*band.left));
      });
    if (band.right)
      last = countTiles(count, [&](Value tile) {
        Value low = keyPosition(fold<arith::MulIOp>(tile, index(plan.columns)));
        return compare(arith::CmpIPredicate::sle,
                       fold<arith::SubIOp>(low, queryHigh), index(*band.right));
      });
    return {first, last};
  }

  /// The state before the step: `load` it, but at hop 0.
  TileState emitInitialState(Emit load) {
    TileState initial = program.initialState();
    Value first = compare(arith::CmpIPredicate::eq, op.getHop(), index(0));
    return emitIf(first, [](TileState state) { return state; }, load, initial);
  }

  /// One loop over the tiles within reach; a tile that the mask cuts, or that
  /// reaches past the last key, is masked where it is.
  TileState emitUniformLoop(TileState state) {
    Value count = fold<arith::DivUIOp>(
        fold<arith::AddIOp>(numKeys, index(plan.columns - 1)),
        index(plan.columns));
    auto [first, last] = tilesInReach(count);
    std::optional<int64_t> keys = getConstantIntValue(numKeys);
    bool noTail = keys && *keys % plan.columns == 0;
    return emitFor(first, last, 1, state, [&](Value tile, TileState state) {
      Value column = fold<arith::MulIOp>(tile, index(plan.columns));
      Value k = loadOperand(key, column, {plan.columns, plan.headSize});
      Value v = loadOperand(value, column, {plan.columns, plan.valueSize});
      if (noTail && mask.isFull())
        return program.step(query, k, v, state, nullptr);
      Value next = fold<arith::AddIOp>(column, index(plan.columns));
      Value whole = compare(arith::CmpIPredicate::sle, next, numKeys);
      if (!mask.isFull())
        whole = fold<arith::AndIOp>(
            whole, classify(column, fold<arith::MinSIOp>(next, numKeys)).full);
      return program.step(query, k, v, state, [&](Value s) {
        auto branch = scf::IfOp::create(b, TypeRange(s.getType()), whole,
                                        /*withElseRegion=*/true);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(branch.thenBlock());
        scf::YieldOp::create(b, s);
        b.setInsertionPointToStart(branch.elseBlock());
        scf::YieldOp::create(b, applyMask(s, column));
        return branch.getResult(0);
      });
    });
  }

  TileState emitKeyLoop(TileState state) {
    if (plan.pipelined)
      return emitUniformLoop(state);
    std::optional<int64_t> keys = getConstantIntValue(numKeys);
    bool noTail = keys && *keys % plan.columns == 0;
    bool noWholeTile = keys && *keys < plan.columns;
    return emitFor(
        index(0), numKeys, plan.columns, state,
        [&](Value column, TileState state) {
          if (noTail && mask.isFull())
            return emitStep(column, plan.columns, /*masked=*/false, state);
          Value next = fold<arith::AddIOp>(column, index(plan.columns));
          Value end = fold<arith::MinSIOp>(next, numKeys);
          auto masked = [&](TileState state) {
            return emitMaskedTile(column, end, state);
          };
          if (noWholeTile)
            return masked(state);
          Value whole = compare(arith::CmpIPredicate::sle, next, numKeys);
          if (!mask.isFull())
            whole = fold<arith::AndIOp>(whole, classify(column, end).full);
          return emitIf(
              whole,
              [&](TileState state) {
                return emitStep(column, plan.columns, /*masked=*/false, state);
              },
              masked, state);
        });
  }

  /// The part [column, end) in narrow steps, those without visible keys left
  /// out.
  TileState emitMaskedTile(Value column, Value end, TileState state) {
    auto step = [&](Value from, TileState state) {
      return emitStep(from, plan.maskedColumns, /*masked=*/true, state);
    };
    auto steps = [&](TileState state) {
      return emitFor(
          column, end, plan.maskedColumns, state,
          [&](Value from, TileState state) {
            if (mask.isFull())
              return step(from, state);
            Value to = fold<arith::MinSIOp>(
                fold<arith::AddIOp>(from, index(plan.maskedColumns)), end);
            return emitIf(
                classify(from, to).empty, [](TileState state) { return state; },
                [&](TileState state) { return step(from, state); }, state);
          });
    };
    if (mask.isFull() || plan.maskedColumns == plan.columns)
      return steps(state);
    return emitIf(
        classify(column, end).empty, [](TileState state) { return state; },
        steps, state);
  }

  OnlineAttentionOp op;
  MaskAttrInterface mask;
  SequenceLayoutAttrInterface layout;
  TileProgram program;
  Value numKeys, key, value, query;
  Value queryLow, queryHigh, queryPositions;
};

class FinalizeEmitter : KernelEmitter {
public:
  FinalizeEmitter(FinalizeOp op, const TilePlan &plan)
      : KernelEmitter(op, plan), op(op) {}

  void run() {
    Type accumulator = cast<MemRefType>(op.getAcc().getType()).getElementType();
    TileProgram program(b, plan, accumulator, /*scale=*/1.0);
    beginTiles(op.getAcc());
    TileState state;
    state.sum = load(slice(op.getSum(), head), row, {plan.rows});
    state.output =
        load(slice(op.getAcc(), head), row, {plan.rows, plan.valueSize});
    if (op.getLse())
      state.max = load(slice(op.getMax(), head), row, {plan.rows});
    emitResults(program, state, op.getOutput(), op.getLse());
    op.erase();
  }

private:
  FinalizeOp op;
};

struct EmitTileProgramPass
    : ringattn::impl::EmitTileProgramPassBase<EmitTileProgramPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    SmallVector<Operation *> steps;
    kernel.walk([&](Operation *op) {
      if (isa<OnlineAttentionOp, FinalizeOp>(op))
        steps.push_back(op);
    });
    if (steps.empty())
      return;
    FailureOr<TilePlan> plan = TilePlan::get(kernel);
    if (failed(plan))
      return signalPassFailure();
    for (Operation *step : steps) {
      if (auto attention = dyn_cast<OnlineAttentionOp>(step))
        AttentionEmitter(attention, *plan).run();
      else
        FinalizeEmitter(cast<FinalizeOp>(step), *plan).run();
    }
  }
};

} // namespace

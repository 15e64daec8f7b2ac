//===- TileProgram.cpp - The online softmax on tiles ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ringattn;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

TileProgram::TileProgram(ImplicitLocOpBuilder &builder, const TilePlan &plan,
                         Type accumulator, double scale)
    : builder(builder), plan(plan), accumulator(accumulator),
      factor(scale * 1.44269504088896340736) {
  // A factor that is subnormal in the accumulator's type has no precision left.
  double least = accumulator.isF64() ? std::numeric_limits<double>::min()
                                     : std::numeric_limits<float>::min();
  fused = factor >= least;
}

Value TileProgram::constant(ImplicitLocOpBuilder &b, double value) {
  return arith::ConstantOp::create(b, b.getFloatAttr(accumulator, value));
}

Value TileProgram::empty(ArrayRef<int64_t> shape, Type type) {
  return tensor::EmptyOp::create(builder, shape, type);
}

Value TileProgram::filled(ArrayRef<int64_t> shape, double value) {
  return linalg::FillOp::create(builder, constant(builder, value),
                                empty(shape, accumulator))
      .getResult(0);
}

linalg::GenericOp TileProgram::generic(StringRef role, ValueRange inputs,
                                       ArrayRef<unsigned> vectors,
                                       ValueRange outputs, Body body) {
  auto rank = [](Value v) {
    return llvm::cast<ShapedType>(v.getType()).getRank();
  };
  int64_t loops = 1;
  bool reduces = false;
  for (Value v : llvm::concat<const Value>(llvm::to_vector(inputs),
                                           llvm::to_vector(outputs)))
    loops = std::max(loops, rank(v));
  MLIRContext *context = builder.getContext();
  SmallVector<AffineMap> maps;
  for (auto [i, v] : llvm::enumerate(inputs))
    maps.push_back(
        rank(v) == loops
            ? AffineMap::getMultiDimIdentityMap(loops, context)
            : AffineMap::get(loops, 0, getAffineDimExpr(vectors[i], context)));
  for (Value v : outputs) {
    reduces |= rank(v) < loops;
    maps.push_back(AffineMap::getMultiDimIdentityMap(loops, context)
                       .getMajorSubMap(rank(v)));
  }
  SmallVector<utils::IteratorType> iterators(loops,
                                             utils::IteratorType::parallel);
  if (reduces)
    iterators.back() = utils::IteratorType::reduction;
  auto op = linalg::GenericOp::create(
      builder, TypeRange(outputs), inputs, outputs, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, nested);
        linalg::YieldOp::create(b, body(b, args));
      });
  op->setAttr(kRoleAttr, builder.getStringAttr(role));
  return op;
}

Value TileProgram::contract(StringRef role, Value lhs, Value rhs, Value acc,
                            bool transposedRhs) {
  AffineExpr m, n, k;
  bindDims(builder.getContext(), m, n, k);
  auto map = [&](AffineExpr a, AffineExpr b) {
    return AffineMap::get(3, 0, {a, b}, builder.getContext());
  };
  auto maps = builder.getAffineMapArrayAttr(
      {map(m, k), transposedRhs ? map(n, k) : map(k, n), map(m, n)});
  auto op =
      linalg::ContractOp::create(builder, TypeRange(acc.getType()),
                                 ValueRange{lhs, rhs}, ValueRange(acc), maps);
  op->setAttr(kRoleAttr, builder.getStringAttr(role));
  return op->getResult(0);
}

static Value convert(ImplicitLocOpBuilder &b, Value v, Type type) {
  unsigned from = v.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (from < to)
    return arith::ExtFOp::create(b, type, v);
  return from > to ? Value(arith::TruncFOp::create(b, type, v)) : v;
}

Value TileProgram::cast(Value tile, Type type) {
  auto shaped = llvm::cast<ShapedType>(tile.getType());
  if (shaped.getElementType() == type)
    return tile;
  return generic("cast", tile, {0}, empty(shaped.getShape(), type),
                 [&](ImplicitLocOpBuilder &b, ValueRange args) {
                   return SmallVector<Value>{convert(b, args[0], type)};
                 })
      .getResult(0);
}

TileState TileProgram::step(Value query, Value key, Value value,
                            TileState state, ScoreModifier mask) {
  int64_t rows = plan.rows;
  int64_t columns = llvm::cast<ShapedType>(key.getType()).getDimSize(0);

  Value s = contract("scores", query, key, filled({rows, columns}, 0.0),
                     /*transposedRhs=*/true);
  double c = factor;
  if (!fused) {
    s = generic("scale", {}, {}, s,
                [&](ImplicitLocOpBuilder &b, ValueRange args) {
                  return SmallVector<Value>{
                      arith::MulFOp::create(b, args[0], constant(b, c))};
                })
            .getResult(0);
    c = 1.0;
  }
  if (mask)
    s = mask(s);

  // A NaN score need not win: its exponential is NaN whatever the maximum is.
  auto maxFlags = arith::FastMathFlags::nnan | arith::FastMathFlags::nsz;
  Value rowMax = generic("rowmax", s, {0}, filled({rows}, -kInfinity),
                         [&](ImplicitLocOpBuilder &b, ValueRange args) {
                           return SmallVector<Value>{arith::MaxNumFOp::create(
                               b, args[1], args[0], maxFlags)};
                         })
                     .getResult(0);

  // One op, since the old m is needed by all three. Where no key was visible
  // yet, m' is -inf, and 0 is subtracted instead of it: the exponentials are 0
  // and nothing becomes NaN.
  Value alphaInit = empty({rows}, accumulator);
  Value subtrahendInit = empty({rows}, accumulator);
  auto stat = generic(
      "stat", rowMax, {0},
      ValueRange{state.max, state.sum, alphaInit, subtrahendInit},
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Value t = args[0], m = args[1], l = args[2];
        if (c != 1.0)
          t = arith::MulFOp::create(b, t, constant(b, c));
        Value greater =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, t, m);
        Value next = arith::SelectOp::create(b, greater, t, m);
        Value nothing = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                              next, constant(b, -kInfinity));
        Value safe =
            arith::SelectOp::create(b, nothing, constant(b, 0.0), next);
        Value alpha =
            math::Exp2Op::create(b, arith::SubFOp::create(b, m, safe));
        return SmallVector<Value>{next, arith::MulFOp::create(b, l, alpha),
                                  alpha, arith::NegFOp::create(b, safe)};
      });
  Value alpha = stat.getResult(2), subtrahend = stat.getResult(3);

  // P replaces S where it has S's type.
  bool inPlace = plan.pipelined || plan.operand == accumulator;
  auto exponentials = [&](ImplicitLocOpBuilder &b, ValueRange args) {
    Value x = inPlace ? args[1] : args[0];
    Value minus = inPlace ? args[0] : args[1];
    Value z = c != 1.0 ? Value(math::FmaOp::create(b, x, constant(b, c), minus))
                       : Value(arith::AddFOp::create(b, x, minus));
    Value e = math::Exp2Op::create(b, z);
    Value sum =
        arith::AddFOp::create(b, args.back(), e, arith::FastMathFlags::reassoc);
    return SmallVector<Value>{inPlace ? e : convert(b, e, plan.operand), sum};
  };
  auto exp =
      inPlace
          ? generic("exp", subtrahend, {0}, {s, stat.getResult(1)},
                    exponentials)
          : generic("exp", {s, subtrahend}, {0, 0},
                    {empty({rows, columns}, plan.operand), stat.getResult(1)},
                    exponentials);

  Value rescaled = generic("rescale", alpha, {0}, state.output,
                           [&](ImplicitLocOpBuilder &b, ValueRange args) {
                             return SmallVector<Value>{
                                 arith::MulFOp::create(b, args[1], args[0])};
                           })
                       .getResult(0);
  Value p = cast(exp.getResult(0), plan.operand);
  Value output =
      contract("output", p, value, rescaled, /*transposedRhs=*/false);
  return {output, stat.getResult(0), exp.getResult(1)};
}

TileState TileProgram::initialState() {
  return {filled({plan.rows, plan.valueSize}, 0.0),
          filled({plan.rows}, -kInfinity), filled({plan.rows}, 0.0)};
}

Value TileProgram::normalise(Value acc, Value sum, Type storage) {
  Value inverse =
      generic("inverse", sum, {0}, empty({plan.rows}, accumulator),
              [&](ImplicitLocOpBuilder &b, ValueRange args) {
                Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                                   args[0], constant(b, 0.0));
                Value inverse =
                    arith::DivFOp::create(b, constant(b, 1.0), args[0]);
                return SmallVector<Value>{arith::SelectOp::create(
                    b, none, constant(b, 0.0), inverse)};
              })
          .getResult(0);
  auto shape = llvm::cast<ShapedType>(acc.getType()).getShape();
  return generic("normalise", {acc, inverse}, {0, 0}, empty(shape, storage),
                 [&](ImplicitLocOpBuilder &b, ValueRange args) {
                   Value scaled = arith::MulFOp::create(b, args[0], args[1]);
                   return SmallVector<Value>{convert(b, scaled, storage)};
                 })
      .getResult(0);
}

Value TileProgram::logSumExp(Value max, Value sum) {
  return generic("lse", {max, sum}, {0, 0}, empty({plan.rows}, accumulator),
                 [&](ImplicitLocOpBuilder &b, ValueRange args) {
                   Value log = math::Log2Op::create(b, args[1]);
                   Value base2 = arith::AddFOp::create(b, args[0], log);
                   return SmallVector<Value>{arith::MulFOp::create(
                       b, base2, constant(b, 0.69314718055994530942))};
                 })
      .getResult(0);
}

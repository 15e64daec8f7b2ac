//===- IndexMath.h - One formula for integers and for IR --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout and mask formulas are written once, as templates over a number type:
// `int64_t` evaluates them, `IndexValue` emits index arithmetic. Both meanings
// therefore cannot drift apart.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGATTN_IR_INDEXMATH_H
#define RINGATTN_LIB_DIALECT_RINGATTN_IR_INDEXMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace ringattn {

/// An i1 under construction.
struct BoolValue {
  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;

  template <typename OpTy>
  BoolValue make(BoolValue other) const {
    return {builder, loc, builder->createOrFold<OpTy>(loc, value, other.value)};
  }
  BoolValue operator&(BoolValue other) const {
    return make<mlir::arith::AndIOp>(other);
  }
  BoolValue operator|(BoolValue other) const {
    return make<mlir::arith::OrIOp>(other);
  }
};

/// An index (or integer) under construction.
struct IndexValue {
  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;

  IndexValue with(mlir::Value v) const { return {builder, loc, v}; }
  IndexValue constant(int64_t c) const {
    return with(mlir::arith::ConstantOp::create(
        *builder, loc, builder->getIntegerAttr(value.getType(), c)));
  }
  template <typename OpTy>
  IndexValue make(IndexValue other) const {
    return with(builder->createOrFold<OpTy>(loc, value, other.value));
  }
  BoolValue compare(mlir::arith::CmpIPredicate p, IndexValue other) const {
    return {
        builder, loc,
        builder->createOrFold<mlir::arith::CmpIOp>(loc, p, value, other.value)};
  }

  IndexValue operator+(IndexValue o) const {
    return make<mlir::arith::AddIOp>(o);
  }
  IndexValue operator-(IndexValue o) const {
    return make<mlir::arith::SubIOp>(o);
  }
  IndexValue operator*(IndexValue o) const {
    return make<mlir::arith::MulIOp>(o);
  }
  // Operands of divisions are never negative.
  IndexValue operator/(IndexValue o) const {
    return make<mlir::arith::DivUIOp>(o);
  }
  IndexValue operator%(IndexValue o) const {
    return make<mlir::arith::RemUIOp>(o);
  }
  BoolValue operator<(IndexValue o) const {
    return compare(mlir::arith::CmpIPredicate::slt, o);
  }
  BoolValue operator>(IndexValue o) const {
    return compare(mlir::arith::CmpIPredicate::sgt, o);
  }
  BoolValue operator<=(IndexValue o) const {
    return compare(mlir::arith::CmpIPredicate::sle, o);
  }
  BoolValue operator>=(IndexValue o) const {
    return compare(mlir::arith::CmpIPredicate::sge, o);
  }
  BoolValue operator==(IndexValue o) const {
    return compare(mlir::arith::CmpIPredicate::eq, o);
  }
};

/// `c` as a number of `like`'s kind.
inline int64_t constant(int64_t, int64_t c) { return c; }
inline IndexValue constant(IndexValue like, int64_t c) {
  return like.constant(c);
}

inline int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t maximum(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t select(bool c, int64_t a, int64_t b) { return c ? a : b; }
inline IndexValue minimum(IndexValue a, IndexValue b) {
  return a.make<mlir::arith::MinSIOp>(b);
}
inline IndexValue maximum(IndexValue a, IndexValue b) {
  return a.make<mlir::arith::MaxSIOp>(b);
}
inline IndexValue select(BoolValue c, IndexValue a, IndexValue b) {
  return a.with(a.builder->createOrFold<mlir::arith::SelectOp>(
      a.loc, c.value, a.value, b.value));
}

template <typename I>
I ceilDiv(I a, I b) {
  return (a + b - constant(a, 1)) / b;
}
template <typename I>
I clamp(I x, I low, I high) {
  return minimum(maximum(x, low), high);
}

} // namespace ringattn

#endif // RINGATTN_LIB_DIALECT_RINGATTN_IR_INDEXMATH_H

//===- Math.cpp - Approximations and conversions --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTranslator.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

namespace {
/// Arithmetic on an f32 or on a vector of f32.
class Numbers {
public:
  Numbers(OpBuilder &b, Location loc, Type f32)
      : b(b), loc(loc), f32(f32), i32(with(b.getI32Type())) {}

  Type with(Type element) {
    auto vector = dyn_cast<VectorType>(f32);
    return vector ? vector.clone(element) : element;
  }
  Value real(double value) { return constant(f32, b.getF32FloatAttr(value)); }
  Value bits(int64_t value) {
    return constant(i32, b.getI32IntegerAttr(int32_t(value)));
  }
  Value toBits(Value value) {
    return LLVM::BitcastOp::create(b, loc, i32, value);
  }
  Value select(Value condition, Value yes, Value no) {
    return LLVM::SelectOp::create(b, loc, condition, yes, no);
  }
  Value isNaN(Value value) {
    return LLVM::FCmpOp::create(b, loc, LLVM::FCmpPredicate::uno, value, value);
  }
  /// With subnormal numbers as zeros of their sign.
  Value flush(Value value) {
    Value magnitude = LLVM::FAbsOp::create(b, loc, value);
    Value tiny = LLVM::FCmpOp::create(b, loc, LLVM::FCmpPredicate::olt,
                                      magnitude, real(0x1p-126));
    Value zero = LLVM::CopySignOp::create(b, loc, real(0), value);
    return select(tiny, zero, value);
  }
  /// The bits of a bf16: to nearest, ties to even; NaNs stay quiet NaNs.
  Value toBF16(Value value) {
    Value x = toBits(value), c16 = bits(16);
    Value high = LLVM::LShrOp::create(b, loc, x, c16);
    Value odd = LLVM::AndOp::create(b, loc, high, bits(1));
    Value half = LLVM::AddOp::create(b, loc, odd, bits(0x7fff));
    Value rounded =
        LLVM::LShrOp::create(b, loc, LLVM::AddOp::create(b, loc, x, half), c16);
    Value quiet = LLVM::OrOp::create(b, loc, high, bits(0x40));
    return LLVM::TruncOp::create(b, loc, with(b.getI16Type()),
                                 select(isNaN(value), quiet, rounded));
  }
  /// Of the bits of a bf16.
  Value fromBF16(Value value) {
    Value wide = LLVM::ZExtOp::create(b, loc, i32, value);
    Value shifted = LLVM::ShlOp::create(b, loc, wide, bits(16));
    return LLVM::BitcastOp::create(b, loc, f32, shifted);
  }
  /// To nearest, ties away from zero, with 10 bits of mantissa.
  Value toTF32(Value value) {
    Value sum = LLVM::AddOp::create(b, loc, toBits(value), bits(0x1000));
    Value kept = LLVM::AndOp::create(b, loc, sum, bits(~0x1fff));
    Value rounded = LLVM::BitcastOp::create(b, loc, f32, kept);
    return select(isNaN(value), value, rounded);
  }

private:
  Value constant(Type type, TypedAttr value) {
    if (auto vector = dyn_cast<VectorType>(type))
      value = SplatElementsAttr::get(vector, value);
    return LLVM::ConstantOp::create(b, loc, type, value);
  }

  OpBuilder &b;
  Location loc;
  Type f32, i32;
};
} // namespace

bool KernelTranslator::translateMath(Operation *op) {
  if (op->getNumOperands() != 1 || op->getNumResults() != 1)
    return false;
  Value input = op->getOperand(0);
  // What made the bf16 may be translated already.
  Type from = getElementTypeOrSelf(input.getType());
  if (isa<LLVM::FPExtOp>(op) && (from.isBF16() || from.isInteger(16))) {
    Type f32 = op->getResult(0).getType();
    replace(op, Numbers(b, loc, f32).fromBF16(input));
    return true;
  }
  if (!from.isF32())
    return false;
  Numbers n(b, loc, input.getType());
  if (isa<ringptx::Ex2Op>(op)) {
    replace(op, n.flush(LLVM::Exp2Op::create(b, loc, n.flush(input))));
  } else if (isa<ringptx::Lg2Op>(op)) {
    // Of the zero that a negative subnormal number is, too.
    replace(op, n.flush(LLVM::Log2Op::create(b, loc, n.flush(input))));
  } else if (isa<ringptx::RcpOp, NVVM::RcpApproxFtzF32Op>(op)) {
    Value inverse = LLVM::FDivOp::create(b, loc, n.real(1), n.flush(input));
    replace(op, n.flush(inverse));
  } else if (isa<ringptx::ToTF32Op>(op)) {
    replace(op, n.toTF32(input));
  } else if (isa<LLVM::FPTruncOp>(op) &&
             getElementTypeOrSelf(op->getResult(0).getType()).isBF16()) {
    replace(op, n.toBF16(input));
  } else {
    return false;
  }
  return true;
}

//===- ExpandMath.cpp - exp2 and conversions --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/CPUPlan.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ringattn {
#define GEN_PASS_DEF_EXPANDCPUMATHPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Builds elementwise expressions on a scalar or vector type.
class Elementwise {
public:
  Elementwise(Location loc, OpBuilder &builder) : b(loc, builder) {}

  /// `like` with another element type.
  static Type with(Type like, Type element) {
    if (auto vector = dyn_cast<VectorType>(like))
      return VectorType::get(vector.getShape(), element,
                             vector.getScalableDims());
    return element;
  }
  Value constant(Type type, TypedAttr value) {
    if (auto vector = dyn_cast<VectorType>(type))
      value = DenseElementsAttr::get(vector, Attribute(value));
    return arith::ConstantOp::create(b, value);
  }
  Value real(Type type, double value) {
    return constant(type, b.getFloatAttr(getElementTypeOrSelf(type), value));
  }
  Value integer(Type type, int64_t value) {
    return constant(type, b.getIntegerAttr(getElementTypeOrSelf(type), value));
  }

  ImplicitLocOpBuilder b;
};

/// a * x + c with or without an instruction for it.
Value multiplyAdd(ImplicitLocOpBuilder &b, bool fma, Value a, Value x,
                  Value c) {
  if (fma)
    return math::FmaOp::create(b, a, x, c);
  return arith::AddFOp::create(b, arith::MulFOp::create(b, a, x), c);
}

/// vreduceps, polynomial, vscalefps. Both instructions handle infinities and
/// NaN, which a difference to the rounded argument would not.
struct Exp2ToAVX512 : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || !type.getElementType().isF32() || type.getNumElements() != 16)
      return failure();
    Elementwise e(op.getLoc(), rewriter);
    auto line = VectorType::get(16, rewriter.getF32Type());
    Value x = op.getOperand();
    if (type != line)
      x = vector::ShapeCastOp::create(e.b, line, x);
    Value all = arith::ConstantOp::create(e.b, e.b.getI16IntegerAttr(-1));
    Value current = arith::ConstantOp::create(e.b, e.b.getI32IntegerAttr(4));
    auto call = [&](StringRef name, ValueRange args) {
      return LLVM::CallIntrinsicOp::create(e.b, line, e.b.getStringAttr(name),
                                           args)
          ->getResult(0);
    };
    // x - floor(x), without raising exceptions.
    Value toFloor = arith::ConstantOp::create(e.b, e.b.getI32IntegerAttr(9));
    Value f = call("llvm.x86.avx512.mask.reduce.ps.512",
                   {x, toFloor, x, all, current});
    // Minimax of 2^f on [0, 1), relative error 7.5e-8.
    static constexpr double kCoefficients[] = {0.999999925, 0.693153073,
                                               0.240153617, 0.055826318,
                                               0.008989340, 0.001877577};
    Value p = e.real(line, kCoefficients[5]);
    for (int i = 4; i >= 0; --i)
      p = math::FmaOp::create(e.b, p, f, e.real(line, kCoefficients[i]));
    Value result =
        call("llvm.x86.avx512.mask.scalef.ps.512", {p, x, p, all, current});
    if (type != line)
      result = vector::ShapeCastOp::create(e.b, type, result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// 2^n * 2^r for x = n + r, |r| <= 1/2. Adding 1.5 * 2^(mantissa bits) rounds x
/// to n and leaves n in the low bits of the sum.
struct Exp2ToArith : OpRewritePattern<math::Exp2Op> {
  Exp2ToArith(MLIRContext *context, bool fma)
      : OpRewritePattern(context), fma(fma) {}

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isF64())
      return failure();
    bool isDouble = element.isF64();
    int mantissa = isDouble ? 52 : 23, bias = isDouble ? 1023 : 127;
    int degree = isDouble ? 13 : 6;
    Elementwise e(op.getLoc(), rewriter);
    Type bits =
        Elementwise::with(type, rewriter.getIntegerType(isDouble ? 64 : 32));

    Value x = op.getOperand();
    Value magic = e.real(type, 1.5 * double(int64_t(1) << mantissa));
    Value sum = arith::AddFOp::create(e.b, x, magic);
    Value n = arith::SubFOp::create(e.b, sum, magic);
    Value r = arith::SubFOp::create(e.b, x, n);
    // Taylor's series: ln(2)^k / k!.
    double coefficients[14] = {1.0};
    for (int k = 1; k <= degree; ++k)
      coefficients[k] = coefficients[k - 1] * 0.69314718055994530942 / k;
    Value p = e.real(type, coefficients[degree]);
    for (int k = degree - 1; k >= 0; --k)
      p = multiplyAdd(e.b, fma, p, r, e.real(type, coefficients[k]));
    Value exponent = arith::AddIOp::create(
        e.b, arith::BitcastOp::create(e.b, bits, sum), e.integer(bits, bias));
    Value power = arith::BitcastOp::create(
        e.b, type,
        arith::ShLIOp::create(e.b, exponent, e.integer(bits, mantissa)));
    // A product keeps NaN, which integer addition to the exponent would not.
    Value product = arith::MulFOp::create(e.b, p, power);
    Value underflows = arith::CmpFOp::create(e.b, arith::CmpFPredicate::OLT, x,
                                             e.real(type, double(1 - bias)));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, underflows,
                                                 e.real(type, 0.0), product);
    return success();
  }

  bool fma;
};

struct FmaToMulAdd : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(
        op, multiplyAdd(b, /*fma=*/false, op.getA(), op.getB(), op.getC()));
    return success();
  }
};

/// f16 -> f32: shift exponent and mantissa into place and rescale by a product,
/// which also normalises subnormals; infinity and NaN need all exponent bits.
struct ExtF16 : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getIn()).isF16() ||
        !getElementTypeOrSelf(op.getOut()).isF32())
      return failure();
    Elementwise e(op.getLoc(), rewriter);
    Type f32 = op.getOut().getType();
    Type i16 = Elementwise::with(f32, rewriter.getI16Type());
    Type i32 = Elementwise::with(f32, rewriter.getI32Type());
    Value h = arith::ExtUIOp::create(
        e.b, i32, arith::BitcastOp::create(e.b, i16, op.getIn()));
    Value magnitude = arith::AndIOp::create(e.b, h, e.integer(i32, 0x7fff));
    Value shifted = arith::ShLIOp::create(e.b, magnitude, e.integer(i32, 13));
    Value scaled = arith::MulFOp::create(
        e.b, arith::BitcastOp::create(e.b, f32, shifted), e.real(f32, 0x1p112));
    Value special = arith::CmpIOp::create(e.b, arith::CmpIPredicate::uge,
                                          magnitude, e.integer(i32, 0x7c00));
    Value unbounded =
        arith::OrIOp::create(e.b, shifted, e.integer(i32, 0x7f800000));
    Value value = arith::SelectOp::create(
        e.b, special, unbounded, arith::BitcastOp::create(e.b, i32, scaled));
    Value sign = arith::ShLIOp::create(
        e.b, arith::AndIOp::create(e.b, h, e.integer(i32, 0x8000)),
        e.integer(i32, 16));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(
        op, f32, arith::OrIOp::create(e.b, value, sign));
    return success();
  }
};

/// f32 -> f16, to nearest even. Subnormal results are rounded by adding 0.5,
/// whose last place is f16's least subnormal.
struct TruncF16 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getIn()).isF32() ||
        !getElementTypeOrSelf(op.getOut()).isF16())
      return failure();
    Elementwise e(op.getLoc(), rewriter);
    Type f32 = op.getIn().getType(), f16 = op.getOut().getType();
    Type i32 = Elementwise::with(f32, rewriter.getI32Type());
    Type i16 = Elementwise::with(f32, rewriter.getI16Type());
    auto c = [&](int64_t v) { return e.integer(i32, v); };
    auto below = [&](Value v, int64_t limit) {
      return arith::CmpIOp::create(e.b, arith::CmpIPredicate::ult, v, c(limit));
    };
    Value bits = arith::BitcastOp::create(e.b, i32, op.getIn());
    Value magnitude = arith::AndIOp::create(e.b, bits, c(0x7fffffff));
    Value sign = arith::ShRUIOp::create(
        e.b, arith::AndIOp::create(e.b, bits, c(0x80000000)), c(16));

    Value odd = arith::AndIOp::create(
        e.b, arith::ShRUIOp::create(e.b, magnitude, c(13)), c(1));
    // Rebias the exponent by 127 - 15 and round; a carry reaches infinity.
    Value rounded = arith::AddIOp::create(
        e.b, arith::AddIOp::create(e.b, magnitude, c(0xfff - (112ll << 23))),
        odd);
    Value normal = arith::ShRUIOp::create(e.b, rounded, c(13));
    Value half = e.real(f32, 0.5);
    Value small = arith::SubIOp::create(
        e.b,
        arith::BitcastOp::create(
            e.b, i32,
            arith::AddFOp::create(
                e.b, arith::BitcastOp::create(e.b, f32, magnitude), half)),
        c(0x3f000000));
    Value result = arith::SelectOp::create(e.b, below(magnitude, 113ll << 23),
                                           small, normal);
    Value isNaN = arith::CmpIOp::create(e.b, arith::CmpIPredicate::ugt,
                                        magnitude, c(0x7f800000));
    Value special = arith::SelectOp::create(e.b, isNaN, c(0x7e00), c(0x7c00));
    result = arith::SelectOp::create(e.b, below(magnitude, 0x47800000), result,
                                     special);
    result = arith::TruncIOp::create(e.b, i16,
                                     arith::OrIOp::create(e.b, result, sign));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, f16, result);
    return success();
  }
};

struct ExpandCPUMathPass
    : ringattn::impl::ExpandCPUMathPassBase<ExpandCPUMathPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    FailureOr<CPUPlan> plan = CPUPlan::get(kernel);
    if (failed(plan))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    patterns.add<Exp2ToArith>(&getContext(), plan->fma);
    if (plan->avx512Exp2)
      patterns.add<Exp2ToAVX512>(&getContext(), /*benefit=*/2);
    if (!plan->fma)
      patterns.add<FmaToMulAdd>(&getContext());
    if (!plan->f16Convert)
      patterns.add<ExtF16, TruncF16>(&getContext());
    if (!plan->bf16Convert)
      arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(kernel, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

//===- ExpandMath.cpp - exp2 and fma ----------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"

#include "ringattn/Codegen/CPU/CPUPlan.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
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
    if (failed(applyPatternsGreedily(kernel, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

//===- LegalizeNarrowFloats.cpp - f16 and bf16 without a library ----------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Elementwise.h"

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Support/CPUDescription.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ringattn {
#define GEN_PASS_DEF_LEGALIZENARROWFLOATSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

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

/// f32 -> bf16, to nearest even; a NaN becomes quiet. Upstream's expansion
/// selects a constant for NaN, which LLVM turns into a select of bf16: that
/// rounds anew, by a function of the support library.
struct TruncBF16 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getIn()).isF32() ||
        !getElementTypeOrSelf(op.getOut()).isBF16())
      return failure();
    Elementwise e(op.getLoc(), rewriter);
    Type i32 = Elementwise::with(op.getIn().getType(), rewriter.getI32Type());
    Type i16 = Elementwise::with(op.getIn().getType(), rewriter.getI16Type());
    auto c = [&](int64_t v) { return e.integer(i32, v); };
    Value bits = arith::BitcastOp::create(e.b, i32, op.getIn());
    Value odd = arith::AndIOp::create(
        e.b, arith::ShRUIOp::create(e.b, bits, c(16)), c(1));
    Value rounded = arith::AddIOp::create(
        e.b, arith::AddIOp::create(e.b, bits, c(0x7fff)), odd);
    Value quiet = arith::OrIOp::create(e.b, bits, c(0x400000));
    Value isNaN = arith::CmpIOp::create(
        e.b, arith::CmpIPredicate::ugt,
        arith::AndIOp::create(e.b, bits, c(0x7fffffff)), c(0x7f800000));
    Value result = arith::SelectOp::create(e.b, isNaN, quiet, rounded);
    result = arith::TruncIOp::create(
        e.b, i16, arith::ShRUIOp::create(e.b, result, c(16)));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), result);
    return success();
  }
};

/// f64 -> f16 or bf16 by way of f32, which must not round to nearest as well:
/// it is cut off, with its last bit set where anything was lost (rounding to
/// odd; S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums:
/// proved algorithms using rounding to odd", 2008).
struct TruncF64 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getIn()).isF64() ||
        getElementTypeOrSelf(op.getOut()).isF32())
      return failure();
    Elementwise e(op.getLoc(), rewriter);
    Value wide = op.getIn();
    Type f64 = wide.getType();
    Type f32 = Elementwise::with(f64, rewriter.getF32Type());
    Type i32 = Elementwise::with(f64, rewriter.getI32Type());
    Value near = arith::TruncFOp::create(e.b, f32, wide);
    Value back = arith::ExtFOp::create(e.b, f64, near);
    auto compare = [&](arith::CmpFPredicate predicate, Value a, Value b) {
      return arith::CmpFOp::create(e.b, predicate, a, b);
    };
    Value grew =
        compare(arith::CmpFPredicate::OGT, math::AbsFOp::create(e.b, back),
                math::AbsFOp::create(e.b, wide));
    Value inexact = compare(arith::CmpFPredicate::ONE, back, wide);
    Value bits = arith::BitcastOp::create(e.b, i32, near);
    bits = arith::SubIOp::create(e.b, bits,
                                 arith::ExtUIOp::create(e.b, i32, grew));
    bits = arith::OrIOp::create(e.b, bits,
                                arith::ExtUIOp::create(e.b, i32, inexact));
    Value odd = arith::BitcastOp::create(e.b, f32, bits);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), odd);
    return success();
  }
};

/// f16 or bf16 -> f64 by way of f32.
struct ExtToF64 : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getOut()).isF64() ||
        getElementTypeOrSelf(op.getIn()).isF32())
      return failure();
    Type f32 = Elementwise::with(op.getIn().getType(), rewriter.getF32Type());
    Value single =
        arith::ExtFOp::create(rewriter, op.getLoc(), f32, op.getIn());
    rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), single);
    return success();
  }
};

/// Calls `body` with the offset and length of the powers of two that make up
/// `count` lanes. None has a single lane: the last one overlaps instead.
void forPieces(int64_t count, llvm::function_ref<void(int64_t, int64_t)> body) {
  for (int64_t left = count; left > 0;) {
    int64_t length = std::max<int64_t>(2, llvm::bit_floor<uint64_t>(left));
    body(count - std::max(left, length), length);
    left -= length;
  }
}

/// Whether memory is accessed as a vector of this type: where a single lane is
/// left over, LLVM has no code for all CPUs.
bool isOneAccess(VectorType type) {
  return !isa<Float16Type, BFloat16Type>(type.getElementType()) ||
         type.getRank() != 1 || llvm::isPowerOf2_64(type.getDimSize(0));
}

/// The type that lanes are put together and taken apart in: LLVM rounds anew
/// what it shuffles in f16 or bf16, where the CPU has no such type.
VectorType asIntegers(VectorType type) {
  return type.clone(IntegerType::get(type.getContext(), 16));
}

SmallVector<Value> moveBy(ImplicitLocOpBuilder &b, ValueRange indices,
                          int64_t offset) {
  SmallVector<Value> moved(indices);
  if (offset > 0)
    moved.back() = b.createOrFold<arith::AddIOp>(
        moved.back(), arith::ConstantIndexOp::create(b, offset));
  return moved;
}

/// Reads as many lanes at a time as a power of two has.
struct SplitLoad : OpRewritePattern<vector::LoadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::LoadOp op,
                                PatternRewriter &rewriter) const override {
    VectorType type = op.getVectorType();
    if (isOneAccess(type))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value all = arith::ConstantOp::create(b, b.getZeroAttr(asIntegers(type)));
    forPieces(type.getDimSize(0), [&](int64_t at, int64_t length) {
      auto piece = VectorType::get(length, type.getElementType());
      Value lanes = vector::LoadOp::create(b, piece, op.getBase(),
                                           moveBy(b, op.getIndices(), at));
      all = vector::InsertStridedSliceOp::create(
          b, arith::BitcastOp::create(b, asIntegers(piece), lanes), all,
          ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
    });
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, type, all);
    return success();
  }
};

/// The same for writing.
struct SplitStore : OpRewritePattern<vector::StoreOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::StoreOp op,
                                PatternRewriter &rewriter) const override {
    VectorType type = op.getVectorType();
    if (isOneAccess(type))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value all =
        arith::BitcastOp::create(b, asIntegers(type), op.getValueToStore());
    forPieces(type.getDimSize(0), [&](int64_t at, int64_t length) {
      Value lanes = vector::ExtractStridedSliceOp::create(
          b, all, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{length},
          ArrayRef<int64_t>{1});
      auto piece = VectorType::get(length, type.getElementType());
      vector::StoreOp::create(b, arith::BitcastOp::create(b, piece, lanes),
                              op.getBase(), moveBy(b, op.getIndices(), at));
    });
    rewriter.eraseOp(op);
    return success();
  }
};

struct LegalizeNarrowFloatsPass
    : ringattn::impl::LegalizeNarrowFloatsPassBase<LegalizeNarrowFloatsPass> {
  using Base::Base;

  LogicalResult initializeOptions(
      StringRef text,
      function_ref<LogicalResult(const Twine &)> errorHandler) override {
    if (failed(Base::initializeOptions(text, errorHandler)))
      return failure();
    llvm::Error error = describeCPU(targetCpu, targetFeatures).takeError();
    return error ? errorHandler(llvm::toString(std::move(error))) : success();
  }

  LogicalResult initialize(MLIRContext *context) override {
    llvm::Expected<CPUDescription> described =
        describeCPU(targetCpu, targetFeatures);
    if (!described)
      return emitError(UnknownLoc::get(context))
             << llvm::toString(described.takeError());
    cpu = std::move(*described);
    return success();
  }

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // Kernels compute with their accumulators' type throughout.
    if (!function->hasAttr(kKernelAttr) && failed(widen(function)))
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    patterns.add<ExtToF64, TruncF64>(&getContext(), /*benefit=*/2);
    patterns.add<SplitLoad, SplitStore>(&getContext());
    vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
    if (!cpu.has("f16c") && !cpu.has("avx512f"))
      patterns.add<ExtF16, TruncF16>(&getContext());
    if (!cpu.has("avx512bf16") || !cpu.has("avx512vl")) {
      arith::populateExpandBFloat16Patterns(patterns);
      patterns.add<TruncBF16>(&getContext(), /*benefit=*/2);
    }
    if (failed(applyPatternsGreedily(function, std::move(patterns))))
      signalPassFailure();
  }

private:
  /// Computes in f32 what is to be computed in f16 and bf16.
  LogicalResult widen(func::FuncOp function) {
    Builder b(&getContext());
    Type narrow[] = {b.getF16Type(), b.getBF16Type()};
    TypeConverter arithTypes, mathTypes;
    arith::populateEmulateUnsupportedFloatsConversions(arithTypes, narrow,
                                                       b.getF32Type());
    SetVector<Type> supported;
    supported.insert_range(ArrayRef<Type>{b.getF32Type(), b.getF64Type()});
    math::populateExtendToSupportedTypesTypeConverter(mathTypes, supported,
                                                      b.getF32Type());
    RewritePatternSet patterns(&getContext());
    arith::populateEmulateUnsupportedFloatsPatterns(patterns, arithTypes);
    math::populateExtendToSupportedTypesPatterns(patterns, mathTypes);
    ConversionTarget target(getContext());
    arith::populateEmulateUnsupportedFloatsLegality(target, arithTypes);
    math::populateExtendToSupportedTypesConversionTarget(target, mathTypes);
    return applyPartialConversion(function, target, std::move(patterns));
  }

  CPUDescription cpu;
};

} // namespace

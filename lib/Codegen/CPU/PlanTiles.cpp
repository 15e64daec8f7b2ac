//===- PlanTiles.cpp - Tile sizes for x86-64 --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/CPUPlan.h"
#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Support/CPUDescription.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "llvm/Support/MathExtras.h"

namespace ringattn {
#define GEN_PASS_DEF_PLANCPUTILESPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Queries and keys of a tile in large problems: a tile of scores stays within
/// the L1 cache, K and V panels within L2, and both 4 and 6 register rows
/// divide.
static constexpr int64_t kRows = 48, kColumns = 128, kMaskedColumns = 64;
/// Bytes that the tiles of one task may take on the stack.
static constexpr int64_t kTileBytes = 384 * 1024;

namespace {

/// Intel's cores issue one bf16 dot product where they issue four f32
/// multiply-adds (of half the work): converting while packing is 1.5 times as
/// fast there. AMD's issue both at one rate.
bool hasFastBF16Dot(const CPUDescription &cpu) {
  return cpu.has("avx512bf16") && StringRef(cpu.name).starts_with("znver");
}

/// Static sizes of a kernel's problem; kDynamic where unknown.
struct Problem {
  Type storage, accumulator;
  int64_t rows = ShapedType::kDynamic, keys = ShapedType::kDynamic;
  int64_t headSize = 1, valueSize = 1;
};

/// The widths of one CPU.
struct Machine {
  int64_t vectorBytes;
  /// Vectors in a panel, best first, and rows that fill the registers with it.
  SmallVector<std::pair<int64_t, int64_t>> shapes;
};

/// A row of Q and one of O are on the stack of the task that computes them.
constexpr int64_t kMaxHeadSize = 16384;

class Planner {
public:
  explicit Planner(const CPUDescription &features) {
    if (features.has("avx512f") && features.has("avx512dq") &&
        features.has("avx512bw") && features.has("avx512vl")) {
      machine = {64, {{4, 6}, {3, 8}, {5, 4}, {2, 12}, {1, 16}}};
      cpu.avx512Exp2 = true;
      bf16Dot = hasFastBF16Dot(features);
    } else if (features.has("avx2") && features.has("fma")) {
      machine = {32, {{2, 6}, {3, 4}, {1, 8}}};
    } else {
      machine = {16, {{2, 4}, {1, 8}}};
    }
    cpu.fma = features.has("fma") || features.has("avx512f");
  }

  void plan(const Problem &problem) {
    bool dot = bf16Dot && problem.storage.isBF16();
    tiles.operand = dot ? problem.storage : problem.accumulator;
    cpu.pair = dot ? 2 : 1;
    int64_t bytes = problem.accumulator.getIntOrFloatBitWidth() / 8;
    cpu.lanes = machine.vectorBytes / bytes;
    tiles.headSize = llvm::alignTo(problem.headSize, cpu.pair);

    // Large enough to amortise a K/V tile, small enough for the problem.
    tiles.rows = kRows;
    if (!ShapedType::isDynamic(problem.rows)) {
      int64_t rows = std::max<int64_t>(1, problem.rows);
      if (rows <= 64)
        tiles.rows = llvm::PowerOf2Ceil(rows);
    }
    int64_t keys = ShapedType::isDynamic(problem.keys)
                       ? kColumns
                       : std::max<int64_t>(1, problem.keys);
    auto [keyVectors, keyRows] =
        blockFor(std::min<int64_t>(4, llvm::divideCeil(keys, cpu.lanes)));
    cpu.panel = keyVectors * cpu.lanes;
    tiles.maskedColumns =
        llvm::alignTo(std::min(keys, kMaskedColumns), cpu.panel);
    tiles.columns =
        llvm::alignTo(std::min(keys, kColumns), tiles.maskedColumns);

    auto [valueVectors, valueRows] =
        blockFor(llvm::divideCeil(problem.valueSize, cpu.lanes));
    cpu.valuePanel = valueVectors * cpu.lanes;
    tiles.valueSize = llvm::alignTo(problem.valueSize, cpu.valuePanel);

    while (taskBytes(bytes) > kTileBytes && tiles.rows > 1)
      tiles.rows = llvm::divideCeil(tiles.rows, 2);
    cpu.registerRows = divisorUpTo(keyRows);
    cpu.valueRegisterRows = divisorUpTo(valueRows);
    cpu.rowChunk = tiles.columns;
  }

  TilePlan tiles;
  CPUPlan cpu;

private:
  /// The block whose panels hold `vectors` with the least padding.
  std::pair<int64_t, int64_t> blockFor(int64_t vectors) const {
    std::pair<int64_t, int64_t> best = machine.shapes.front();
    int64_t least = std::numeric_limits<int64_t>::max();
    for (auto shape : machine.shapes) {
      // Single vectors load as much as they multiply.
      if (shape.first == 1 && vectors > 1)
        continue;
      int64_t padded = llvm::alignTo(vectors, shape.first);
      if (padded < least) {
        least = padded;
        best = shape;
      }
    }
    return best;
  }
  int64_t divisorUpTo(int64_t limit) const {
    int64_t divisor = std::min(limit, tiles.rows);
    while (tiles.rows % divisor != 0)
      --divisor;
    return divisor;
  }
  int64_t taskBytes(int64_t bytes) const {
    return tiles.rows * bytes *
           (2 * tiles.columns + tiles.headSize * 2 + tiles.valueSize * 2);
  }

  Machine machine;
  bool bf16Dot = false;
};

std::optional<Problem> describe(func::FuncOp kernel) {
  std::optional<Problem> problem;
  kernel.walk([&](Operation *op) {
    auto type = [](Value v) { return cast<MemRefType>(v.getType()); };
    if (auto attention = dyn_cast<OnlineAttentionOp>(op)) {
      MemRefType q = type(attention.getQuery()), k = type(attention.getKey()),
                 o = type(attention.getAcc());
      problem =
          Problem{q.getElementType(), o.getElementType(), q.getDimSize(2),
                  k.getDimSize(2),    q.getDimSize(3),    o.getDimSize(3)};
    } else if (auto finalize = dyn_cast<FinalizeOp>(op)) {
      MemRefType o = type(finalize.getAcc());
      problem =
          Problem{o.getElementType(), o.getElementType(), o.getDimSize(2), 1, 1,
                  o.getDimSize(3)};
    }
  });
  return problem;
}

struct PlanCPUTilesPass
    : ringattn::impl::PlanCPUTilesPassBase<PlanCPUTilesPass> {
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
    features = std::move(*described);
    return success();
  }

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    std::optional<Problem> problem = describe(kernel);
    if (!problem)
      return;
    for (auto [what, size] :
         {std::pair<StringRef, int64_t>{"head size", problem->headSize},
          {"value head size", problem->valueSize}})
      if (size > kMaxHeadSize) {
        kernel.emitError() << what << " is " << size << ", expected at most "
                           << kMaxHeadSize << " on CPUs";
        return signalPassFailure();
      }
    Planner planner(features);
    planner.plan(*problem);
    if (!kernel->hasAttr(kTilesAttr))
      kernel->setAttr(kTilesAttr, planner.tiles.toAttr());
    if (!kernel->hasAttr(kCPUAttr))
      kernel->setAttr(kCPUAttr, planner.cpu.toAttr(&getContext()));
  }

  CPUDescription features;
};

} // namespace

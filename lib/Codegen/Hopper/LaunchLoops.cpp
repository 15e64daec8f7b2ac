//===- LaunchLoops.cpp - Ops around attention as kernels ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceFunctions.h"
#include "ringattn/Codegen/Hopper/Passes.h"
#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

namespace ringattn {
#define GEN_PASS_DEF_LAUNCHLOOPSPASS
#include "ringattn/Codegen/Hopper/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

static constexpr int64_t kThreads = 256;

namespace {

/// Makes a kernel of one op on memrefs and launches it in the op's place: a
/// thread computes one point of the parallel loops.
class LoopLauncher {
public:
  LoopLauncher(linalg::LinalgOp op, gpu::GPUModuleOp kernels, StringRef name)
      : op(op), kernels(kernels), name(name), host(op.getLoc(), op),
        device(op.getLoc(), op.getContext()) {}

  LogicalResult run();

private:
  /// The parallel loops whose points are the threads of the blocks in x, and
  /// the blocks in y and z.
  struct BlockDims {
    ArrayRef<unsigned> x, y, z;
  };
  BlockDims getBlockDims() const;

  LogicalResult verify();
  /// A value of the host as a parameter of the kernel; constants need none.
  void pass(Value value);
  void passMemRef(OpOperand &operand);
  /// The indices of the loops, of which those of reductions are still open.
  SmallVector<Value> emitIndices(ArrayRef<Value> sizes);
  void emitPoint(ValueRange indices);
  Value emitAddress(OpOperand &operand, ValueRange indices);
  FailureOr<SmallVector<Value>> emitGrid(ArrayRef<Value> sizes);

  Value deviceIndex(int64_t value) {
    return arith::ConstantIndexOp::create(device, value);
  }

  linalg::LinalgOp op;
  gpu::GPUModuleOp kernels;
  std::string name;
  ImplicitLocOpBuilder host, device;
  SmallVector<unsigned> parallel;
  /// Arguments of the launch and what they are in the kernel.
  SmallVector<Value> arguments;
  IRMapping mapping;
  LLVM::LLVMFuncOp kernel;
  /// Pointer and strides of each memref, in the kernel.
  DenseMap<OpOperand *, std::pair<Value, SmallVector<Value>>> memrefs;
};

} // namespace

LoopLauncher::BlockDims LoopLauncher::getBlockDims() const {
  ArrayRef<unsigned> dims = parallel;
  ArrayRef<unsigned> x = dims.take_back(2);
  dims = dims.drop_back(x.size());
  ArrayRef<unsigned> y = dims.take_back(1);
  return {x, y, dims.drop_back(y.size())};
}

LogicalResult LoopLauncher::verify() {
  for (Operation &inner : op.getBlock()->without_terminator())
    if (!isa<arith::ArithDialect, linalg::LinalgDialect>(inner.getDialect()))
      return inner.emitError()
             << "'" << inner.getName()
             << "' around attention has no code for GPUs, expected ops of "
                "arith, or the program split around it";
  for (Value operand : op->getOperands())
    if (auto constant = operand.getDefiningOp<memref::GetGlobalOp>())
      return constant.emitError()
             << "constant of the program is not in the memory of a GPU, "
                "expected a splat, or an argument";
  return success();
}

void LoopLauncher::pass(Value value) {
  if (mapping.contains(value))
    return;
  if (Operation *constant = value.getDefiningOp();
      constant && matchPattern(constant, m_Constant())) {
    mapping.map(value, device.clone(*constant)->getResult(0));
    return;
  }
  Value argument = value;
  if (value.getType().isIndex())
    argument =
        arith::IndexCastOp::create(host, host.getI64Type(), value).getResult();
  arguments.push_back(argument);
  Value parameter =
      kernel.getBody().front().addArgument(argument.getType(), op.getLoc());
  if (value.getType().isIndex())
    parameter =
        arith::IndexCastOp::create(device, device.getIndexType(), parameter);
  mapping.map(value, parameter);
}

void LoopLauncher::passMemRef(OpOperand &operand) {
  Value memref = operand.get();
  bool isInput = op.isDpsInput(&operand);
  ringrt::Access access = isInput ? ringrt::Access::Read
                          : op.payloadUsesValueFromOperand(&operand)
                              ? ringrt::Access::ReadWrite
                              : ringrt::Access::Write;
  auto pointer = LLVM::LLVMPointerType::get(host.getContext(), kGlobalSpace);
  arguments.push_back(ringrt::AddressOp::create(host, pointer, access, memref));
  Value address = kernel.getBody().front().addArgument(pointer, op.getLoc());
  auto [numbers, unused] =
      cast<MemRefType>(memref.getType()).getStridesAndOffset();
  memref::ExtractStridedMetadataOp metadata;
  SmallVector<Value> strides;
  for (auto [dim, number] : llvm::enumerate(numbers)) {
    if (ShapedType::isStatic(number)) {
      strides.push_back(deviceIndex(number));
      continue;
    }
    if (!metadata)
      metadata = memref::ExtractStridedMetadataOp::create(host, memref);
    Value stride = metadata.getStrides()[dim];
    pass(stride);
    strides.push_back(mapping.lookup(stride));
  }
  memrefs[&operand] = {address, strides};
}

SmallVector<Value> LoopLauncher::emitIndices(ArrayRef<Value> sizes) {
  SmallVector<Value> indices(sizes.size());
  auto split = [&](Value index, ArrayRef<unsigned> dims) {
    if (dims.empty())
      return;
    for (unsigned dim : llvm::reverse(dims.drop_front())) {
      indices[dim] = arith::RemUIOp::create(device, index, sizes[dim]);
      index = arith::DivUIOp::create(device, index, sizes[dim]);
    }
    indices[dims.front()] = index;
  };
  auto special = [&](Value value) -> Value {
    return arith::IndexCastUIOp::create(device, device.getIndexType(), value);
  };
  Type i32 = device.getI32Type();
  Value x = arith::AddIOp::create(
      device,
      arith::MulIOp::create(device,
                            special(NVVM::BlockIdXOp::create(device, i32)),
                            deviceIndex(kThreads)),
      special(NVVM::ThreadIdXOp::create(device, i32)));
  BlockDims dims = getBlockDims();
  split(x, dims.x);
  if (!dims.y.empty())
    split(special(NVVM::BlockIdYOp::create(device, i32)), dims.y);
  if (!dims.z.empty())
    split(special(NVVM::BlockIdZOp::create(device, i32)), dims.z);

  // The last block in x has threads to spare; y and z have no more blocks than
  // there are indices.
  Value index = dims.x.empty() ? x : indices[dims.x.front()];
  Value size = dims.x.empty() ? deviceIndex(1) : sizes[dims.x.front()];
  Value within =
      arith::CmpIOp::create(device, arith::CmpIPredicate::ult, index, size);
  auto guard = scf::IfOp::create(device, within, /*withElseRegion=*/false);
  device.setInsertionPointToStart(guard.thenBlock());
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (indices[dim])
      continue;
    auto loop =
        scf::ForOp::create(device, deviceIndex(0), size, deviceIndex(1));
    device.setInsertionPointToStart(loop.getBody());
    indices[dim] = loop.getInductionVar();
  }
  return indices;
}

Value LoopLauncher::emitAddress(OpOperand &operand, ValueRange indices) {
  const auto &[base, strides] = memrefs[&operand];
  Value offset = deviceIndex(0);
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (auto [position, stride] : llvm::zip(map.getResults(), strides)) {
    Value index = affine::expandAffineExpr(device, op.getLoc(), position,
                                           indices, ValueRange());
    offset = arith::AddIOp::create(
        device, offset, arith::MulIOp::create(device, index, stride));
  }
  Value wide = arith::IndexCastOp::create(device, device.getI64Type(), offset);
  return LLVM::GEPOp::create(
      device, base.getType(),
      cast<MemRefType>(operand.get().getType()).getElementType(), base,
      ArrayRef<LLVM::GEPArg>{wide});
}

void LoopLauncher::emitPoint(ValueRange indices) {
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (!isa<MemRefType>(operand.get().getType()))
      mapping.map(argument, mapping.lookup(operand.get()));
    else if (!argument.use_empty())
      mapping.map(argument,
                  LLVM::LoadOp::create(device, argument.getType(),
                                       emitAddress(operand, indices)));
  }
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      mapping.map(index.getResult(), indices[index.getDim()]);
    else
      device.clone(inner, mapping);
  }
  Operation *yield = op.getBlock()->getTerminator();
  for (OpOperand &init : op.getDpsInitsMutable()) {
    Value value =
        yield->getOperand(init.getOperandNumber() - op.getNumDpsInputs());
    LLVM::StoreOp::create(device, mapping.lookup(value),
                          emitAddress(init, indices));
  }
}

FailureOr<SmallVector<Value>> LoopLauncher::emitGrid(ArrayRef<Value> sizes) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(host, value);
  };
  auto product = [&](ArrayRef<unsigned> dims) {
    Value total = constant(1);
    for (unsigned dim : dims)
      total = host.createOrFold<arith::MulIOp>(total, sizes[dim]);
    return total;
  };
  BlockDims dims = getBlockDims();
  SmallVector<Value> grid = {host.createOrFold<arith::CeilDivUIOp>(
                                 product(dims.x), constant(kThreads)),
                             product(dims.y), product(dims.z)};
  // An empty grid is no work.
  for (Value blocks : ArrayRef<Value>(grid).drop_front()) {
    std::optional<int64_t> number = getConstantIntValue(blocks);
    if (number && *number > kMaxGrid)
      return op.emitError()
             << "has " << *number
             << " points in its outer dimensions, expected "
             << "at most " << kMaxGrid << " around attention on GPUs";
    if (!number)
      ringrt::RequireOp::create(
          host,
          arith::CmpIOp::create(host, arith::CmpIPredicate::ule, blocks,
                                constant(kMaxGrid)),
          "an op around attention has a batch of more than 65535, the most "
          "that kernels for GPUs compute");
  }
  return grid;
}

LogicalResult LoopLauncher::run() {
  if (failed(verify()))
    return failure();
  for (auto [dim, type] : llvm::enumerate(op.getIteratorTypesArray()))
    if (type == utils::IteratorType::parallel)
      parallel.push_back(dim);

  kernel = createDeviceFunction(device, kernels, name, {}, kThreads);
  Block *entry = new Block;
  kernel.getBody().push_back(entry);
  device.setInsertionPointToStart(entry);
  SmallVector<Value> sizes, deviceSizes;
  for (Range range : op.createLoopRanges(host, op.getLoc())) {
    sizes.push_back(
        getValueOrCreateConstantIndexOp(host, op.getLoc(), range.size));
    pass(sizes.back());
    deviceSizes.push_back(mapping.lookup(sizes.back()));
  }
  for (OpOperand &operand : op->getOpOperands()) {
    if (isa<MemRefType>(operand.get().getType()))
      passMemRef(operand);
    else
      pass(operand.get());
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegion(0), captured);
  for (Value value : captured)
    pass(value);
  kernel.setFunctionType(
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(device.getContext()),
                                  llvm::to_vector(entry->getArgumentTypes())));
  emitPoint(emitIndices(deviceSizes));
  device.setInsertionPointToEnd(entry);
  LLVM::ReturnOp::create(device, ValueRange());

  FailureOr<SmallVector<Value>> grid = emitGrid(sizes);
  if (failed(grid))
    return failure();
  recordKernel(kernel, kThreads, /*sharedBytes=*/0);
  launchKernel(host, kernel, *grid, kThreads, /*sharedBytes=*/0, arguments);
  op->erase();
  return success();
}

/// Copies as ops with loops.
static void generalizeCopies(func::FuncOp function) {
  SmallVector<memref::CopyOp> copies;
  function.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    OpBuilder b(copy);
    linalg::makeMemRefCopyOp(b, copy.getLoc(), copy.getSource(),
                             copy.getTarget());
    copy.erase();
  }
}

/// What is left of the entry runs on the host, which does not see the arrays.
static LogicalResult verifyHost(func::FuncOp function) {
  WalkResult result = function.walk([](Operation *op) {
    if (!isa<memref::LoadOp, memref::StoreOp>(op))
      return WalkResult::advance();
    op->emitError() << "the host would access an array in the memory of a GPU, "
                       "expected ops on whole tensors around attention";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

namespace {
struct LaunchLoops : ringattn::impl::LaunchLoopsPassBase<LaunchLoops> {
  void runOnOperation() override {
    auto modules = getOperation().getOps<gpu::GPUModuleOp>();
    // Without attention there is nothing for a GPU.
    if (modules.empty())
      return;
    gpu::GPUModuleOp kernels = *modules.begin();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(EntrySignature::kAttrName))
        continue;
      generalizeCopies(function);
      SmallVector<linalg::LinalgOp> ops;
      function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
      for (auto [i, op] : llvm::enumerate(ops)) {
        std::string name = (function.getName() + "_loops_" + Twine(i)).str();
        if (failed(LoopLauncher(op, kernels, name).run()))
          return signalPassFailure();
      }
      if (failed(verifyHost(function)))
        return signalPassFailure();
    }
  }
};
} // namespace

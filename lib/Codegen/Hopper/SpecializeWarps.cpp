//===- SpecializeWarps.cpp - The tile program as a kernel of warps --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConsumerEmitter.h"
#include "DeviceFunctions.h"
#include "OperandPacker.h"
#include "ProducerEmitter.h"

#include "ringattn/Codegen/Hopper/Passes.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace ringattn {
#define GEN_PASS_DEF_SPECIALIZEWARPSPASS
#include "ringattn/Codegen/Hopper/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

static constexpr int64_t kTensorMapBytes = 128, kTensorMapAlignment = 64;
static constexpr int64_t kWarpgroup = 128;

/// Bytes of L2 that K and V of the heads that are computed at a time may take.
/// An H100 has 50 MiB of L2, in two halves.
static constexpr int64_t kCachedBytes = int64_t(32) << 20;

/// Heads whose blocks are ordered together; 1 where they are not.
static int64_t getOrderedHeads(const KernelModel &model) {
  SmallVector<OpFoldResult> bounds =
      scf::ForallOp(model.grid).getMixedUpperBound();
  // Over batch, heads and tiles; one of them may be folded away.
  if (!model.plan.longestFirst || bounds.size() != 3)
    return 1;
  return getConstantIntValue(bounds[1]).value_or(1);
}

namespace {

/// The device function of one kernel.
class KernelBuilder {
public:
  KernelBuilder(const KernelModel &model, gpu::GPUModuleOp kernels)
      : model(model), kernels(kernels),
        b(func::FuncOp(model.kernel).getLoc(), kernels.getContext()) {}

  FailureOr<LLVM::LLVMFuncOp> build();

private:
  LLVM::LLVMFuncOp createFunction();
  void initBarriers(Value thread);
  void setRegisters(int64_t registers, bool increase) {
    if (registers > 0)
      NVVM::SetMaxRegisterOp::create(
          b, registers,
          increase ? NVVM::SetMaxRegisterAction::increase
                   : NVVM::SetMaxRegisterAction::decrease);
  }
  SmallVector<Value> blockIndices();
  LogicalResult emitProducer(const KernelFrame &frame, Value warp);
  LogicalResult emitConsumer(const KernelFrame &frame, Value warpgroup,
                             Value thread);
  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value equals(Value value, int64_t other) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, value,
                                 i32(other));
  }

  const KernelModel &model;
  gpu::GPUModuleOp kernels;
  ImplicitLocOpBuilder b;
  LLVM::LLVMFuncOp function;
  Value shared;
};

LLVM::LLVMFuncOp KernelBuilder::createFunction() {
  SmallVector<Type> types;
  auto pointer = [&](unsigned space) {
    return LLVM::LLVMPointerType::get(b.getContext(), space);
  };
  for (const KernelParameter &parameter : model.parameters) {
    switch (parameter.kind) {
    case KernelParameter::TensorMap:
      types.push_back(pointer(0));
      break;
    case KernelParameter::Pointer:
      types.push_back(pointer(kGlobalSpace));
      break;
    case KernelParameter::Stride:
      types.push_back(b.getI64Type());
      break;
    case KernelParameter::Size:
    case KernelParameter::Scalar:
      types.push_back(b.getI32Type());
      break;
    }
  }
  LLVM::LLVMFuncOp function =
      createDeviceFunction(b, kernels, func::FuncOp(model.kernel).getSymName(),
                           types, model.plan.getThreads());
  recordKernel(function, model.plan.getThreads(), model.sharedBytes);
  auto map = LLVM::LLVMArrayType::get(b.getI8Type(), kTensorMapBytes);
  for (auto [i, parameter] : llvm::enumerate(model.parameters)) {
    if (parameter.kind != KernelParameter::TensorMap)
      continue;
    function.setArgAttr(i, "llvm.byval", TypeAttr::get(map));
    function.setArgAttr(i, "nvvm.grid_constant", b.getUnitAttr());
    function.setArgAttr(i, "llvm.align",
                        b.getI64IntegerAttr(kTensorMapAlignment));
  }
  return function;
}

void KernelBuilder::initBarriers(Value thread) {
  auto first = scf::IfOp::create(b, equals(thread, 0), /*else=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(first.thenBlock());
    auto init = [&](int64_t offset, int64_t count) {
      Value address = LLVM::GEPOp::create(
          b, shared.getType(), b.getI8Type(), shared,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
      NVVM::MBarrierInitOp::create(b, address, i32(count), Value());
    };
    for (const TileStream &stream : model.streams)
      for (int64_t slot = 0; slot < stream.slots; ++slot) {
        init(stream.fullBarriers + 8 * slot, 1);
        if (stream.isReused())
          init(stream.emptyBarriers + 8 * slot,
               kWarpgroup * model.plan.consumers);
      }
    NVVM::FenceMbarrierInitOp::create(b);
  }
  NVVM::BarrierOp::create(b);
}

/// The inverse of `HostBuilder::orderBlocks`.
SmallVector<Value> KernelBuilder::blockIndices() {
  Type type = b.getI32Type();
  Value batch = NVVM::BlockIdZOp::create(b, type),
        head = NVVM::BlockIdYOp::create(b, type),
        tile = NVVM::BlockIdXOp::create(b, type);
  if (!model.plan.longestFirst)
    return {batch, head, tile};
  Value tiles = NVVM::GridDimXOp::create(b, type);
  if (int64_t heads = getOrderedHeads(model); heads > 1) {
    // Heads of a group are next to each other in x.
    Value group = arith::DivUIOp::create(b, i32(heads),
                                         NVVM::GridDimYOp::create(b, type));
    head = arith::AddIOp::create(b, arith::MulIOp::create(b, head, group),
                                 arith::RemUIOp::create(b, tile, group));
    tile = arith::DivUIOp::create(b, tile, group);
    tiles = arith::DivUIOp::create(b, tiles, group);
  }
  tile =
      arith::SubIOp::create(b, arith::SubIOp::create(b, tiles, i32(1)), tile);
  return {batch, head, tile};
}

LogicalResult KernelBuilder::emitProducer(const KernelFrame &frame,
                                          Value warp) {
  setRegisters(model.plan.producerRegisters, /*increase=*/false);
  auto loader = scf::IfOp::create(b, equals(warp, 0), /*else=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loader.thenBlock());
  Value elected = NVVM::ElectSyncOp::create(b, b.getI1Type(), Value());
  auto leader = scf::IfOp::create(b, elected, /*else=*/false);
  b.setInsertionPointToStart(leader.thenBlock());
  return ProducerEmitter(b, frame).run();
}

LogicalResult KernelBuilder::emitConsumer(const KernelFrame &frame,
                                          Value warpgroup, Value thread) {
  if (model.plan.hasProducer())
    setRegisters(model.plan.consumerRegisters, /*increase=*/true);
  TileFacts facts(model.kernel);
  return ConsumerEmitter(b, frame, facts, warpgroup, thread).run();
}

FailureOr<LLVM::LLVMFuncOp> KernelBuilder::build() {
  function = createFunction();
  Block *entry = function.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  LLVM::ReturnOp::create(b, ValueRange());
  b.setInsertionPointToStart(entry);
  shared = LLVM::AddressOfOp::create(b, getSharedMemory(kernels));
  Type type = b.getI32Type();
  Value thread = NVVM::ThreadIdXOp::create(b, type);
  // The same in all lanes, which the assembler must see.
  Value warp = NVVM::ShflOp::create(
      b, type, i32(-1), arith::ShRUIOp::create(b, thread, i32(5)), i32(0),
      i32(31), NVVM::ShflKind::idx, UnitAttr());
  KernelFrame frame{model, function.getArguments(), shared, blockIndices()};
  Value warpgroup = arith::ShRUIOp::create(b, warp, i32(2));
  Value inWarpgroup = arith::AndIOp::create(b, thread, i32(kWarpgroup - 1));
  if (!model.plan.hasProducer()) {
    if (failed(emitConsumer(frame, warpgroup, inWarpgroup)))
      return failure();
    return function;
  }
  initBarriers(thread);
  auto roles = scf::IfOp::create(b, equals(warpgroup, 0), /*else=*/true);
  b.setInsertionPointToStart(roles.thenBlock());
  if (failed(emitProducer(frame, warp)))
    return failure();
  b.setInsertionPointToStart(roles.elseBlock());
  Value consumer = arith::SubIOp::create(b, warpgroup, i32(1));
  if (failed(emitConsumer(frame, consumer, inWarpgroup)))
    return failure();
  return function;
}

/// What is left of a kernel's function: it describes the arguments to the
/// device and starts the device function on the grid.
class HostBuilder {
public:
  HostBuilder(const KernelModel &model, LLVM::LLVMFuncOp device)
      : model(model), device(device), b(device.getLoc(), device.getContext()),
        packer(device->getParentOfType<gpu::GPUModuleOp>()) {}

  void build();

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value argumentFor(const KernelParameter &parameter);
  Value addressOf(BlockArgument memref);
  void requireAtMost(Value value, int64_t most, StringRef message);
  void orderBlocks(SmallVectorImpl<Value> &blocks);
  /// `value` (index) as i32, which it must fit.
  Value narrow(Value value);

  const KernelModel &model;
  LLVM::LLVMFuncOp device;
  ImplicitLocOpBuilder b;
  OperandPacker packer;
};

/// Sets what the ops on `memref`, or on views of it, do with it.
static void findAccesses(Value memref, bool &reads, bool &writes) {
  for (Operation *user : memref.getUsers()) {
    if (auto view = dyn_cast<ViewLikeOpInterface>(user)) {
      findAccesses(view.getViewDest(), reads, writes);
      continue;
    }
    reads |= hasEffect<MemoryEffects::Read>(user, memref);
    writes |= hasEffect<MemoryEffects::Write>(user, memref);
  }
}

Value HostBuilder::addressOf(BlockArgument memref) {
  bool reads = false, writes = false;
  findAccesses(memref, reads, writes);
  ringrt::Access access = !writes ? ringrt::Access::Read
                          : reads ? ringrt::Access::ReadWrite
                                  : ringrt::Access::Write;
  auto type = LLVM::LLVMPointerType::get(b.getContext(), kGlobalSpace);
  return ringrt::AddressOp::create(b, type, access, memref);
}

void HostBuilder::requireAtMost(Value value, int64_t most, StringRef message) {
  Value fits =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sle, value, index(most));
  ringrt::RequireOp::create(b, fits, message);
}

Value HostBuilder::narrow(Value value) {
  requireAtMost(value, std::numeric_limits<int32_t>::max(),
                "a sequence has more than 2147483647 elements, the most that "
                "kernels for GPUs compute");
  return arith::IndexCastOp::create(b, b.getI32Type(), value);
}

Value HostBuilder::argumentFor(const KernelParameter &parameter) {
  Value source = parameter.source;
  switch (parameter.kind) {
  case KernelParameter::TensorMap: {
    const TileStream *stream = llvm::find_if(
        model.streams, [&](const TileStream &s) { return s.source == source; });
    if (stream->packing != Packing::None)
      source = packer.pack(b, *stream);
    return ringrt::TensorMapOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()), source,
        b.getDenseI64ArrayAttr({stream->tile.boxColumns(), stream->tile.rows}));
  }
  case KernelParameter::Pointer:
    return addressOf(parameter.source);
  case KernelParameter::Stride: {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, source);
    return arith::IndexCastOp::create(
        b, b.getI64Type(), metadata.getStrides()[parameter.dimension]);
  }
  case KernelParameter::Size:
    return narrow(memref::DimOp::create(b, source, parameter.dimension));
  case KernelParameter::Scalar:
    return narrow(source);
  }
  llvm_unreachable("all kinds of parameters are handled");
}

/// With a mask that makes tiles differ, blocks start with the longest tiles of
/// all heads, so that the last to run are short. But K and V are read from L2
/// by the blocks of a head that run at a time, so that is done for as many
/// heads at a time as have room there: x is the tile and, within it, the head
/// of the group, y the group. (What FlashAttention-3 calls
/// longest-processing-time-first scheduling with an L2 swizzle.)
void HostBuilder::orderBlocks(SmallVectorImpl<Value> &blocks) {
  int64_t heads = getOrderedHeads(model);
  if (heads == 1)
    return;
  // K and V of all heads.
  Value bytes = index(0);
  for (const TileStream &stream : model.streams) {
    if (!stream.isReused())
      continue;
    auto type = cast<MemRefType>(stream.source.getType());
    int64_t row = type.getDimSize(1) * type.getDimSize(3) *
                  (type.getElementTypeBitWidth() / 8);
    Value rows = memref::DimOp::create(b, stream.source, 2);
    bytes = arith::AddIOp::create(b, bytes,
                                  arith::MulIOp::create(b, rows, index(row)));
  }
  Value group = index(1);
  for (int64_t size = 2; size <= heads; ++size) {
    if (heads % size != 0)
      continue;
    Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, bytes,
                                       index(kCachedBytes / size * heads));
    group = arith::SelectOp::create(b, fits, index(size), group);
  }
  blocks[0] = arith::MulIOp::create(b, blocks[0], group);
  blocks[1] = arith::DivUIOp::create(b, blocks[1], group);
}

void HostBuilder::build() {
  func::FuncOp function = model.kernel;
  scf::ForallOp grid = model.grid;
  b.setInsertionPoint(grid);
  SmallVector<Value> bounds = grid.getUpperBound(b);
  // The last loop is over tiles, which are the fastest blocks.
  SmallVector<Value> blocks(3);
  for (size_t i = 0; i < 3; ++i)
    blocks[i] = i < bounds.size() ? bounds[bounds.size() - 1 - i] : index(1);
  for (Value outer : {blocks[1], blocks[2]})
    if (!getConstantIntValue(outer))
      requireAtMost(outer, kMaxGrid,
                    "attention has a batch of more than 65535, the most that "
                    "kernels for GPUs compute");
  SmallVector<Value> arguments;
  for (const KernelParameter &parameter : model.parameters)
    arguments.push_back(argumentFor(parameter));
  orderBlocks(blocks);
  launchKernel(b, device, blocks, model.plan.getThreads(), model.sharedBytes,
               arguments);
  packer.release(b);
  grid.erase();
  function->removeAttr(kKernelAttr);
  function->removeAttr(kTilesAttr);
  function->removeAttr(kHopperAttr);
}

/// A grid of one tile is folded away; this brings it back.
static void wrapInGrid(func::FuncOp kernel) {
  if (!kernel.getOps<scf::ForallOp>().empty())
    return;
  Block &body = kernel.getBody().front();
  OpBuilder b(body.getTerminator());
  SmallVector<OpFoldResult> lower = {b.getIndexAttr(0)},
                            one = {b.getIndexAttr(1)};
  auto grid = scf::ForallOp::create(b, kernel.getLoc(), lower, one, one,
                                    ValueRange(), std::nullopt);
  Block::OpListType &inner = grid.getBody()->getOperations();
  inner.splice(inner.begin(), body.getOperations(), body.begin(),
               grid->getIterator());
}

struct SpecializeWarpsPass
    : ringattn::impl::SpecializeWarpsPassBase<SpecializeWarpsPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kKernelAttr))
        functions.push_back(function);
    if (functions.empty())
      return;
    FailureOr<gpu::GPUModuleOp> kernels =
        createKernels(getOperation(), functions.front().getLoc());
    if (failed(kernels))
      return signalPassFailure();
    for (func::FuncOp function : functions) {
      FailureOr<HopperPlan> plan = HopperPlan::get(function);
      if (failed(plan))
        return signalPassFailure();
      wrapInGrid(function);
      FailureOr<KernelModel> model = KernelModel::analyse(function, *plan);
      if (failed(model))
        return signalPassFailure();
      FailureOr<LLVM::LLVMFuncOp> device =
          KernelBuilder(*model, *kernels).build();
      if (failed(device))
        return signalPassFailure();
      HostBuilder(*model, *device).build();
    }
  }
};

} // namespace

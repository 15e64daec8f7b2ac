//===- KernelModel.cpp - What a kernel reads, and where it keeps it -------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelModel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ringattn;

/// The pattern of the swizzle repeats after this many bytes.
static constexpr int64_t kTileAlignment = 1024;
static constexpr int64_t kBarrierBytes = 8;
/// TMA takes addresses and strides in these units (CUDA Driver API,
/// cuTensorMapEncodeTiled).
static constexpr int64_t kTensorMapUnit = 16;
/// Shared memory of a block (CUDA C Programming Guide, compute capability 9.0).
static constexpr int64_t kMaxSharedBytes = 232448;

static bool isFactor(LoadTileOp load) {
  return llvm::any_of(load->getUsers(), [](Operation *user) {
    return isa<linalg::ContractOp>(user);
  });
}

/// Whether a product takes the rows of the tile as its depth.
static bool hasDepthInRows(LoadTileOp load) {
  return llvm::any_of(load->getUses(), [](OpOperand &use) {
    auto contract = dyn_cast<linalg::ContractOp>(use.getOwner());
    return contract && use.getOperandNumber() == 1 &&
           contract.getIndexingMapsArray()[1].getDimPosition(0) == 2;
  });
}

/// What the elements of a stream need.
static Packing packingOf(SmallVectorImpl<LoadTileOp> &loads) {
  auto type = cast<RankedTensorType>(loads[0].getTile().getType());
  if (!type.getElementType().isTF32())
    return Packing::None;
  return llvm::any_of(loads, hasDepthInRows) ? Packing::RoundedColumns
                                             : Packing::Rounded;
}

/// Whether TMA can take the array, as far as its type says: rows that do not
/// start 16 bytes apart also put what follows the array in memory out of place.
static bool isAligned(MemRefType type) {
  int64_t unit = kTensorMapUnit * 8 / type.getElementTypeBitWidth();
  int64_t offset;
  SmallVector<int64_t> strides;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return true;
  strides.back() = offset;
  return type.getDimSize(3) % unit == 0 &&
         llvm::all_of(strides, [&](int64_t stride) {
           return ShapedType::isDynamic(stride) || stride % unit == 0;
         });
}

void KernelModel::planPacking() {
  if (llvm::all_of(streams, [](const TileStream &stream) {
        return isAligned(cast<MemRefType>(stream.source.getType()));
      }))
    return;
  for (TileStream &stream : streams)
    if (stream.packing == Packing::None)
      stream.packing = Packing::Aligned;
}

FailureOr<TileAccess> KernelModel::access(Operation *op, Value memref,
                                          Value row) {
  TileAccess access;
  access.row = row;
  while (auto cast = memref.getDefiningOp<memref::CastOp>())
    memref = cast.getSource();
  auto view = memref.getDefiningOp<memref::SubViewOp>();
  auto source =
      dyn_cast_or_null<BlockArgument>(view ? view.getSource() : Value(nullptr));
  if (!source || !isa<func::FuncOp>(source.getOwner()->getParentOp()))
    return op->emitOpError()
           << "accesses no view of an argument, expected one batch and head of "
              "it";
  access.source = source;
  SmallVector<OpFoldResult> offsets = view.getMixedOffsets();
  for (auto [dim, target] :
       {std::pair<unsigned, Value *>{0, &access.batch}, {1, &access.head}}) {
    if (auto offset = dyn_cast<Value>(offsets[dim]))
      *target = offset;
    else if (!isConstantIntValue(offsets[dim], 0))
      return op->emitOpError()
             << "starts at " << *getConstantIntValue(offsets[dim])
             << " in dimension " << dim << ", expected 0";
  }
  return access;
}

std::optional<unsigned> KernelModel::streamOf(LoadTileOp load) const {
  FailureOr<TileAccess> access =
      KernelModel::access(load, load.getSource(), load.getRow());
  if (failed(access) || !isFactor(load))
    return std::nullopt;
  for (auto [i, stream] : llvm::enumerate(streams))
    if (stream.source == access->source)
      return i;
  return std::nullopt;
}

SmallVector<unsigned> KernelModel::streamsWithin(Operation *op) const {
  llvm::SmallSetVector<unsigned, 4> found;
  op->walk([&](LoadTileOp load) {
    if (std::optional<unsigned> stream = streamOf(load))
      found.insert(*stream);
  });
  SmallVector<unsigned> sorted = found.takeVector();
  llvm::sort(sorted);
  return sorted;
}

unsigned KernelModel::parameter(KernelParameter::Kind kind,
                                BlockArgument source, int64_t dimension) const {
  for (auto [i, parameter] : llvm::enumerate(parameters))
    if (parameter.kind == kind && parameter.source == source &&
        parameter.dimension == dimension)
      return i;
  llvm_unreachable("every access of the kernel has its parameters");
}

LogicalResult KernelModel::findStreams() {
  llvm::MapVector<Value, SmallVector<LoadTileOp>> loads;
  WalkResult result = grid.walk([&](LoadTileOp load) {
    if (!isFactor(load))
      return WalkResult::advance();
    FailureOr<TileAccess> access =
        KernelModel::access(load, load.getSource(), load.getRow());
    if (failed(access))
      return WalkResult::interrupt();
    loads[access->source].push_back(load);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (auto &[source, ops] : loads) {
    auto type = cast<RankedTensorType>(ops.front().getTile().getType());
    for (LoadTileOp op : ops)
      if (op.getTile().getType() != type)
        return op.emitOpError()
               << "loads a tile of " << op.getTile().getType() << ", expected "
               << type << " as elsewhere from this argument";
    TileStream stream;
    stream.source = cast<BlockArgument>(source);
    stream.packing = packingOf(ops);
    stream.tile = {type.getDimSize(0), type.getDimSize(1)};
    if (stream.isTransposed())
      std::swap(stream.tile.rows, stream.tile.columns);
    if (type.getElementType().isTF32())
      stream.tile.elementBytes = 4;
    else if (type.getElementTypeBitWidth() != 16)
      return ops.front().emitOpError()
             << "loads a tile of " << type
             << ", expected elements of 16 bits or of tf32";
    if (stream.tile.columns % stream.tile.boxColumns() != 0)
      return ops.front().emitOpError()
             << "loads a tile of " << type << ", expected a multiple of "
             << stream.tile.boxColumns()
             << (stream.isTransposed() ? " rows" : " columns");
    bool once = ops.size() == 1 && !ops.front()->getParentOfType<scf::ForOp>();
    stream.slots = once ? 1 : std::max<int64_t>(2, plan.stages);
    streams.push_back(stream);
  }
  planPacking();
  return success();
}

void KernelModel::placeInSharedMemory() {
  int64_t next = 0;
  for (TileStream &stream : streams) {
    stream.address = next;
    next += llvm::alignTo(stream.slots * stream.tile.bytes(), kTileAlignment);
  }
  for (TileStream &stream : streams) {
    stream.fullBarriers = next;
    next += stream.slots * kBarrierBytes;
    if (!stream.isReused())
      continue;
    stream.emptyBarriers = next;
    next += stream.slots * kBarrierBytes;
  }
  sharedBytes = next;
}

LogicalResult KernelModel::findParameters() {
  auto add = [&](KernelParameter::Kind kind, BlockArgument source,
                 int64_t dimension = 0) {
    KernelParameter parameter{kind, source, dimension};
    if (llvm::none_of(parameters, [&](const KernelParameter &other) {
          return other.kind == kind && other.source == source &&
                 other.dimension == dimension;
        }))
      parameters.push_back(parameter);
  };
  for (const TileStream &stream : streams)
    add(KernelParameter::TensorMap, stream.source);
  WalkResult result = kernel.walk([&](Operation *op) {
    Value memref, row;
    if (auto load = dyn_cast<LoadTileOp>(op)) {
      if (streamOf(load))
        return WalkResult::advance();
      memref = load.getSource();
      row = load.getRow();
    } else if (auto store = dyn_cast<StoreTileOp>(op)) {
      memref = store.getTarget();
      row = store.getRow();
    } else {
      return WalkResult::advance();
    }
    FailureOr<TileAccess> access = KernelModel::access(op, memref, row);
    if (failed(access))
      return WalkResult::interrupt();
    add(KernelParameter::Pointer, access->source);
    for (int64_t dimension : {0, 1, 2})
      add(KernelParameter::Stride, access->source, dimension);
    if (cast<MemRefType>(access->source.getType()).isDynamicDim(2))
      add(KernelParameter::Size, access->source, 2);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  kernel.walk([&](memref::DimOp op) {
    if (auto source = dyn_cast<BlockArgument>(op.getSource()))
      if (std::optional<int64_t> dimension = op.getConstantIndex())
        add(KernelParameter::Size, source, *dimension);
  });
  for (BlockArgument argument : kernel.getArguments())
    if (argument.getType().isIndex() && !argument.use_empty())
      add(KernelParameter::Scalar, argument);
  return success();
}

FailureOr<KernelModel> KernelModel::analyse(func::FuncOp kernel,
                                            const HopperPlan &plan) {
  KernelModel model;
  model.kernel = kernel;
  model.plan = plan;
  for (scf::ForallOp grid : kernel.getOps<scf::ForallOp>()) {
    if (model.grid)
      return grid.emitOpError() << "is a second grid, expected one in a kernel";
    model.grid = grid;
  }
  if (failed(model.findStreams()) || failed(model.findParameters()))
    return failure();
  if (!model.streams.empty() && !plan.hasProducer())
    return kernel.emitOpError()
           << kHopperAttr << " stages is 0, expected at least 1 in a kernel "
           << "with products";
  model.placeInSharedMemory();
  if (model.sharedBytes > kMaxSharedBytes)
    return kernel.emitOpError()
           << "needs " << model.sharedBytes
           << " bytes of shared memory, expected at most " << kMaxSharedBytes;
  return model;
}

//===- ProducerEmitter.cpp - The warp that loads tiles --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProducerEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace ringattn;

/// Address space of shared memory as the cluster sees it.
static constexpr unsigned kClusterSpace = 7;

LogicalResult ProducerEmitter::emitTileOp(Operation *op) {
  auto load = dyn_cast<LoadTileOp>(op);
  std::optional<unsigned> index = load ? model.streamOf(load) : std::nullopt;
  if (!index)
    return success();
  const TileStream &stream = model.streams[*index];
  FailureOr<TileAccess> access =
      KernelModel::access(load, load.getSource(), load.getRow());
  if (failed(access))
    return failure();

  Turn turn = nextTurn(*index);
  if (stream.isReused()) {
    // The first round finds the slots empty.
    Value previous = arith::XOrIOp::create(b, turn.parity, i32(1));
    waitFor(barrier(stream.emptyBarriers, turn.slot), previous);
  }
  Value arrived = barrier(stream.fullBarriers, turn.slot);
  NVVM::MBarrierArriveExpectTxOp::create(
      b, Type(), arrived, i32(stream.tile.bytes()), NVVM::MemScopeKind::CTA,
      /*relaxed=*/false, /*predicate=*/Value());
  Value map = frame.parameters[model.parameter(KernelParameter::TensorMap,
                                               stream.source)];
  Value batch = access->batch ? scalar(access->batch) : i32(0);
  Value head = access->head ? scalar(access->head) : i32(0);
  Value start = arith::AddIOp::create(
      b, arith::MulIOp::create(b, turn.slot, i32(stream.tile.bytes())),
      i32(stream.address));
  auto cluster = LLVM::LLVMPointerType::get(b.getContext(), kClusterSpace);
  for (int64_t box = 0; box < stream.tile.numBoxes(); ++box) {
    Value column = i32(box * stream.tile.boxColumns());
    Value row = scalar(access->row);
    if (stream.isTransposed()) {
      column = arith::AddIOp::create(b, column, row);
      row = i32(0);
    }
    Value target = sharedAt(Value(
        arith::AddIOp::create(b, start, i32(box * stream.tile.boxBytes()))));
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        b, LLVM::AddrSpaceCastOp::create(b, cluster, target), map,
        ValueRange{column, row, head, batch}, arrived,
        /*im2colOffsets=*/ValueRange(), /*multicastMask=*/Value(),
        /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false,
        NVVM::CTAGroupKindAttr(), /*predicate=*/Value());
  }
  return success();
}

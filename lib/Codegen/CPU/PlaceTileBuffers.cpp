//===- PlaceTileBuffers.cpp - Tile buffers on the stack ---------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/CPU/Passes.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/MapVector.h"

namespace ringattn {
#define GEN_PASS_DEF_PLACETILEBUFFERSPASS
#include "ringattn/Codegen/CPU/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// What the stack of a worker thread is sure to hold.
static constexpr int64_t kMaxTaskBytes = 512 * 1024;

/// Whether a loop around the allocation carries `buffer` (or a view of it) from
/// one iteration to the next. Such buffers must differ between iterations.
static bool isCarried(Value buffer) {
  return llvm::any_of(buffer.getUsers(), [](Operation *user) {
    if (isa<scf::YieldOp>(user) && isa<scf::ForOp>(user->getParentOp()))
      return true;
    return isa<ViewLikeOpInterface>(user) && isCarried(user->getResult(0));
  });
}

/// Places `buffers` at the start of `body`, the body of `tasks`.
static LogicalResult placeBuffers(Operation *tasks, Block *body,
                                  ArrayRef<memref::AllocOp> buffers) {
  int64_t bytes = 0;
  OpBuilder builder = OpBuilder::atBlockBegin(body);
  for (memref::AllocOp buffer : buffers) {
    MemRefType type = buffer.getType();
    if (!type.hasStaticShape() || isCarried(buffer))
      return buffer.emitOpError()
             << "of type " << type
             << " cannot be placed on the stack, expected a static buffer that "
                "no loop carries";
    Type element = type.getElementType();
    int64_t width = element.isIndex() ? 8 : element.getIntOrFloatBitWidth() / 8;
    bytes += type.getNumElements() * width;
    auto place = memref::AllocaOp::create(builder, buffer.getLoc(), type,
                                          builder.getI64IntegerAttr(64));
    for (Operation *user : llvm::make_early_inc_range(buffer->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    buffer.replaceAllUsesWith(place.getResult());
    buffer.erase();
  }
  if (bytes > kMaxTaskBytes)
    return tasks->emitOpError()
           << "needs " << bytes
           << " bytes of stack for a task, expected at most " << kMaxTaskBytes;
  return success();
}

namespace {
struct PlaceTileBuffersPass
    : ringattn::impl::PlaceTileBuffersPassBase<PlaceTileBuffersPass> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttr))
      return;
    // A loop over a single task is gone by now; its buffers lie in the kernel,
    // beside the scratch for packing, which is freed there.
    llvm::MapVector<Operation *, SmallVector<memref::AllocOp>> buffers;
    kernel.walk([&](memref::AllocOp op) {
      auto tasks = op->getParentOfType<scf::ForallOp>();
      if (tasks)
        buffers[tasks].push_back(op);
      else if (llvm::none_of(op->getUsers(), llvm::IsaPred<memref::DeallocOp>))
        buffers[kernel].push_back(op);
    });
    for (auto &[tasks, placed] : buffers)
      if (failed(placeBuffers(tasks, &tasks->getRegion(0).front(), placed)))
        return signalPassFailure();
  }
};
} // namespace

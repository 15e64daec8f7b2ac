//===- Copies.cpp - Asynchronous copies and matrix registers --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA 8.8, "Data Movement and Conversion Instructions", subsections with
// the names of the instructions, unless said otherwise.
//
//===----------------------------------------------------------------------===//

#include "KernelTranslator.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

//===----------------------------------------------------------------------===//
// cp.async.bulk.tensor
//===----------------------------------------------------------------------===//

/// cp.async.bulk.tensor.Nd.shared::cluster.global.tile
/// .mbarrier::complete_tx::bytes. A cache hint has no effect on results.
static LogicalResult
translate(KernelTranslator &t,
          NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp op) {
  if (op.getPredicate())
    return t.reject(op, "has a predicate");
  if (op.getMode() != NVVM::TMALoadMode::TILE)
    return t.reject(op, "has another mode than tile");
  if (op.getMulticastMask() || op.getGroup())
    return t.reject(op, "writes to several blocks");
  return t.replaceByCall(op, sim::Op::tma_load,
                         {t.getAddress(op.getDstMem()), op.getTmaDescriptor(),
                          t.storeAll(op.getCoordinates()),
                          t.getAddress(op.getMbar())});
}

template <typename OpTy>
static LogicalResult translateStore(KernelTranslator &t, OpTy op, bool add) {
  if (op.getMode() != NVVM::TMAStoreMode::TILE)
    return t.reject(op, "has another mode than tile");
  return t.replaceByCall(op, sim::Op::tma_store,
                         {t.getAddress(op.getSrcMem()), op.getTmaDescriptor(),
                          t.storeAll(op.getCoordinates()), t.integer(add)});
}

/// cp.async.bulk.tensor.Nd.global.shared::cta.tile.bulk_group
static LogicalResult translate(KernelTranslator &t,
                               NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp op) {
  if (op.getPredicate())
    return t.reject(op, "has a predicate");
  return translateStore(t, op, /*add=*/false);
}

/// cp.reduce.async.bulk.tensor.Nd.global.shared::cta.add.tile.bulk_group
static LogicalResult translate(KernelTranslator &t,
                               NVVM::CpAsyncBulkTensorReduceOp op) {
  if (op.getRedKind() != NVVM::TMAReduxKind::ADD)
    return t.reject(op, "has another reduction than add");
  return translateStore(t, op, /*add=*/true);
}

/// cp.async.bulk.commit_group
static LogicalResult translate(KernelTranslator &t,
                               NVVM::CpAsyncBulkCommitGroupOp op) {
  return t.replaceByCall(op, sim::Op::bulk_commit, {});
}

/// cp.async.bulk.wait_group{.read}
static LogicalResult translate(KernelTranslator &t,
                               NVVM::CpAsyncBulkWaitGroupOp op) {
  return t.replaceByCall(
      op, sim::Op::bulk_wait,
      {t.integer(op.getGroup()), t.integer(bool(op.getRead()))});
}

/// prefetch, prefetch.tensormap: no effect on results.
static LogicalResult translate(KernelTranslator &t, NVVM::PrefetchOp op) {
  op.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// ldmatrix and stmatrix ("Warp Level Matrix Multiply-Accumulate Instructions")
//===----------------------------------------------------------------------===//

template <typename OpTy>
static LogicalResult verifyMatrix(KernelTranslator &t, OpTy op) {
  if (op.getEltType() != NVVM::LdStMatrixEltType::B16 ||
      op.getShape().getM() != 8 || op.getShape().getN() != 8)
    return t.reject(op, "has another shape than 8 x 8 of 16 bits");
  if (!isSharedPointer(op.getPtr().getType()))
    return t.reject(op, "has a generic address");
  return success();
}

/// stmatrix.sync.aligned.m8n8.xN{.trans}.shared.b16
static LogicalResult translate(KernelTranslator &t, NVVM::StMatrixOp op) {
  if (failed(verifyMatrix(t, op)))
    return failure();
  bool transpose = op.getLayout() == NVVM::MMALayout::col;
  return t.replaceByCall(
      op, sim::Op::stmatrix,
      {t.getAddress(op.getPtr()), t.storeAll(op.getSources()),
       t.integer(op.getSources().size()), t.integer(transpose)});
}

/// ldmatrix.sync.aligned.m8n8.xN{.trans}.shared.b16
static LogicalResult translate(KernelTranslator &t, NVVM::LdMatrixOp op) {
  if (failed(verifyMatrix(t, op)))
    return failure();
  int64_t count = op.getNum();
  Value buffer = t.getBuffer(0, 4 * count);
  t.callAt(op, sim::Op::ldmatrix,
           {t.getAddress(op.getPtr()), buffer, t.integer(count),
            t.integer(op.getLayout() == NVVM::MMALayout::col)});
  Type i32 = t.b.getI32Type();
  if (count == 1) {
    t.replace(op, t.loadFrom(buffer, 0, i32));
    return success();
  }
  Value result = LLVM::PoisonOp::create(t.b, t.loc, op.getType());
  for (int64_t i = 0; i < count; ++i)
    result = LLVM::InsertValueOp::create(t.b, t.loc, result,
                                         t.loadFrom(buffer, 4 * i, i32), i);
  t.replace(op, result);
  return success();
}

void sim::populateCopyInstructions(Instructions &i) {
  i.add<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp>(translate);
  i.add<NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp>(translate);
  i.add<NVVM::CpAsyncBulkTensorReduceOp>(translate);
  i.add<NVVM::CpAsyncBulkCommitGroupOp>(translate);
  i.add<NVVM::CpAsyncBulkWaitGroupOp>(translate);
  i.add<NVVM::PrefetchOp>(translate);
  i.add<NVVM::StMatrixOp>(translate);
  i.add<NVVM::LdMatrixOp>(translate);
}

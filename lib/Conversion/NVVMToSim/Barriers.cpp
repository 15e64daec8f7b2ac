//===- Barriers.cpp - mbarriers, named barriers and fences ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA 8.8, "Parallel Synchronization and Communication Instructions",
// subsections with the names of the instructions, unless said otherwise.
//
//===----------------------------------------------------------------------===//

#include "KernelTranslator.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

//===----------------------------------------------------------------------===//
// mbarriers
//===----------------------------------------------------------------------===//

/// mbarrier.*.shared::cta, without a predicate.
template <typename OpTy>
static LogicalResult verifyBarrier(KernelTranslator &t, OpTy op) {
  if (!isSharedPointer(op.getAddr().getType()))
    return t.reject(op, "has a generic address");
  if constexpr (std::is_same_v<OpTy, NVVM::MBarrierInitOp> ||
                std::is_same_v<OpTy, NVVM::MBarrierArriveExpectTxOp>)
    if (op.getPredicate())
      return t.reject(op, "has a predicate");
  return success();
}

/// .release.cta, and nobody asks for the phase.
template <typename OpTy>
static LogicalResult verifyArrival(KernelTranslator &t, OpTy op) {
  if (failed(verifyBarrier(t, op)))
    return failure();
  if (op.getRelaxed() || op.getScope() != NVVM::MemScopeKind::CTA)
    return t.reject(op, "has other memory semantics than release.cta");
  if (op.getRes() && !op.getRes().use_empty())
    return t.reject(op, "has a result that is used");
  return success();
}

/// mbarrier.init.shared::cta.b64
static LogicalResult translate(KernelTranslator &t, NVVM::MBarrierInitOp op) {
  if (failed(verifyBarrier(t, op)))
    return failure();
  return t.replaceByCall(op, sim::Op::mbarrier_init,
                         {t.getAddress(op.getAddr()), op.getCount()});
}

/// mbarrier.inval.shared::cta.b64
static LogicalResult translate(KernelTranslator &t, NVVM::MBarrierInvalOp op) {
  if (failed(verifyBarrier(t, op)))
    return failure();
  return t.replaceByCall(op, sim::Op::mbarrier_invalidate,
                         {t.getAddress(op.getAddr())});
}

/// mbarrier.arrive.release.cta.shared::cta.b64
static LogicalResult translate(KernelTranslator &t, NVVM::MBarrierArriveOp op) {
  if (failed(verifyArrival(t, op)))
    return failure();
  if (op.getCount())
    return t.reject(op, "has a count");
  return t.replaceByCall(op, sim::Op::mbarrier_arrive,
                         {t.getAddress(op.getAddr())});
}

/// mbarrier.arrive.expect_tx.release.cta.shared::cta.b64
static LogicalResult translate(KernelTranslator &t,
                               NVVM::MBarrierArriveExpectTxOp op) {
  if (failed(verifyArrival(t, op)))
    return failure();
  return t.replaceByCall(op, sim::Op::mbarrier_expect_tx,
                         {t.getAddress(op.getAddr()), op.getTxcount()});
}

/// A loop on mbarrier.try_wait.parity.shared::cta.b64, of which the suspend
/// time is a hint.
static LogicalResult translate(KernelTranslator &t,
                               NVVM::MBarrierTryWaitParityOp op) {
  if (failed(verifyBarrier(t, op)))
    return failure();
  return t.replaceByCall(op, sim::Op::mbarrier_wait,
                         {t.getAddress(op.getAddr()), op.getPhase()});
}

//===----------------------------------------------------------------------===//
// Named barriers
//===----------------------------------------------------------------------===//

/// bar.sync 0
static LogicalResult translate(KernelTranslator &t, NVVM::Barrier0Op op) {
  return t.replaceByCall(op, sim::Op::bar_sync, {t.integer(0), t.integer(0)});
}

/// bar.sync id, threads
static LogicalResult translate(KernelTranslator &t, NVVM::BarrierOp op) {
  if (op.getReductionOp() || op.getRes())
    return t.reject(op, "reduces");
  auto orZero = [&](Value value) { return value ? value : t.integer(0); };
  return t.replaceByCall(
      op, sim::Op::bar_sync,
      {orZero(op.getBarrierId()), orZero(op.getNumberOfThreads())});
}

/// bar.arrive id, threads
static LogicalResult translate(KernelTranslator &t, NVVM::BarrierArriveOp op) {
  Value id = op.getBarrierId() ? op.getBarrierId() : t.integer(0);
  return t.replaceByCall(op, sim::Op::bar_arrive,
                         {id, op.getNumberOfThreads()});
}

//===----------------------------------------------------------------------===//
// Fences
//===----------------------------------------------------------------------===//

/// fence.mbarrier_init.release.cluster (membar/fence)
static LogicalResult translate(KernelTranslator &t,
                               NVVM::FenceMbarrierInitOp op) {
  return t.replaceByCall(op, sim::Op::fence, {t.integer(Fence::MbarrierInit)});
}

/// fence.proxy.async{.shared::cta} (membar/fence)
static LogicalResult translate(KernelTranslator &t, NVVM::FenceProxyOp op) {
  if (op.getKind() != NVVM::ProxyKind::async &&
      op.getKind() != NVVM::ProxyKind::async_shared)
    return t.reject(op, "is about another than the async proxy");
  if (op.getSpace() && *op.getSpace() != NVVM::SharedSpace::shared_cta)
    return t.reject(op, "is about the shared memory of other blocks");
  return t.replaceByCall(op, sim::Op::fence, {t.integer(Fence::ProxyAsync)});
}

/// wgmma.fence.sync.aligned (Asynchronous Warpgroup Level Matrix Instructions)
static LogicalResult translate(KernelTranslator &t,
                               NVVM::WgmmaFenceAlignedOp op) {
  return t.replaceByCall(op, sim::Op::fence, {t.integer(Fence::Wgmma)});
}

void sim::populateBarrierInstructions(Instructions &i) {
  i.add<NVVM::MBarrierInitOp>(translate);
  i.add<NVVM::MBarrierInvalOp>(translate);
  i.add<NVVM::MBarrierArriveOp>(translate);
  i.add<NVVM::MBarrierArriveExpectTxOp>(translate);
  i.add<NVVM::MBarrierTryWaitParityOp>(translate);
  i.add<NVVM::Barrier0Op>(translate);
  i.add<NVVM::BarrierOp>(translate);
  i.add<NVVM::BarrierArriveOp>(translate);
  i.add<NVVM::FenceMbarrierInitOp>(translate);
  i.add<NVVM::FenceProxyOp>(translate);
  i.add<NVVM::WgmmaFenceAlignedOp>(translate);
}

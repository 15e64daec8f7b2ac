//===- Warps.cpp - Special registers, and lanes together ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTranslator.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

/// mov from %tid, %ntid, %ctaid, %nctaid, %laneid (Special Registers).
template <typename OpTy, SpecialRegister which>
static LogicalResult translateRegister(KernelTranslator &t, OpTy op) {
  if (!op.getType().isInteger(32))
    return t.reject(op, "has another result than i32");
  t.replace(op, t.call(sim::Op::sreg, t.integer(which)));
  return success();
}

/// %warpsize, WARP_SZ (Special Registers).
static LogicalResult translate(KernelTranslator &t, NVVM::WarpSizeOp op) {
  t.replace(op, t.integer(32, op.getType().getIntOrFloatBitWidth()));
  return success();
}

static Shuffle getShuffle(NVVM::ShflKind kind) {
  switch (kind) {
  case NVVM::ShflKind::bfly:
    return Shuffle::Bfly;
  case NVVM::ShflKind::idx:
    return Shuffle::Idx;
  case NVVM::ShflKind::up:
    return Shuffle::Up;
  case NVVM::ShflKind::down:
    return Shuffle::Down;
  }
  llvm_unreachable("no such kind");
}

/// shfl.sync (Data Movement and Conversion Instructions: shfl.sync).
static LogicalResult translate(KernelTranslator &t, NVVM::ShflOp op) {
  if (op.getReturnValueAndIsValid())
    return t.reject(op, "has a second result");
  auto cast = [&](Type type, Value value) -> Value {
    if (value.getType() == type)
      return value;
    return LLVM::BitcastOp::create(t.b, t.loc, type, value);
  };
  Value result = t.callAt(
      op, sim::Op::shfl,
      {op.getThreadMask(), cast(t.b.getI32Type(), op.getVal()), op.getOffset(),
       op.getMaskAndClamp(), t.integer(getShuffle(op.getKind()))});
  t.replace(op, cast(op.getType(), result));
  return success();
}

/// elect.sync (Parallel Synchronization and Communication Instructions:
/// elect.sync).
static LogicalResult translate(KernelTranslator &t, NVVM::ElectSyncOp op) {
  Value mask = op.getMembermask() ? op.getMembermask() : t.integer(-1);
  Value elected = t.callAt(op, sim::Op::elect, {mask});
  t.replace(op, LLVM::ICmpOp::create(t.b, t.loc, LLVM::ICmpPredicate::ne,
                                     elected, t.integer(0))
                    .getResult());
  return success();
}

/// bar.warp.sync (Parallel Synchronization and Communication Instructions:
/// bar.warp.sync).
static LogicalResult translate(KernelTranslator &t, NVVM::SyncWarpOp op) {
  return t.replaceByCall(op, sim::Op::warp_sync, {op.getMask()});
}

/// setmaxnreg.{inc,dec}.sync.aligned.u32 (Miscellaneous Instructions:
/// setmaxnreg).
static LogicalResult translate(KernelTranslator &t, NVVM::SetMaxRegisterOp op) {
  bool increase = op.getAction() == NVVM::SetMaxRegisterAction::increase;
  return t.replaceByCall(op, sim::Op::setmaxnreg,
                         {t.integer(increase), t.integer(op.getRegCount())});
}

void sim::populateWarpInstructions(Instructions &i) {
  i.add<NVVM::ThreadIdXOp>(translateRegister<NVVM::ThreadIdXOp, TidX>);
  i.add<NVVM::BlockDimXOp>(translateRegister<NVVM::BlockDimXOp, NtidX>);
  i.add<NVVM::BlockIdXOp>(translateRegister<NVVM::BlockIdXOp, CtaidX>);
  i.add<NVVM::BlockIdYOp>(translateRegister<NVVM::BlockIdYOp, CtaidY>);
  i.add<NVVM::BlockIdZOp>(translateRegister<NVVM::BlockIdZOp, CtaidZ>);
  i.add<NVVM::GridDimXOp>(translateRegister<NVVM::GridDimXOp, NctaidX>);
  i.add<NVVM::GridDimYOp>(translateRegister<NVVM::GridDimYOp, NctaidY>);
  i.add<NVVM::GridDimZOp>(translateRegister<NVVM::GridDimZOp, NctaidZ>);
  i.add<NVVM::LaneIdOp>(translateRegister<NVVM::LaneIdOp, LaneId>);
  i.add<NVVM::WarpSizeOp>(translate);
  i.add<NVVM::ShflOp>(translate);
  i.add<NVVM::ElectSyncOp>(translate);
  i.add<NVVM::SyncWarpOp>(translate);
  i.add<NVVM::SetMaxRegisterOp>(translate);
}

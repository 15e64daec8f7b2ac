//===- Memory.cpp - Registers, memory and control flow --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTranslator.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

/// Ops that pass shared pointers on or look at their bits.
static bool mayTakeSharedPointers(Operation *op) {
  return isa<LLVM::GEPOp, LLVM::SelectOp, LLVM::ICmpOp, LLVM::FreezeOp,
             LLVM::InsertValueOp, LLVM::ExtractValueOp>(op) ||
         op->hasTrait<OpTrait::IsTerminator>();
}

/// Flags let the host assume what is not so for the NaNs that stand for results
/// of unfinished products; fusing a product and a sum is what a GPU does, too.
static void keepOnlyContract(Operation *op) {
  auto math = dyn_cast<LLVM::FastmathFlagsInterface>(op);
  if (!math || !math.getFastmathAttr())
    return;
  op->setAttr(math.getFastmathAttrName(),
              LLVM::FastmathFlagsAttr::get(op->getContext(),
                                           math.getFastmathAttr().getValue() &
                                               LLVM::FastmathFlags::contract));
}

/// ld.shared (Data Movement and Conversion Instructions: ld).
LogicalResult KernelTranslator::translateLoad(LLVM::LoadOp op) {
  int64_t bytes = getBytes(op.getType());
  if (bytes == 0)
    return reject(op, "loads bits from shared memory");
  if (op.getOrdering() != LLVM::AtomicOrdering::not_atomic)
    return reject(op, "is an atomic load from shared memory");
  Value buffer = getBuffer(0, bytes);
  callAt(op, sim::Op::shared_load,
         {getAddress(op.getAddr()), buffer, integer(bytes)});
  replace(op, loadFrom(buffer, 0, op.getType()));
  return success();
}

/// st.shared (Data Movement and Conversion Instructions: st).
LogicalResult KernelTranslator::translateStore(LLVM::StoreOp op) {
  int64_t bytes = getBytes(op.getValue().getType());
  if (bytes == 0)
    return reject(op, "stores bits to shared memory");
  if (op.getOrdering() != LLVM::AtomicOrdering::not_atomic)
    return reject(op, "is an atomic store to shared memory");
  Value buffer = getBuffer(0, bytes);
  storeTo(buffer, 0, op.getValue());
  return replaceByCall(op, sim::Op::shared_store,
                       {getAddress(op.getAddr()), buffer, integer(bytes)});
}

static Value getBase(Value pointer) {
  while (Operation *op = pointer.getDefiningOp()) {
    if (!isa<LLVM::GEPOp, LLVM::AddrSpaceCastOp>(op))
      break;
    pointer = op->getOperand(0);
  }
  return pointer;
}

/// The host's: what is on a thread's stack, the kernel's `arguments` and the
/// values of parameters that they point to.
static bool isPrivate(Value pointer, Value arguments) {
  Value base = getBase(pointer);
  if (base == arguments || base.getDefiningOp<LLVM::AllocaOp>())
    return true;
  auto load = base.getDefiningOp<LLVM::LoadOp>();
  return load && getBase(load.getAddr()) == arguments;
}

/// ld.global, st.global, atom.global (Data Movement and Conversion
/// Instructions: ld, st): addresses are multiples of what is accessed at once,
/// at most 16 bytes. LLVM accesses less at once where it is told that the
/// address is less aligned.
LogicalResult KernelTranslator::checkGlobal(Operation *op, Value address,
                                            Type type,
                                            std::optional<uint64_t> alignment,
                                            Access kind) {
  if (isPrivate(address, function.getArgument(1)))
    return success();
  // A bit is in memory as a byte.
  int64_t bytes = type.isInteger(1) ? 1 : getBytes(type);
  if (bytes == 0)
    return reject(op, "accesses bits of global memory");
  uint64_t natural = std::min<uint64_t>(16, llvm::PowerOf2Ceil(bytes));
  callAt(op, sim::Op::global_access,
         {address, integer(bytes),
          integer(std::min(natural, alignment.value_or(natural))),
          integer(kind)});
  return success();
}

LogicalResult KernelTranslator::translateCast(LLVM::PtrToIntOp op) {
  Value address = getAddress(op.getArg());
  if (op.getType().isInteger(64))
    address = LLVM::ZExtOp::create(b, loc, op.getType(), address);
  else if (!op.getType().isInteger(32))
    return reject(op, "makes neither 32 nor 64 bits of a shared pointer");
  replace(op, address);
  return success();
}

/// The host's pointer is the window's with that low half.
LogicalResult KernelTranslator::translateCast(LLVM::IntToPtrOp op) {
  Type i64 = b.getI64Type();
  Value bits = op.getArg();
  if (bits.getType().isInteger(64))
    bits = LLVM::TruncOp::create(b, loc, b.getI32Type(), bits);
  else if (!bits.getType().isInteger(32))
    return reject(op, "makes a shared pointer of neither 32 nor 64 bits");
  Value base = LLVM::PtrToIntOp::create(b, loc, i64, getSharedBase());
  Value window =
      LLVM::AndOp::create(b, loc, base, integer(int64_t(~0ull << 32), 64));
  Value sum = LLVM::OrOp::create(b, loc, window,
                                 LLVM::ZExtOp::create(b, loc, i64, bits));
  replace(op, LLVM::IntToPtrOp::create(b, loc, op.getType(), sum).getResult());
  return success();
}

LogicalResult KernelTranslator::translatePlain(Operation *op) {
  if (isa<LLVM::AddressOfOp>(op)) {
    // Globals have been looked at: they are dynamic shared memory.
    replace(op, getSharedBase());
    return success();
  }
  if (auto load = dyn_cast<LLVM::LoadOp>(op);
      load && isSharedPointer(load.getAddr().getType()))
    return translateLoad(load);
  if (auto store = dyn_cast<LLVM::StoreOp>(op);
      store && isSharedPointer(store.getAddr().getType()))
    return translateStore(store);
  if (auto cast = dyn_cast<LLVM::PtrToIntOp>(op);
      cast && isSharedPointer(cast.getArg().getType()))
    return translateCast(cast);
  if (auto cast = dyn_cast<LLVM::IntToPtrOp>(op);
      cast && isSharedPointer(cast.getType()))
    return translateCast(cast);
  if (auto cast = dyn_cast<LLVM::AddrSpaceCastOp>(op)) {
    if (isSharedPointer(cast.getArg().getType()) !=
        isSharedPointer(cast.getType()))
      return reject(op, "casts between shared and other pointers");
    return success();
  }
  for (Value operand : op->getOperands())
    if (isSharedPointer(operand.getType()) && !mayTakeSharedPointers(op))
      return reject(op, "uses a shared pointer");
  if (isa<LLVM::CallOp, LLVM::InvokeOp, LLVM::CallIntrinsicOp,
          LLVM::InlineAsmOp>(op))
    return unknown(op);
  keepOnlyContract(op);
  // Private and global memory are the host's.
  auto kindOf = [](bool isAtomic, Access kind) {
    return isAtomic ? Access::Atomic : kind;
  };
  LogicalResult checked = success();
  if (auto load = dyn_cast<LLVM::LoadOp>(op))
    checked = checkGlobal(
        op, load.getAddr(), load.getType(), load.getAlignment(),
        kindOf(load.getOrdering() != LLVM::AtomicOrdering::not_atomic,
               Access::Read));
  else if (auto store = dyn_cast<LLVM::StoreOp>(op))
    checked = checkGlobal(
        op, store.getAddr(), store.getValue().getType(), store.getAlignment(),
        kindOf(store.getOrdering() != LLVM::AtomicOrdering::not_atomic,
               Access::Write));
  else if (auto update = dyn_cast<LLVM::AtomicRMWOp>(op))
    checked = checkGlobal(op, update.getPtr(), update.getType(), std::nullopt,
                          Access::Atomic);
  else if (auto exchange = dyn_cast<LLVM::AtomicCmpXchgOp>(op))
    checked = checkGlobal(op, exchange.getPtr(), exchange.getVal().getType(),
                          std::nullopt, Access::Atomic);
  if (failed(checked))
    return failure();
  if (isa<LLVM::LoadOp, LLVM::StoreOp, LLVM::AllocaOp, LLVM::AtomicRMWOp,
          LLVM::AtomicCmpXchgOp, LLVM::AssumeOp, LLVM::LifetimeStartOp,
          LLVM::LifetimeEndOp>(op) ||
      op->hasTrait<OpTrait::IsTerminator>() || isMemoryEffectFree(op))
    return success();
  return unknown(op);
}

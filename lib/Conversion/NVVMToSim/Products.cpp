//===- Products.cpp - Matrix products -------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA 8.8, "Asynchronous Warpgroup Level Matrix Instructions", subsections
// with the names of the instructions.
//
//===----------------------------------------------------------------------===//

#include "Descriptors.h"
#include "KernelTranslator.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

/// A constant `rs_wgmma`, the same for all products of a kind whose operands
/// are in the same registers.
static LLVM::GlobalOp getWgmmaConstant(ModuleOp module, ringptx::WgmmaOp op,
                                       RegisterClasses::Operands registers) {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "rs_wgmma." << ringptx::stringifyElementType(op.getType()) << '.'
     << op.getN();
  if (op.getAccumulate())
    os << ".accumulate";
  if (op.getTransposeA())
    os << ".transpose_a";
  if (op.getTransposeB())
    os << ".transpose_b";
  if (registers.accumulators)
    os << ".d" << registers.accumulators;
  if (registers.a)
    os << ".a" << registers.a;
  if (auto global = module.lookupSymbol<LLVM::GlobalOp>(name))
    return global;
  // rs_type numbers the types as the enumeration here does.
  const int64_t fields[kNumWgmmaFields] = {
      op.getN(),          static_cast<int64_t>(op.getType()),
      op.getAccumulate(), op.getTransposeA(),
      op.getTransposeB(), registers.accumulators,
      registers.a};
  Location loc = module.getLoc();
  Type i32 = IntegerType::get(module.getContext(), 32);
  auto type = LLVM::LLVMArrayType::get(i32, kNumWgmmaFields);
  return createConstant(
      module, loc, name, type, LLVM::Linkage::Internal, [&](OpBuilder &b) {
        SmallVector<Value> values;
        for (int64_t field : fields)
          values.push_back(LLVM::ConstantOp::create(b, loc, i32, field));
        return aggregate(b, loc, type, values);
      });
}

/// wgmma.mma_async.sync.aligned.m64nNkK
static LogicalResult translate(KernelTranslator &t, ringptx::WgmmaOp op) {
  Type type = op.getAccumulator().getType();
  Value accumulators = t.getBuffer(0, getBytes(type));
  t.storeTo(accumulators, 0, op.getAccumulator());
  Value fragment = LLVM::ZeroOp::create(t.b, t.loc, t.pointer());
  Value descriptor = op.getA();
  if (op.hasFragment()) {
    fragment = t.getBuffer(1, getBytes(descriptor.getType()));
    t.storeTo(fragment, 0, descriptor);
    descriptor = t.integer(0, 64);
  }
  Value what = LLVM::AddressOfOp::create(
      t.b, t.loc,
      getWgmmaConstant(t.getModule(), op, t.getRegisters().operands(op)));
  t.callAt(op, sim::Op::wgmma,
           {what, accumulators, fragment, descriptor, op.getB()});
  t.replace(op, t.loadFrom(accumulators, 0, type));
  return success();
}

/// wgmma.commit_group.sync.aligned
static LogicalResult translate(KernelTranslator &t,
                               NVVM::WgmmaGroupSyncAlignedOp op) {
  return t.replaceByCall(op, sim::Op::wgmma_commit, {});
}

/// wgmma.wait_group.sync.aligned, without the registers that it is about.
static LogicalResult translate(KernelTranslator &t,
                               NVVM::WgmmaWaitGroupSyncOp op) {
  return t.replaceByCall(op, sim::Op::wgmma_wait,
                         {t.integer(op.getGroup()),
                          LLVM::ZeroOp::create(t.b, t.loc, t.pointer()),
                          t.integer(0)});
}

/// wgmma.wait_group.sync.aligned. Only what has f32 elements can be what a
/// product writes; an A fragment of 16-bit elements is what it was.
static LogicalResult translate(KernelTranslator &t, ringptx::WgmmaWaitOp op) {
  auto mayChange = [](Value value) {
    return cast<VectorType>(value.getType()).getElementType().isF32();
  };
  int64_t bytes = 0;
  for (Value value : llvm::make_filter_range(op.getValues(), mayChange))
    bytes += getBytes(value.getType());
  Value buffer = t.getBuffer(0, bytes);
  int64_t byte = 0;
  for (Value value : llvm::make_filter_range(op.getValues(), mayChange)) {
    t.storeTo(buffer, byte, value);
    byte += getBytes(value.getType());
  }
  t.callAt(op, sim::Op::wgmma_wait,
           {t.integer(op.getPending()), buffer, t.integer(bytes / 4)});
  byte = 0;
  SmallVector<Value> results;
  for (Value value : op.getValues()) {
    if (!mayChange(value)) {
      results.push_back(value);
      continue;
    }
    results.push_back(t.loadFrom(buffer, byte, value.getType()));
    byte += getBytes(value.getType());
  }
  t.replace(op, results);
  return success();
}

/// Nothing but advice to the assembler.
static LogicalResult translate(KernelTranslator &,
                               ringptx::SchedulingBarrierOp op) {
  op.erase();
  return success();
}

void sim::populateProductInstructions(Instructions &i) {
  i.add<ringptx::WgmmaOp>(translate);
  i.add<ringptx::WgmmaWaitOp>(translate);
  i.add<ringptx::SchedulingBarrierOp>(translate);
  i.add<NVVM::WgmmaGroupSyncAlignedOp>(translate);
  i.add<NVVM::WgmmaWaitGroupSyncOp>(translate);
}

//===- KernelTranslator.cpp - What translations are made of ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTranslator.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

std::string Instructions::getNames() const {
  return llvm::join(llvm::make_first_range(translations), ", ");
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static Type getType(MLIRContext *context, char letter) {
  switch (letter) {
  case 'i':
    return IntegerType::get(context, 32);
  case 'l':
    return IntegerType::get(context, 64);
  case 'p':
    return LLVM::LLVMPointerType::get(context);
  }
  return LLVM::LLVMVoidType::get(context);
}

Value KernelTranslator::call(sim::Op op, ValueRange arguments) {
  MLIRContext *context = b.getContext();
  const OpInfo &info = kOps[static_cast<size_t>(op)];
  Value thread = function.getArgument(0);
  SmallVector<Type> types = {pointer()};
  for (char letter : StringRef(info.parameters))
    types.push_back(getType(context, letter));
  auto type =
      LLVM::LLVMFunctionType::get(getType(context, info.result[0]), types);
  // The table never changes.
  auto load = [&](Value address) -> Value {
    auto op = LLVM::LoadOp::create(b, loc, pointer(), address);
    op.setInvariant(true);
    return op;
  };
  Value callee = load(offset(load(thread), getOffset(op)));
  SmallVector<Value> operands = {callee, thread};
  llvm::append_range(operands, arguments);
  return LLVM::CallOp::create(b, loc, type, operands).getResult();
}

Value KernelTranslator::callAt(Operation *where, sim::Op op,
                               ArrayRef<Value> arguments) {
  SmallVector<Value> all = {getWhere(where)};
  llvm::append_range(all, arguments);
  return call(op, all);
}

LogicalResult KernelTranslator::replaceByCall(Operation *op,
                                              sim::Op instruction,
                                              ArrayRef<Value> arguments) {
  callAt(op, instruction, arguments);
  op->erase();
  return success();
}

void KernelTranslator::replace(Operation *op, ValueRange values) {
  op->replaceAllUsesWith(values);
  op->erase();
}

//===----------------------------------------------------------------------===//
// Locations
//===----------------------------------------------------------------------===//

static StringRef getInstructionName(Operation *op) {
  if (auto load = dyn_cast<LLVM::LoadOp>(op))
    return isSharedPointer(load.getAddr().getType()) ? "ld.shared"
                                                     : "ld.global";
  if (auto store = dyn_cast<LLVM::StoreOp>(op))
    return isSharedPointer(store.getAddr().getType()) ? "st.shared"
                                                      : "st.global";
  return op->getName().stripDialect();
}

Value KernelTranslator::getWhere(Operation *op) {
  auto [known, isNew] = wheres.try_emplace(op, locations.size());
  if (!isNew)
    return integer(known->second);
  std::string text;
  llvm::raw_string_ostream os(text);
  Location location = op->getLoc();
  if (auto place = location->findInstanceOf<FileLineColLoc>())
    os << place.getFilename().getValue() << ':' << place.getLine() << ':'
       << place.getColumn() << ' ';
  if (auto name = location->findInstanceOf<NameLoc>())
    os << name.getName().getValue() << ' ';
  // Many instructions are made of one op of the source.
  StringRef instruction = getInstructionName(op);
  os << instruction << " #" << ++counts[instruction];
  locations.push_back(std::move(text));
  return integer(locations.size() - 1);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value KernelTranslator::offset(Value address, int64_t bytes) {
  if (bytes == 0)
    return address;
  return LLVM::GEPOp::create(b, loc, address.getType(), b.getI8Type(), address,
                             ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
}

Value KernelTranslator::getAddress(Value pointer) {
  return LLVM::PtrToIntOp::create(b, loc, b.getI32Type(), pointer);
}

Value KernelTranslator::getSharedBase() {
  if (sharedBase)
    return sharedBase;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.getBody().front());
  Value address = call(sim::Op::shared_base, {});
  // A shared pointer for as long as there are such.
  sharedBase = LLVM::AddrSpaceCastOp::create(
      b, loc, LLVM::LLVMPointerType::get(b.getContext(), Shared), address);
  return sharedBase;
}

Value KernelTranslator::getBuffer(unsigned number, int64_t bytes) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.getBody().front());
  while (buffers.size() <= number) {
    auto size = LLVM::ConstantOp::create(b, loc, b.getI64Type(), int64_t(0));
    Value buffer = LLVM::AllocaOp::create(b, loc, pointer(), b.getI8Type(),
                                          size, /*alignment=*/64);
    buffers.push_back({buffer, size});
  }
  auto [buffer, size] = buffers[number];
  if (cast<IntegerAttr>(size.getValue()).getInt() < bytes)
    size.setValueAttr(b.getI64IntegerAttr(bytes));
  return buffer;
}

void KernelTranslator::storeTo(Value buffer, int64_t byte, Value value) {
  LLVM::StoreOp::create(b, loc, value, offset(buffer, byte), /*alignment=*/4);
}

Value KernelTranslator::loadFrom(Value buffer, int64_t byte, Type type) {
  return LLVM::LoadOp::create(b, loc, type, offset(buffer, byte),
                              /*alignment=*/4);
}

Value KernelTranslator::storeAll(ValueRange values) {
  Value buffer = getBuffer(0, 4 * values.size());
  for (auto [i, value] : llvm::enumerate(values))
    storeTo(buffer, 4 * i, value);
  return buffer;
}

int64_t sim::getBytes(Type type) {
  if (isa<LLVM::LLVMPointerType>(type))
    return 8;
  int64_t count = 1;
  if (auto vector = dyn_cast<VectorType>(type)) {
    if (vector.isScalable())
      return 0;
    count = vector.getNumElements();
    type = vector.getElementType();
  }
  if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() % 8 != 0)
    return 0;
  return count * type.getIntOrFloatBitWidth() / 8;
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

LogicalResult KernelTranslator::reject(Operation *op, const Twine &why) {
  return op->emitOpError() << why << ", which the simulator does not know";
}

LogicalResult KernelTranslator::unknown(Operation *op) {
  InFlightDiagnostic diag =
      op->emitOpError("is not an instruction that the simulator knows");
  diag.attachNote()
      << "it knows the llvm dialect without calls, assembly and atomics "
         "in shared memory, and "
      << instructions.getNames();
  return diag;
}

LogicalResult KernelTranslator::translate(Operation *op) {
  b.setInsertionPoint(op);
  loc = op->getLoc();
  if (translateMath(op))
    return success();
  if (isa<LLVM::LLVMDialect>(op->getDialect()))
    return translatePlain(op);
  if (const Instructions::Translation *translation = instructions.find(op))
    return (*translation)(*this, op);
  return unknown(op);
}

LogicalResult KernelTranslator::translate() {
  SmallVector<Operation *> ops;
  function.getBody().walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops) {
    unsigned written = registers.written(op);
    Operation *next = op->getNextNode();
    b.setInsertionPoint(op);
    loc = op->getLoc();
    Value where = written ? getWhere(op) : nullptr;
    if (failed(translate(op)))
      return failure();
    if (written) {
      b.setInsertionPoint(next);
      call(sim::Op::write_registers, {where, integer(written)});
    }
  }

  // Now every pointer is the host's, and a bf16 is its bits: many hosts know it
  // by library functions only.
  function.getBody().walk([](LLVM::ConstantOp constant) {
    auto value = dyn_cast<DenseFPElementsAttr>(constant.getValue());
    auto number = dyn_cast<FloatAttr>(constant.getValue());
    Type bits = IntegerType::get(constant.getContext(), 16);
    if (value && value.getElementType().isBF16())
      constant.setValueAttr(value.mapValues(
          bits, [](const APFloat &v) { return v.bitcastToAPInt(); }));
    else if (number && number.getType().isBF16())
      constant.setValueAttr(
          IntegerAttr::get(bits, number.getValue().bitcastToAPInt()));
  });
  AttrTypeReplacer replacer;
  replacer.addReplacement([](LLVM::LLVMPointerType type) -> Type {
    return LLVM::LLVMPointerType::get(type.getContext());
  });
  replacer.addReplacement([](BFloat16Type type) -> Type {
    return IntegerType::get(type.getContext(), 16);
  });
  replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  function.getBody().walk([&](LLVM::AddrSpaceCastOp cast) {
    cast.getResult().replaceAllUsesWith(cast.getArg());
    cast.erase();
  });
  return success();
}

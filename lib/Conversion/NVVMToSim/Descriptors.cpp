//===- Descriptors.cpp - What the runtime knows of a kernel ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Descriptors.h"
#include "ringattn/Conversion/NVVMToSim/Passes.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

/// Registers of a multiprocessor, which blocks share in units of 8 a thread.
static constexpr int64_t kRegisters = 65536;
static constexpr int64_t kMaxRegistersOfThread = 255;

FailureOr<Launch> sim::getLaunch(LLVM::LLVMFuncOp kernel) {
  auto sizes = kernel->getAttrOfType<DenseI32ArrayAttr>(
      NVVM::NVVMDialect::getMaxntidAttrName());
  if (!sizes)
    return kernel.emitOpError("needs nvvm.maxntid, the threads of a block");
  Launch launch = {sizes.size() ? sizes[0] : 1, 0};
  for (int32_t size : sizes.asArrayRef().drop_front(sizes.empty() ? 0 : 1))
    if (size != 1)
      return kernel.emitOpError("has blocks of several dimensions, expected "
                                "one");
  if (launch.threads < 32 || launch.threads > 1024 || launch.threads % 32 != 0)
    return kernel.emitOpError() << "has blocks of " << launch.threads
                                << " threads, expected 1 to 32 warps of 32";
  auto getInteger = [&](StringRef name, int64_t otherwise) {
    auto attr = kernel->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : otherwise;
  };
  int64_t blocks =
      getInteger(NVVM::NVVMDialect::getMinctasmAttrName(), /*otherwise=*/1);
  int64_t most = std::min(kRegisters / launch.threads / blocks / 8 * 8,
                          kMaxRegistersOfThread);
  launch.registers = getInteger(NVVM::NVVMDialect::getMaxnregAttrName(), most);
  return launch;
}

LLVM::GlobalOp sim::createConstant(ModuleOp module, Location loc,
                                   StringRef name, Type type,
                                   LLVM::Linkage linkage,
                                   function_ref<Value(OpBuilder &)> value) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto global = LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true,
                                       linkage, name, Attribute());
  b.setInsertionPointToStart(&global.getInitializerRegion().emplaceBlock());
  LLVM::ReturnOp::create(b, loc, value(b));
  return global;
}

Value sim::aggregate(OpBuilder &b, Location loc, Type type,
                     ArrayRef<Value> elements) {
  Value value = LLVM::PoisonOp::create(b, loc, type);
  for (auto [i, element] : llvm::enumerate(elements))
    value = LLVM::InsertValueOp::create(b, loc, value, element, i);
  return value;
}

static LLVM::GlobalOp createString(ModuleOp module, Location loc,
                                   const Twine &name, StringRef text) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  std::string terminated = text.str() + '\0';
  return LLVM::GlobalOp::create(
      b, loc, LLVM::LLVMArrayType::get(b.getI8Type(), terminated.size()),
      /*isConstant=*/true, LLVM::Linkage::Internal, name.str(),
      b.getStringAttr(terminated));
}

/// An array of the addresses of `symbols`.
static LLVM::GlobalOp createPointers(ModuleOp module, Location loc,
                                     const Twine &name,
                                     ArrayRef<LLVM::GlobalOp> symbols) {
  Type pointer = LLVM::LLVMPointerType::get(module.getContext());
  auto type = LLVM::LLVMArrayType::get(pointer, symbols.size());
  return createConstant(module, loc, name.str(), type, LLVM::Linkage::Internal,
                        [&](OpBuilder &b) {
                          SmallVector<Value> elements;
                          for (LLVM::GlobalOp symbol : symbols)
                            elements.push_back(
                                LLVM::AddressOfOp::create(b, loc, symbol));
                          return aggregate(b, loc, type, elements);
                        });
}

void sim::createDescriptor(LLVM::LLVMFuncOp function, StringRef name,
                           Launch launch, ArrayRef<std::string> locations) {
  auto module = function->getParentOfType<ModuleOp>();
  Location loc = function.getLoc();
  MLIRContext *context = module.getContext();
  std::string symbol = getSimKernelSymbol(name);
  SmallVector<LLVM::GlobalOp> texts;
  for (auto [i, text] : llvm::enumerate(locations))
    texts.push_back(
        createString(module, loc, symbol + ".location." + Twine(i), text));
  LLVM::GlobalOp table =
      createPointers(module, loc, symbol + ".locations", texts);
  LLVM::GlobalOp text = createString(module, loc, symbol + ".name", name);
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type i32 = IntegerType::get(context, 32);
  auto type = LLVM::LLVMStructType::getLiteral(
      context, {pointer, pointer, i32, i32, i32, pointer});
  createConstant(
      module, loc, symbol, type, LLVM::Linkage::External, [&](OpBuilder &b) {
        auto number = [&](int64_t value) -> Value {
          return LLVM::ConstantOp::create(b, loc, i32, value);
        };
        return aggregate(b, loc, type,
                         {LLVM::AddressOfOp::create(b, loc, text),
                          LLVM::AddressOfOp::create(b, loc, function),
                          number(launch.threads), number(launch.registers),
                          number(locations.size()),
                          LLVM::AddressOfOp::create(b, loc, table)});
      });
}

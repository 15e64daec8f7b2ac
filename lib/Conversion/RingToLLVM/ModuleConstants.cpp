//===- ModuleConstants.cpp - Constants of a module's header ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleConstants.h"

using namespace mlir;
using namespace ringattn;

void ModuleConstants::addBytes(StringRef name, StringRef bytes) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  LLVM::GlobalOp::create(b, loc,
                         LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size()),
                         /*isConstant=*/true, LLVM::Linkage::Internal, name,
                         b.getStringAttr(bytes), /*alignment=*/16);
}

void ModuleConstants::addText(StringRef name, StringRef text) {
  if (!module.lookupSymbol(name))
    addBytes(name, text.str() + '\0');
}

void ModuleConstants::addAggregate(StringRef name, Type type, Fields fields) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto global =
      LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true,
                             LLVM::Linkage::Internal, name, Attribute());
  b.setInsertionPointToStart(&global.getInitializerRegion().emplaceBlock());
  LLVM::ReturnOp::create(b, loc, aggregate(b, type, fields(b)));
}

Value ModuleConstants::number(OpBuilder &b, int64_t value,
                              unsigned width) const {
  return LLVM::ConstantOp::create(b, loc, b.getIntegerType(width), value);
}

Value ModuleConstants::addressOf(OpBuilder &b, StringRef symbol) const {
  return LLVM::AddressOfOp::create(b, loc, pointerType(), symbol);
}

Value ModuleConstants::null(OpBuilder &b) const {
  return LLVM::ZeroOp::create(b, loc, pointerType());
}

Value ModuleConstants::aggregate(OpBuilder &b, Type type,
                                 ArrayRef<Value> fields) const {
  Value value = LLVM::PoisonOp::create(b, loc, type);
  for (auto [index, field] : llvm::enumerate(fields))
    value = LLVM::InsertValueOp::create(b, loc, value, field,
                                        static_cast<int64_t>(index));
  return value;
}

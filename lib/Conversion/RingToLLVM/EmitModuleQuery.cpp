//===- EmitModuleQuery.cpp - The module's header and its one export -------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Manifest.h"
#include "ringattn/Conversion/RingToLLVM/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace ringattn {
#define GEN_PASS_DEF_EMITMODULEQUERYPASS
#include "ringattn/Conversion/RingToLLVM/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// RR_ABI_VERSION of ringrt/abi.h.
static constexpr int32_t kAbiVersion = 1;

namespace {
struct EmitModuleQuery
    : ringattn::impl::EmitModuleQueryPassBase<EmitModuleQuery> {
  void runOnOperation() override;

private:
  Value number(OpBuilder &b, int64_t value, unsigned width) {
    return LLVM::ConstantOp::create(b, Location(loc), b.getIntegerType(width),
                                    value);
  }
  Value addressOf(OpBuilder &b, StringRef symbol) {
    return LLVM::AddressOfOp::create(
        b, Location(loc), LLVM::LLVMPointerType::get(&getContext()), symbol);
  }
  void emitBytes(OpBuilder &b, StringRef name, StringRef bytes);
  void emitConstant(OpBuilder &b, StringRef name, Type type,
                    function_ref<Value(OpBuilder &)> value);

  LocationAttr loc;
};
} // namespace

void EmitModuleQuery::emitBytes(OpBuilder &b, StringRef name, StringRef bytes) {
  LLVM::GlobalOp::create(b, Location(loc),
                         LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size()),
                         /*isConstant=*/true, LLVM::Linkage::Internal, name,
                         b.getStringAttr(bytes), /*alignment=*/16);
}

/// An internal constant whose initializer `value` builds.
void EmitModuleQuery::emitConstant(OpBuilder &b, StringRef name, Type type,
                                   function_ref<Value(OpBuilder &)> value) {
  auto global =
      LLVM::GlobalOp::create(b, Location(loc), type, /*isConstant=*/true,
                             LLVM::Linkage::Internal, name, Attribute());
  OpBuilder inner =
      OpBuilder::atBlockEnd(&global.getInitializerRegion().emplaceBlock());
  LLVM::ReturnOp::create(inner, Location(loc), value(inner));
}

void EmitModuleQuery::runOnOperation() {
  ModuleOp module = getOperation();
  loc = module.getLoc();
  auto manifest = module->getAttrOfType<StringAttr>("ringattn.manifest");
  if (!manifest) {
    module.emitError() << "has no ringattn.manifest attribute, expected one "
                          "(run ringattn-emit-entries)";
    return signalPassFailure();
  }
  if (module.lookupSymbol("rr_module_query")) {
    module.emitError() << "has rr_module_query already, expected a module "
                          "without it";
    return signalPassFailure();
  }
  std::string program;
  if (auto attr =
          module->getAttrOfType<DenseResourceElementsAttr>("ringattn.program"))
    if (AsmResourceBlob *blob = attr.getRawHandle().getBlob())
      program.assign(blob->getData().begin(), blob->getData().end());

  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(&getContext());
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  emitBytes(b, "ringattn.manifest_text", manifest.getValue());
  emitBytes(b, "ringattn.program_bytes", program);

  SmallVector<std::pair<std::string, std::string>> entries;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (auto name =
            function->getAttrOfType<StringAttr>("ringattn.entry_point")) {
      std::string symbol = ("ringattn.entry_name." + name.getValue()).str();
      entries.push_back({symbol, function.getName().str()});
      function->removeAttr("ringattn.entry_point");
    }
  for (auto &[symbol, function] : entries) {
    std::string text =
        StringRef(symbol).drop_front(strlen("ringattn.entry_name.")).str();
    emitBytes(b, symbol, StringRef(text.c_str(), text.size() + 1));
  }
  auto entryType =
      LLVM::LLVMStructType::getLiteral(&getContext(), {pointer, pointer});
  auto tableType = LLVM::LLVMArrayType::get(entryType, entries.size());
  emitConstant(b, "ringattn.entries", tableType, [&](OpBuilder &in) {
    Value table = LLVM::PoisonOp::create(in, Location(loc), tableType);
    for (auto [index, entry] : llvm::enumerate(entries)) {
      int64_t i = index;
      table = LLVM::InsertValueOp::create(in, Location(loc), table,
                                          addressOf(in, entry.first),
                                          ArrayRef<int64_t>{i, 0});
      table = LLVM::InsertValueOp::create(in, Location(loc), table,
                                          addressOf(in, entry.second),
                                          ArrayRef<int64_t>{i, 1});
    }
    return table;
  });

  // rr_module_header of ringrt/abi.h.
  auto headerType = LLVM::LLVMStructType::getLiteral(
      &getContext(), {i32, i32, pointer, i64, pointer, i64, pointer, i64});
  constexpr int32_t headerSize = 4 + 4 + 6 * 8;
  emitConstant(b, "ringattn.header", headerType, [&](OpBuilder &in) {
    const Value fields[] = {number(in, headerSize, 32),
                            number(in, kAbiVersion, 32),
                            addressOf(in, "ringattn.manifest_text"),
                            number(in, manifest.getValue().size(), 64),
                            addressOf(in, "ringattn.program_bytes"),
                            number(in, program.size(), 64),
                            addressOf(in, "ringattn.entries"),
                            number(in, entries.size(), 64)};
    Value header = LLVM::PoisonOp::create(in, Location(loc), headerType);
    for (auto [index, field] : llvm::enumerate(fields))
      header = LLVM::InsertValueOp::create(in, Location(loc), header, field,
                                           int64_t(index));
    return header;
  });

  auto query =
      LLVM::LLVMFuncOp::create(b, Location(loc), "rr_module_query",
                               LLVM::LLVMFunctionType::get(pointer, {i32}));
  Block *block = query.addEntryBlock(b);
  b.setInsertionPointToStart(block);
  Value understood =
      LLVM::ICmpOp::create(b, Location(loc), LLVM::ICmpPredicate::uge,
                           block->getArgument(0), number(b, kAbiVersion, 32));
  Value header = addressOf(b, "ringattn.header");
  Value null = LLVM::ZeroOp::create(b, Location(loc), pointer);
  LLVM::ReturnOp::create(b, Location(loc),
                         ValueRange{LLVM::SelectOp::create(
                             b, Location(loc), understood, header, null)});

  for (StringRef name : {StringRef("ringattn.manifest"),
                         StringRef("ringattn.program"), StringRef(kGroupsAttr)})
    module->removeAttr(name);
}

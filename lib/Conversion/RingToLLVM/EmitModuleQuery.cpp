//===- EmitModuleQuery.cpp - The module's header and its one export -------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTable.h"
#include "Manifest.h"
#include "ModuleConstants.h"
#include "ringattn/Conversion/RingToLLVM/Passes.h"
#include "ringattn/Dialect/RingComm/Transforms/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
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

/// A table of `rr_entry_point`, called `symbol`. Returns its length.
static int64_t emitEntryTable(ModuleOp module, ModuleConstants &constants,
                              StringRef symbol) {
  SmallVector<std::pair<std::string, std::string>> entries;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (auto name = function->getAttrOfType<StringAttr>(
            ringcomm::kEntryPointAttrName)) {
      entries.push_back({("ringattn.entry_name." + name.getValue()).str(),
                         function.getName().str()});
      function->removeAttr(ringcomm::kEntryPointAttrName);
    }
  constexpr size_t prefix = StringLiteral("ringattn.entry_name.").size();
  for (auto &[name, function] : entries)
    constants.addText(name, StringRef(name).drop_front(prefix));
  Type pointer = constants.pointerType();
  auto type =
      LLVM::LLVMStructType::getLiteral(module.getContext(), {pointer, pointer});
  auto tableType = LLVM::LLVMArrayType::get(type, entries.size());
  constants.addAggregate(symbol, tableType, [&](OpBuilder &b) {
    SmallVector<Value> rows;
    for (auto &[name, function] : entries)
      rows.push_back(constants.aggregate(
          b, type,
          {constants.addressOf(b, name), constants.addressOf(b, function)}));
    return rows;
  });
  return static_cast<int64_t>(entries.size());
}

/// The bytecode that `ringattn-record-program` left; empty where it did not
/// run.
static StringRef getProgram(ModuleOp module) {
  auto attr =
      module->getAttrOfType<DenseResourceElementsAttr>("ringattn.program");
  if (!attr || !attr.getRawHandle().getBlob())
    return {};
  ArrayRef<char> data = attr.getRawHandle().getBlob()->getData();
  return {data.data(), data.size()};
}

/// `rr_module_query`: the header, or null for a version it does not have.
static void emitQuery(ModuleOp module, ModuleConstants &constants,
                      StringRef header) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  Type pointer = constants.pointerType();
  auto query = LLVM::LLVMFuncOp::create(
      b, loc, "rr_module_query",
      LLVM::LLVMFunctionType::get(pointer, {b.getI32Type()}));
  Block *block = query.addEntryBlock(b);
  b.setInsertionPointToStart(block);
  Value understood = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::uge,
                                          block->getArgument(0),
                                          constants.number(b, kAbiVersion, 32));
  Value result = LLVM::SelectOp::create(
      b, loc, understood, constants.addressOf(b, header), constants.null(b));
  LLVM::ReturnOp::create(b, loc, result);
}

namespace {
struct EmitModuleQuery
    : ringattn::impl::EmitModuleQueryPassBase<EmitModuleQuery> {
  void runOnOperation() override;
};
} // namespace

void EmitModuleQuery::runOnOperation() {
  ModuleOp module = getOperation();
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
  ModuleConstants constants(module);
  StringRef program = getProgram(module);
  constants.addBytes("ringattn.manifest_text", manifest.getValue());
  constants.addBytes("ringattn.program_bytes", program);
  int64_t numEntries = emitEntryTable(module, constants, "ringattn.entries");
  FailureOr<int64_t> numKernels =
      emitKernelTable(module, constants, "ringattn.kernels");
  if (failed(numKernels))
    return signalPassFailure();

  // rr_module_header of ringrt/abi.h.
  Type pointer = constants.pointerType();
  Type i32 = IntegerType::get(&getContext(), 32);
  Type i64 = IntegerType::get(&getContext(), 64);
  auto type = LLVM::LLVMStructType::getLiteral(
      &getContext(),
      {i32, i32, pointer, i64, pointer, i64, pointer, i64, pointer, i64});
  constexpr int64_t bytes = 4 + 4 + 8 * 8;
  constants.addAggregate("ringattn.header", type, [&](OpBuilder &b) {
    return SmallVector<Value>{
        constants.number(b, bytes, 32),
        constants.number(b, kAbiVersion, 32),
        constants.addressOf(b, "ringattn.manifest_text"),
        constants.number(b, manifest.getValue().size(), 64),
        constants.addressOf(b, "ringattn.program_bytes"),
        constants.number(b, program.size(), 64),
        constants.addressOf(b, "ringattn.entries"),
        constants.number(b, numEntries, 64),
        constants.addressOf(b, "ringattn.kernels"),
        constants.number(b, *numKernels, 64)};
  });
  emitQuery(module, constants, "ringattn.header");

  for (StringRef name :
       {StringRef("ringattn.manifest"), StringRef("ringattn.program"),
        StringRef(kGroupsAttr), gpu::GPUDialect::getContainerModuleAttrName()})
    module->removeAttr(name);
}

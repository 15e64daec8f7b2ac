//===- RecordProgram.cpp - Keeps the global program -----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/raw_ostream.h"

namespace ringattn {
#define GEN_PASS_DEF_RECORDPROGRAMPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

static constexpr StringLiteral kProgramAttr = "ringattn.program";

/// Checks that the phases' passes can start at `module`.
static LogicalResult verifyPhase(ModuleOp module) {
  constexpr StringLiteral expected =
      ", expected one of global, spmd, ring, scheduled, target";
  if (module.lookupSymbol("rr_module_query"))
    return module.emitError() << "the program is at phase llvm" << expected;
  for (auto function : module.getOps<func::FuncOp>()) {
    // Bufferization would take the tiles for tensors of the program.
    WalkResult result = function.walk([](Operation *op) {
      return isa<LoadTileOp, StoreTileOp>(op) ? WalkResult::interrupt()
                                              : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return function.emitError() << "the program is at phase tile" << expected;
  }
  return success();
}

/// Whether the entries of `module` are no longer those of a global program.
static bool isLowered(ModuleOp module) {
  return llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return function->hasAttr(EntrySignature::kAttrName);
  });
}

/// Whether `attr` holds `bytes`.
static bool holds(Attribute attr, StringRef bytes) {
  auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attr);
  if (!resource)
    return false;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  return blob &&
         StringRef(blob->getData().data(), blob->getData().size()) == bytes;
}

/// The attribute that keeps `bytes`.
static Attribute makeRecord(MLIRContext *context, ArrayRef<char> bytes) {
  auto type = RankedTensorType::get({int64_t(bytes.size())},
                                    IntegerType::get(context, 8));
  return DenseResourceElementsAttr::get(
      type, "ringattn_program",
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, /*align=*/8));
}

namespace {
struct RecordProgram : ringattn::impl::RecordProgramPassBase<RecordProgram> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(verifyPhase(module)))
      return signalPassFailure();
    if (isLowered(module))
      return;
    // The record may be one of the program before it was edited.
    Attribute old = module->removeAttr(kProgramAttr);
    std::string bytes;
    llvm::raw_string_ostream stream(bytes);
    if (failed(writeBytecodeToFile(module, stream))) {
      module.emitError() << "cannot be written as bytecode, expected ops and "
                            "attributes that can";
      return signalPassFailure();
    }
    module->setAttr(kProgramAttr,
                    holds(old, bytes) ? old : makeRecord(&getContext(), bytes));
  }
};
} // namespace

//===- RecordProgram.cpp - Keeps the global program -----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/Transforms/Passes.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/raw_ostream.h"

namespace ringattn {
#define GEN_PASS_DEF_RECORDPROGRAMPASS
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"
} // namespace ringattn

using namespace mlir;

namespace {
struct RecordProgram : ringattn::impl::RecordProgramPassBase<RecordProgram> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (module->hasAttr("ringattn.program"))
      return;
    std::string bytes;
    llvm::raw_string_ostream stream(bytes);
    if (failed(writeBytecodeToFile(module, stream))) {
      module.emitError() << "the program cannot be written as bytecode";
      return signalPassFailure();
    }
    auto type = RankedTensorType::get({int64_t(bytes.size())},
                                      IntegerType::get(&getContext(), 8));
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
        ArrayRef<char>(bytes.data(), bytes.size()), /*align=*/8);
    module->setAttr("ringattn.program",
                    DenseResourceElementsAttr::get(type, "ringattn_program",
                                                   std::move(blob)));
  }
};
} // namespace

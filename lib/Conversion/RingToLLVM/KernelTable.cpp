//===- KernelTable.cpp - Kernels in a module's header ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTable.h"

#include "ringattn/Conversion/NVVMToSim/Passes.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace ringattn;

namespace {
/// Machine code of one GPU module, as symbols; empty where there is none.
struct Image {
  std::string cubin, ptx;
  int64_t cubinSize = 0, ptxSize = 0;
};
} // namespace

static Image emitImage(gpu::BinaryOp binary, ModuleConstants &constants) {
  Image image;
  std::string prefix = ("ringattn." + binary.getName()).str();
  for (auto object : binary.getObjects().getAsRange<gpu::ObjectAttr>()) {
    StringRef code = object.getObject().getValue();
    if (object.getFormat() == gpu::CompilationTarget::Binary) {
      image.cubin = prefix + ".cubin";
      image.cubinSize = static_cast<int64_t>(code.size());
      constants.addBytes(image.cubin, code);
    } else if (object.getFormat() == gpu::CompilationTarget::Assembly) {
      image.ptx = prefix + ".ptx";
      image.ptxSize = static_cast<int64_t>(code.size());
      constants.addText(image.ptx, code);
    }
  }
  return image;
}

static std::string nameSymbol(ringrt::KernelAttr kernel) {
  return "ringattn.kernel_name." + kernel.getName().str();
}

FailureOr<int64_t> ringattn::emitKernelTable(ModuleOp module,
                                             ModuleConstants &constants,
                                             StringRef symbol) {
  SmallVector<ringrt::KernelAttr> kernels;
  if (auto attr = module->getAttrOfType<ArrayAttr>(ringrt::kKernelsAttr))
    llvm::append_range(kernels, attr.getAsRange<ringrt::KernelAttr>());
  SmallVector<Operation *> code;
  for (Operation &op : *module.getBody())
    if (isa<gpu::BinaryOp, gpu::GPUModuleOp>(op))
      code.push_back(&op);
  if (code.size() > (kernels.empty() ? 0 : 1))
    return code.back()->emitOpError()
           << "is GPU code of the program's own, expected none";
  Image image;
  for (Operation *op : code) {
    if (auto binary = dyn_cast<gpu::BinaryOp>(op))
      image = emitImage(binary, constants);
    op->erase();
  }

  for (ringrt::KernelAttr kernel : kernels)
    constants.addText(nameSymbol(kernel), kernel.getName().getValue());

  MLIRContext *context = module.getContext();
  Type pointer = constants.pointerType();
  Type i32 = IntegerType::get(context, 32), i64 = IntegerType::get(context, 64);
  auto type = LLVM::LLVMStructType::getLiteral(
      context, {pointer, i32, i32, pointer, i64, pointer, i64, pointer});
  auto tableType = LLVM::LLVMArrayType::get(type, kernels.size());
  constants.addAggregate(symbol, tableType, [&](OpBuilder &b) {
    auto addressOrNull = [&](StringRef name) {
      return name.empty() ? constants.null(b) : constants.addressOf(b, name);
    };
    SmallVector<Value> rows;
    for (ringrt::KernelAttr kernel : kernels) {
      std::string simulated = getSimKernelSymbol(kernel.getName().getValue());
      if (!module.lookupSymbol(simulated))
        simulated.clear();
      rows.push_back(constants.aggregate(
          b, type,
          {constants.addressOf(b, nameSymbol(kernel)),
           constants.number(b, kernel.getThreads(), 32),
           constants.number(b, kernel.getSharedBytes(), 32),
           addressOrNull(image.cubin), constants.number(b, image.cubinSize, 64),
           addressOrNull(image.ptx), constants.number(b, image.ptxSize, 64),
           addressOrNull(simulated)}));
    }
    return rows;
  });
  module->removeAttr(ringrt::kKernelsAttr);
  return static_cast<int64_t>(kernels.size());
}

//===- ConvertNVVMToSim.cpp - Kernels for the simulator -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Conversion/NVVMToSim/Passes.h"

#include "Descriptors.h"
#include "KernelTranslator.h"

#include "ringattn/Support/CPUDescription.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

namespace ringattn {
#define GEN_PASS_DEF_CONVERTNVVMTOSIMPASS
#include "ringattn/Conversion/NVVMToSim/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

std::string ringattn::getSimKernelSymbol(StringRef kernel) {
  return ("rs_kernel_" + kernel).str();
}

/// Dynamic shared memory has no size of its own; what has one is unknown to the
/// simulator.
static LogicalResult verifyGlobal(LLVM::GlobalOp global) {
  auto array = dyn_cast<LLVM::LLVMArrayType>(global.getType());
  if (global.getAddrSpace() == Shared && array && array.getNumElements() == 0)
    return success();
  return global.emitOpError("is not memory that the simulator knows, expected "
                            "dynamic shared memory (an array without elements "
                            "in address space 3)");
}

/// Parameters by value are tensor maps. Without these attributes the address
/// that TMA gets would be that of a copy in local memory, or misaligned.
static LogicalResult verifyTensorMaps(LLVM::LLVMFuncOp kernel) {
  constexpr int64_t needed = 64;
  for (unsigned i = 0; i < kernel.getNumArguments(); ++i) {
    if (!kernel.getArgAttr(i, LLVM::LLVMDialect::getByValAttrName()))
      continue;
    StringRef constant = NVVM::NVVMDialect::getGridConstantAttrName();
    if (!kernel.getArgAttr(i, constant))
      return kernel.emitOpError()
             << "has parameter " << i << " by value without " << constant
             << ", expected it on every tensor map";
    StringRef align = LLVM::LLVMDialect::getAlignAttrName();
    auto aligned = kernel.getArgAttrOfType<IntegerAttr>(i, align);
    if (!aligned || aligned.getInt() < needed)
      return kernel.emitOpError()
             << "has parameter " << i << " by value with " << align << " = "
             << (aligned ? aligned.getInt() : 1) << ", expected at least "
             << needed << " of a tensor map";
  }
  return success();
}

/// A function of the type `rs_kernel_fn` around a copy of the kernel's body,
/// which gets its parameters from memory.
static FailureOr<LLVM::LLVMFuncOp> createFunction(ModuleOp module,
                                                  LLVM::LLVMFuncOp kernel) {
  for (const std::string &name :
       {getSimKernelSymbol(kernel.getName()),
        getSimKernelSymbol(kernel.getName()) + ".function"})
    if (Operation *other = module.lookupSymbol(name)) {
      InFlightDiagnostic diag = kernel.emitOpError()
                                << "becomes @" << name << ", which exists";
      diag.attachNote(other->getLoc()) << "it is here";
      return diag;
    }
  Location loc = kernel.getLoc();
  MLIRContext *context = module.getContext();
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(context);
  auto function = LLVM::LLVMFuncOp::create(
      b, loc, getSimKernelSymbol(kernel.getName()) + ".function",
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                  {pointer, pointer}),
      LLVM::Linkage::Internal);
  IRMapping mapping;
  kernel.getBody().cloneInto(&function.getBody(), mapping);
  Block &entry = function.getBody().front();
  unsigned count = entry.getNumArguments();
  entry.addArgument(pointer, loc);
  Value arguments = entry.addArgument(pointer, loc);
  b.setInsertionPointToStart(&entry);
  for (unsigned i = 0; i < count; ++i) {
    BlockArgument parameter = entry.getArgument(i);
    Value slot = LLVM::GEPOp::create(b, loc, pointer, pointer, arguments,
                                     ArrayRef<LLVM::GEPArg>{int32_t(i)});
    Value value = LLVM::LoadOp::create(b, loc, pointer, slot);
    if (!kernel.getArgAttr(i, LLVM::LLVMDialect::getByValAttrName()))
      value = LLVM::LoadOp::create(b, loc, parameter.getType(), value);
    parameter.replaceAllUsesWith(value);
  }
  entry.eraseArguments(0, count);
  return function;
}

namespace {
struct ConvertNVVMToSim
    : ringattn::impl::ConvertNVVMToSimPassBase<ConvertNVVMToSim> {
  using Base::Base;

  LogicalResult initializeOptions(
      StringRef text,
      function_ref<LogicalResult(const Twine &)> errorHandler) override {
    if (failed(Base::initializeOptions(text, errorHandler)))
      return failure();
    llvm::Error error = describeCPU(targetCpu, targetFeatures).takeError();
    return error ? errorHandler(llvm::toString(std::move(error))) : success();
  }

  void runOnOperation() override {
    llvm::Expected<CPUDescription> cpu = describeCPU(targetCpu, targetFeatures);
    if (!cpu) {
      getOperation().emitError() << llvm::toString(cpu.takeError());
      return signalPassFailure();
    }
    bool hasF16 = cpu->has("f16c") || cpu->has("avx512f");
    Instructions instructions;
    populateWarpInstructions(instructions);
    populateBarrierInstructions(instructions);
    populateCopyInstructions(instructions);
    populateProductInstructions(instructions);
    for (auto kernels :
         llvm::to_vector(getOperation().getOps<gpu::GPUModuleOp>())) {
      if (!hasF16 && failed(verifyNoF16(kernels, cpu->name)))
        return signalPassFailure();
      for (Operation &op : *kernels.getBody())
        if (failed(translate(op, instructions)))
          return signalPassFailure();
    }
  }

private:
  /// Without the instructions, conversions would be calls of a library that
  /// modules are not linked with.
  LogicalResult verifyNoF16(gpu::GPUModuleOp kernels, StringRef cpu) {
    auto isF16 = [](Value value) {
      return getElementTypeOrSelf(value.getType()).isF16();
    };
    WalkResult result = kernels.walk([&](Operation *op) {
      if (!isa<LLVM::FPTruncOp, LLVM::FPExtOp>(op) ||
          (!isF16(op->getOperand(0)) && !isF16(op->getResult(0))))
        return WalkResult::advance();
      op->emitOpError() << "converts f16, which the simulator cannot on the "
                           "CPU '"
                        << cpu << "', expected one with f16c";
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  /// Something of a gpu.module.
  LogicalResult translate(Operation &op, const Instructions &instructions) {
    if (auto global = dyn_cast<LLVM::GlobalOp>(op))
      return verifyGlobal(global);
    auto kernel = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (!kernel || kernel.isExternal() ||
        !kernel->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
      return op.emitOpError("is not something that the simulator knows, "
                            "expected kernels and dynamic shared memory");
    ModuleOp module = getOperation();
    FailureOr<Launch> launch = getLaunch(kernel);
    if (failed(launch) || failed(verifyTensorMaps(kernel)))
      return failure();
    FailureOr<LLVM::LLVMFuncOp> function = createFunction(module, kernel);
    if (failed(function))
      return failure();
    KernelTranslator translator(*function, module, instructions);
    if (failed(translator.translate()))
      return failure();
    createDescriptor(*function, kernel.getName(), *launch,
                     translator.getLocations());
    return success();
  }
};
} // namespace

//===- DeviceFunctions.cpp - Kernels as functions and launches ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceFunctions.h"

#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace ringattn;

static constexpr llvm::StringLiteral kModuleName = "kernels";
static constexpr llvm::StringLiteral kSharedName = "shared";

FailureOr<gpu::GPUModuleOp> ringattn::createKernels(ModuleOp module,
                                                    Location loc) {
  for (Operation &op : *module.getBody())
    if (isa<gpu::GPUModuleOp, gpu::BinaryOp>(op))
      return op.emitOpError() << "is GPU code of the program's own, expected "
                                 "none";
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto target = NVVM::NVVMTargetAttr::get(
      b.getContext(), /*O=*/3, "nvptx64-nvidia-cuda", "sm_90a", "+ptx88");
  auto kernels =
      gpu::GPUModuleOp::create(b, loc, kModuleName, b.getArrayAttr({target}));
  SymbolTable(module).insert(kernels);
  b.setInsertionPointToStart(kernels.getBody());
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
  LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/false,
                         LLVM::Linkage::External, kSharedName, Attribute(),
                         /*alignment=*/1024, kSharedSpace);
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                  b.getUnitAttr());
  return kernels;
}

LLVM::GlobalOp ringattn::getSharedMemory(gpu::GPUModuleOp kernels) {
  return kernels.lookupSymbol<LLVM::GlobalOp>(kSharedName);
}

LLVM::LLVMFuncOp ringattn::createDeviceFunction(ImplicitLocOpBuilder &b,
                                                gpu::GPUModuleOp kernels,
                                                StringRef name,
                                                ArrayRef<Type> parameters,
                                                int64_t threads) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(kernels.getBody());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), parameters);
  auto function = LLVM::LLVMFuncOp::create(b, name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                    b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(),
                    b.getDenseI32ArrayAttr({static_cast<int32_t>(threads)}));
  // Without it the assembler does not count with all registers of the SM.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    b.getI32IntegerAttr(1));
  return function;
}

void ringattn::recordKernel(LLVM::LLVMFuncOp kernel, int64_t threads,
                            int64_t sharedBytes) {
  auto module = kernel->getParentOfType<ModuleOp>();
  Builder b(kernel.getContext());
  SmallVector<Attribute> kernels;
  if (auto others = module->getAttrOfType<ArrayAttr>(ringrt::kKernelsAttr))
    llvm::append_range(kernels, others);
  kernels.push_back(ringrt::KernelAttr::get(
      b.getContext(), kernel.getSymNameAttr(), threads, sharedBytes));
  module->setAttr(ringrt::kKernelsAttr, b.getArrayAttr(kernels));
}

void ringattn::launchKernel(ImplicitLocOpBuilder &b, LLVM::LLVMFuncOp kernel,
                            ArrayRef<Value> grid, int64_t threads,
                            int64_t sharedBytes, ValueRange arguments) {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  auto symbol = SymbolRefAttr::get(
      kernel->getParentOfType<gpu::GPUModuleOp>().getNameAttr(),
      {FlatSymbolRefAttr::get(kernel)});
  Value shared = arith::ConstantOp::create(
      b, b.getI32IntegerAttr(static_cast<int32_t>(sharedBytes)));
  gpu::LaunchFuncOp::create(
      b, symbol, gpu::KernelDim3{grid[0], grid[1], grid[2]},
      gpu::KernelDim3{index(threads), index(1), index(1)}, shared, arguments);
}

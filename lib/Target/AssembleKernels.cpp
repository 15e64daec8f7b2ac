//===- AssembleKernels.cpp - GPU modules into machine code ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/PTX.h"
#include "ringattn/Target/Passes.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace ringattn {
#define GEN_PASS_DEF_ASSEMBLEKERNELSPASS
#include "ringattn/Target/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Reports at the kernel that the error is about, or else at the module.
static LogicalResult report(gpu::GPUModuleOp module, llvm::Error error) {
  llvm::handleAllErrors(
      std::move(error),
      [&](const KernelError &error) {
        Operation *place = module.lookupSymbol(error.getKernel());
        (place ? place : module.getOperation())->emitError()
            << error.getMessage();
      },
      [&](const llvm::ErrorInfoBase &error) {
        module.emitError() << error.message();
      });
  return failure();
}

/// Warpgroups that ask for more registers than others have given back wait
/// forever (PTX ISA, "setmaxnreg"): checks what `kernel` asks for, one
/// warpgroup decreasing and the others increasing, against what it has at its
/// launch.
static LogicalResult checkRegisters(gpu::GPUModuleOp module,
                                    const KernelResources &kernel) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(kernel.name);
  if (!function)
    return success();
  auto threads = function->getAttrOfType<DenseI32ArrayAttr>(
      NVVM::NVVMDialect::getMaxntidAttrName());
  int64_t decreased = 0, increased = 0;
  function.walk([&](NVVM::SetMaxRegisterOp op) {
    bool isIncrease = op.getAction() == NVVM::SetMaxRegisterAction::increase;
    (isIncrease ? increased : decreased) = op.getRegCount();
  });
  if (!threads || increased == 0)
    return success();
  int64_t warpgroups = threads[0] / 128;
  int64_t needed = decreased + (warpgroups - 1) * increased;
  int64_t available = warpgroups * kernel.registers;
  if (needed <= available)
    return success();
  return function.emitError()
         << "kernel " << kernel.name << " is launched with " << kernel.registers
         << " registers a thread, expected at least "
         << llvm::divideCeil(needed, warpgroups)
         << " for what its warpgroups take by setmaxnreg";
}

static gpu::KernelTableAttr
getKernelTable(gpu::GPUModuleOp module, ArrayRef<KernelResources> resources) {
  Builder b(module.getContext());
  SmallVector<gpu::KernelMetadataAttr> kernels;
  for (const KernelResources &kernel : resources) {
    auto function = module.lookupSymbol<FunctionOpInterface>(kernel.name);
    if (!function)
      continue;
    SmallVector<NamedAttribute> metadata = {
        {b.getStringAttr("barriers"), b.getI64IntegerAttr(kernel.barriers)},
        {b.getStringAttr("registers"), b.getI64IntegerAttr(kernel.registers)},
        {b.getStringAttr("shared_bytes"),
         b.getI64IntegerAttr(kernel.sharedBytes)},
        {b.getStringAttr("stack_bytes"),
         b.getI64IntegerAttr(kernel.stackBytes)}};
    kernels.push_back(gpu::KernelMetadataAttr::get(
        b.getStringAttr(kernel.name), function.getFunctionType(),
        /*argAttrs=*/nullptr, b.getDictionaryAttr(metadata)));
  }
  return gpu::KernelTableAttr::get(module.getContext(), kernels);
}

namespace {
struct AssembleKernels
    : ringattn::impl::AssembleKernelsPassBase<AssembleKernels> {
  using AssembleKernelsPassBase::AssembleKernelsPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    AssembleKernelsPassBase::getDependentDialects(registry);
    registerPTXTranslations(registry);
  }

  void runOnOperation() override {
    OpPassManager pipeline(gpu::GPUModuleOp::getOperationName());
    buildPTXPipeline(pipeline);
    for (auto module :
         llvm::to_vector(getOperation().getOps<gpu::GPUModuleOp>()))
      if (failed(runPipeline(pipeline, module)) || failed(assemble(module)))
        return signalPassFailure();
  }

  LogicalResult assemble(gpu::GPUModuleOp module) {
    llvm::Expected<std::string> ptx = emitPTX(module);
    if (!ptx)
      return report(module, ptx.takeError());
    OpBuilder b(module);
    auto target = cast<NVVM::NVVMTargetAttr>(module.getTargetsAttr()[0]);
    SmallVector<Attribute> objects = {gpu::ObjectAttr::get(
        target, gpu::CompilationTarget::Assembly, b.getStringAttr(*ptx))};
    if (!ptxOnly) {
      llvm::Expected<AssembledKernels> assembled =
          assemblePTX(*ptx, target.getChip());
      if (!assembled)
        return report(module, assembled.takeError());
      for (const KernelResources &kernel : assembled->kernels)
        if (failed(checkRegisters(module, kernel)))
          return failure();
      objects.push_back(gpu::ObjectAttr::get(
          target, gpu::CompilationTarget::Binary,
          b.getStringAttr(assembled->cubin), /*properties=*/nullptr,
          getKernelTable(module, assembled->kernels)));
    }
    gpu::BinaryOp::create(b, module.getLoc(), module.getName(),
                          /*offloadingHandler=*/nullptr,
                          b.getArrayAttr(objects));
    module.erase();
    return success();
  }
};
} // namespace

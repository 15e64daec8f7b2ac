//===- PTX.cpp - From the nvvm dialect to PTX -----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/PTX.h"

#include "ringattn/Conversion/RingPTXToNVVM/Passes.h"

#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm-c/Target.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

using namespace llvm;
using namespace ringattn;

/// The newest that both the code generator and ptxas 12.9 take.
static constexpr StringLiteral kDefaultFeatures = "+ptx88";

void ringattn::registerPTXTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
}

void ringattn::buildPTXPipeline(mlir::OpPassManager &pm) {
  pm.addPass(createConvertRingPTXToNVVMPass());
  pm.addPass(createSplitFragmentsPass());
  pm.addPass(mlir::createCSEPass());
  pm.addPass(mlir::createConvertNVVMToLLVMPass());
}

static Expected<std::unique_ptr<TargetMachine>>
createTargetMachine(mlir::NVVM::NVVMTargetAttr attribute) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  Triple triple(attribute.getTriple());
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError(error);
  StringRef features = attribute.getFeatures();
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, attribute.getChip(),
      features.empty() ? StringRef(kDefaultFeatures) : features,
      TargetOptions(), std::nullopt, std::nullopt,
      CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("no code generator for " + triple.str());
  return machine;
}

/// Every inline assembly here is an instruction that a warp or warpgroup
/// executes together, or behaves well as one.
static void markConvergent(Module &module) {
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallInst>(&instruction);
          call && call->isInlineAsm())
        call->setConvergent();
}

/// The generator has unrolled what is to be unrolled.
static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

static void collectErrors(LLVMContext &context, std::string &errors) {
  context.setDiagnosticHandlerCallBack(
      [](const DiagnosticInfo *info, void *opaque) {
        if (info->getSeverity() != DS_Error)
          return;
        raw_string_ostream os(*static_cast<std::string *>(opaque));
        DiagnosticPrinterRawOStream printer(os);
        if (!os.str().empty())
          os << "; ";
        info->print(printer);
      },
      &errors);
}

static Expected<mlir::NVVM::NVVMTargetAttr>
getTarget(mlir::gpu::GPUModuleOp module) {
  mlir::ArrayAttr targets = module.getTargetsAttr();
  if (targets && targets.size() == 1)
    if (auto target = dyn_cast<mlir::NVVM::NVVMTargetAttr>(targets[0]))
      return target;
  return createStringError("gpu.module @" + module.getName() +
                           " needs exactly one #nvvm.target");
}

Expected<std::string> ringattn::emitPTX(mlir::gpu::GPUModuleOp kernels) {
  auto attribute = getTarget(kernels);
  if (!attribute)
    return attribute.takeError();
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(*attribute);
  if (!machine)
    return machine.takeError();

  LLVMContext context;
  std::string errors;
  collectErrors(context, errors);
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(kernels, context, kernels.getName());
  if (!module)
    return createStringError("translation to LLVM IR failed");
  module->setTargetTriple((*machine)->getTargetTriple());
  module->setDataLayout((*machine)->createDataLayout());
  raw_string_ostream os(errors);
  if (verifyModule(*module, &os))
    return createStringError("invalid LLVM IR: " +
                             StringRef(errors).split('\n').first);
  markConvergent(*module);
  optimize(*module, **machine);

  SmallVector<char, 0> ptx;
  raw_svector_ostream stream(ptx);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      CodeGenFileType::AssemblyFile))
    return createStringError("the code generator cannot emit PTX");
  passes.run(*module);
  if (!errors.empty())
    return createStringError("code generation: " + errors);
  return std::string(ptx.data(), ptx.size());
}

//===- NativeCode.cpp - From the LLVM dialect to machine code -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/NativeCode.h"
#include "ringattn/Conversion/NVVMToSim/Passes.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace llvm;
using namespace ringattn;

static Expected<std::unique_ptr<TargetMachine>>
createTargetMachine(const CPUDescription &cpu) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  Triple triple(sys::getProcessTriple());
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError(error);
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, cpu.name, cpu.featureString(), TargetOptions(), Reloc::PIC_,
      std::nullopt, CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("no code generator for " + triple.str());
  return machine;
}

/// Code that runs before the runtime has seen which features the rest needs.
static void keepToBaseline(Function &function, const Triple &triple) {
  function.addFnAttr("target-cpu",
                     triple.getArch() == Triple::x86_64 ? "x86-64" : "generic");
  function.addFnAttr("target-features", "");
}

static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

/// Collects what LLVM reports as errors while it generates code.
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

/// What the module exports.
static SmallVector<StringRef> getExports(const Module &module) {
  const Function *query = module.getFunction(kModuleQuerySymbol);
  if (query && !query->isDeclaration())
    return {kModuleQuerySymbol};
  SmallVector<StringRef> kernels;
  for (const GlobalVariable &global : module.globals())
    if (global.hasExternalLinkage() && !global.isDeclaration() &&
        global.getName().starts_with(getSimKernelSymbol("")))
      kernels.push_back(global.getName());
  return kernels;
}

Expected<std::unique_ptr<MemoryBuffer>>
ringattn::emitObject(mlir::ModuleOp program, const CPUDescription &cpu) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(cpu);
  if (!machine)
    return machine.takeError();

  LLVMContext context;
  std::string errors;
  collectErrors(context, errors);
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(program, context, "ringattn");
  if (!module)
    return createStringError("translation to LLVM IR failed");
  module->setTargetTriple((*machine)->getTargetTriple());
  module->setDataLayout((*machine)->createDataLayout());
  module->setPICLevel(PICLevel::BigPIC);
  raw_string_ostream os(errors);
  if (verifyModule(*module, &os))
    return createStringError("invalid LLVM IR: " +
                             StringRef(errors).split('\n').first);
  SmallVector<StringRef> exports = getExports(*module);
  if (exports.empty())
    return createStringError("the lowered program does not define " +
                             kModuleQuerySymbol);

  if (Function *query = module->getFunction(kModuleQuerySymbol))
    keepToBaseline(*query, module->getTargetTriple());
  internalizeModule(*module, [&](const GlobalValue &value) {
    return llvm::is_contained(exports, value.getName());
  });
  optimize(*module, **machine);

  SmallVector<char, 0> object;
  raw_svector_ostream stream(object);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      CodeGenFileType::ObjectFile))
    return createStringError("the code generator cannot emit object files");
  passes.run(*module);
  if (!errors.empty())
    return createStringError("code generation: " + errors);
  return std::make_unique<SmallVectorMemoryBuffer>(
      std::move(object), "ringattn", /*RequiresNullTerminator=*/false);
}

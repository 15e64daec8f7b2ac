//===- Compile.cpp - From a file to a lowered program ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/Compile.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/Support/Files.h"
#include "ringattn/Support/InputFile.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace ringattn;

void ringattn::registerCompilerDialects(DialectRegistry &registry) {
  ringattn::registerAllDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

static OwningOpRef<ModuleOp> parse(MLIRContext *context,
                                   std::unique_ptr<llvm::MemoryBuffer> buffer,
                                   DiagnosticPrinter &diagnostics) {
  std::string name = buffer->getBufferIdentifier().str();
  diagnostics.setFile(name);
  auto sourceMgr = std::make_shared<llvm::SourceMgr>();
  sourceMgr->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> program =
      parseSourceFile<ModuleOp>(sourceMgr, ParserConfig(context));
  if (!program)
    diagnostics.error(name + ": not an MLIR program");
  return program;
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
ringattn::readProgram(StringRef path) {
  if (path != "-")
    if (llvm::Error error = checkInputFile(path, InputKinds::RegularOrPipe))
      return error;
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!buffer)
    return llvm::createStringError("cannot read '" + path +
                                   "': " + buffer.getError().message());
  if (llvm::identify_magic((*buffer)->getBuffer()) ==
      llvm::file_magic::elf_shared_object)
    return llvm::createStringError(
        "'" + (*buffer)->getBufferIdentifier() +
        "' is a compiled package, expected an MLIR program");
  if ((*buffer)->getBufferSize() == 0)
    return llvm::createStringError("'" + (*buffer)->getBufferIdentifier() +
                                   "' is empty, expected an MLIR program");
  return std::move(*buffer);
}

OwningOpRef<ModuleOp> ringattn::loadProgram(MLIRContext *context,
                                            StringRef path,
                                            DiagnosticPrinter &diagnostics) {
  auto buffer = readProgram(path);
  if (!buffer) {
    diagnostics.error(llvm::toString(buffer.takeError()));
    return nullptr;
  }
  return parse(context, std::move(*buffer), diagnostics);
}

OwningOpRef<ModuleOp> ringattn::parseProgram(MLIRContext *context,
                                             StringRef contents, StringRef name,
                                             DiagnosticPrinter &diagnostics) {
  return parse(context, llvm::MemoryBuffer::getMemBufferCopy(contents, name),
               diagnostics);
}

static LogicalResult dumpPhase(ModuleOp program, unsigned number, Phase phase,
                               StringRef directory,
                               DiagnosticPrinter &diagnostics) {
  SmallString<128> path(directory);
  llvm::sys::path::append(path, llvm::Twine(number) + "-" +
                                    stringifyPhase(phase) + ".mlir");
  llvm::Error error = writeFileAtomically(path, [&](raw_ostream &os) {
    program->print(os);
    os << '\n';
  });
  if (!error)
    return success();
  diagnostics.error(llvm::toString(std::move(error)));
  return failure();
}

static LogicalResult run(PassManager &pm, ModuleOp program,
                         const llvm::Twine &what,
                         DiagnosticPrinter &diagnostics) {
  if (succeeded(pm.run(program)))
    return success();
  diagnostics.error(diagnostics.getFile() + ": lowering " + what + " failed");
  return failure();
}

static void setOptions(RingAttnPipelineOptions &pipeline,
                       const CompileOptions &options) {
  pipeline.target = options.target;
  pipeline.targetCpu = options.targetCpu;
  pipeline.targetFeatures = options.targetFeatures;
  pipeline.deviceCode = options.deviceCode;
  pipeline.withSim = options.withSim;
  pipeline.compileTo = stringifyPhase(options.compileTo).str();
}

llvm::Error ringattn::checkOptions(const CompileOptions &options) {
  RingAttnPipelineOptions pipeline;
  setOptions(pipeline, options);
  return checkPipelineOptions(pipeline);
}

LogicalResult ringattn::lowerProgram(ModuleOp program,
                                     const CompileOptions &options,
                                     DiagnosticPrinter &diagnostics) {
  RingAttnPipelineOptions pipeline;
  setOptions(pipeline, options);
  if (options.dumpDirectory.empty()) {
    PassManager pm(program->getName());
    buildRingAttnPipeline(pm, pipeline);
    return run(pm, program, "to phase " + pipeline.compileTo, diagnostics);
  }

  if (std::error_code code =
          llvm::sys::fs::create_directories(options.dumpDirectory)) {
    diagnostics.error("cannot create directory '" + options.dumpDirectory +
                      "': " + code.message());
    return failure();
  }
  for (auto [number, phase] : llvm::enumerate(getAllPhases())) {
    PassManager pm(program->getName());
    buildPhase(pm, phase, pipeline);
    if (failed(run(pm, program, "to phase " + stringifyPhase(phase),
                   diagnostics)) ||
        failed(dumpPhase(program, number, phase, options.dumpDirectory,
                         diagnostics)))
      return failure();
    if (phase == options.compileTo)
      break;
  }
  return success();
}

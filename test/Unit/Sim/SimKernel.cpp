//===- SimKernel.cpp - Translated kernels -------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimKernel.h"

#include "ringattn/Conversion/NVVMToSim/Passes.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/Target/Link.h"
#include "ringattn/Target/NativeCode.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

#include "gtest/gtest.h"

#include <dlfcn.h>

using namespace mlir;
using namespace ringattn;
using namespace ringattn::test;

static std::string readSource(StringRef name, StringRef marker = "") {
  auto file =
      llvm::MemoryBuffer::getFile(RINGATTN_TEST_INPUTS "/" + name + ".mlir");
  EXPECT_TRUE(file) << file.getError().message();
  if (!file)
    return "";
  std::string source;
  for (StringRef line : llvm::split((*file)->getBuffer(), '\n')) {
    // Later lines keep their numbers.
    bool left = !marker.empty() && line.ends_with(("// #" + marker).str());
    source += (left ? "" : line.str()) + "\n";
  }
  return source;
}

std::string test::nameOf(StringRef name, StringRef text,
                         StringRef instruction) {
  std::string source = readSource(name);
  StringRef before = StringRef(source).split(text).first;
  EXPECT_NE(before.size(), source.size()) << text.str();
  size_t column = before.size() - before.rfind('\n');
  return (name + ".mlir:" + Twine(before.count('\n') + 1) + ":" +
          Twine(column) + " " + instruction)
      .str();
}

SimKernel::SimKernel(StringRef name, StringRef marker) : name(name) {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  ParserConfig config(&context);
  auto module = parseSourceString<ModuleOp>(readSource(name, marker), config,
                                            this->name + ".mlir");
  EXPECT_TRUE(module);
  if (!module)
    return;
  PassManager pm(&context);
  pm.addPass(createConvertNVVMToSimPass());
  EXPECT_TRUE(succeeded(pm.run(*module)));
  // The device's.
  for (auto kernels : llvm::to_vector(module->getOps<gpu::GPUModuleOp>()))
    kernels.erase();
  if (llvm::Error error = load(*module))
    ADD_FAILURE() << toString(std::move(error));
}

SimKernel::~SimKernel() {
  if (library)
    dlclose(library);
}

llvm::Error SimKernel::load(ModuleOp module) {
  llvm::Expected<CPUDescription> cpu = describeCPU("", "");
  if (!cpu)
    return cpu.takeError();
  auto object = emitObject(module, *cpu);
  if (!object)
    return object.takeError();
  llvm::SmallString<128> path;
  if (std::error_code code =
          llvm::sys::fs::createTemporaryFile("ringattn-sim", "so", path))
    return llvm::errorCodeToError(code);
  llvm::FileRemover remover(path);
  if (llvm::Error error = linkSharedObject(**object, path))
    return error;
  library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return llvm::createStringError(dlerror());
  std::string symbol = getSimKernelSymbol(name);
  EXPECT_EQ(dlsym(library, (symbol + ".function").c_str()), nullptr);
  kernel = static_cast<const rs_kernel *>(dlsym(library, symbol.c_str()));
  if (!kernel)
    return llvm::createStringError(dlerror());
  return llvm::Error::success();
}

std::string SimKernel::run(ArrayRef<const void *> arguments,
                           uint32_t sharedBytes, uint64_t seed) const {
  rs_launch launch = {};
  launch.struct_size = sizeof(launch);
  launch.grid[0] = launch.grid[1] = launch.grid[2] = 1;
  launch.shared_bytes = sharedBytes;
  launch.seed = seed;
  launch.arguments = arguments.data();
  char message[1024] = "";
  if (rs_run(kernel, &launch, message, sizeof(message)) != 0)
    return message;
  return "";
}

//===- KernelTest.cpp - A translated kernel on the simulator ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The kernel of Inputs/product.mlir is translated, compiled, linked, loaded and
// run; without one of its lines it must fail, and say where.
//
//===----------------------------------------------------------------------===//

#include "ringattn/Conversion/NVVMToSim/Passes.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/Target/Link.h"
#include "ringattn/Target/NativeCode.h"
#include "ringrt/sim.h"

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

static constexpr uint32_t size = 64;
static constexpr uint32_t sharedBytes = 2 * size * size * 2 + 8;

/// The kernel's source, without the lines that end in `// #marker`.
static std::string readSource(StringRef marker) {
  auto file = llvm::MemoryBuffer::getFile(RINGATTN_TEST_INPUTS "/product.mlir");
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

/// What the n-th instruction of its kind, on the source's line with `text`, is
/// called.
static std::string nameOf(StringRef text, StringRef instruction) {
  std::string source = readSource("");
  StringRef before = StringRef(source).split(text).first;
  EXPECT_NE(before.size(), source.size()) << text.str();
  size_t column = before.size() - before.rfind('\n');
  return "product.mlir:" + std::to_string(before.count('\n') + 1) + ":" +
         std::to_string(column) + " " + instruction.str();
}

namespace {
/// A kernel for the simulator in a shared object of its own.
class Kernel {
public:
  explicit Kernel(StringRef source) {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    ParserConfig config(&context);
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(source, config, "product.mlir");
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
  ~Kernel() {
    if (library)
      dlclose(library);
  }
  Kernel(const Kernel &) = delete;

  const rs_kernel *get() const { return kernel; }

private:
  llvm::Error load(ModuleOp module) {
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
    EXPECT_EQ(dlsym(library, "rs_kernel_product.function"), nullptr);
    kernel = static_cast<const rs_kernel *>(
        dlsym(library, getSimKernelSymbol("product").c_str()));
    if (!kernel)
      return llvm::createStringError("no kernel");
    return llvm::Error::success();
  }

  void *library = nullptr;
  const rs_kernel *kernel = nullptr;
};

/// Small integers, which bf16 has: sums are exact.
struct Problem {
  alignas(128) uint16_t a[size][size], b[size][size];
  float c[size][size];
  alignas(64) rs_tensor_map mapA = {}, mapB = {};

  Problem() {
    uint32_t state = 1;
    auto fill = [&](uint16_t (&matrix)[size][size], rs_tensor_map &map) {
      for (auto &row : matrix)
        for (uint16_t &value : row) {
          state = state * 1664525 + 1013904223;
          auto number = static_cast<float>(static_cast<int>(state >> 28) - 8);
          value = static_cast<uint16_t>(llvm::bit_cast<uint32_t>(number) >> 16);
        }
      map.base = reinterpret_cast<uint64_t>(&matrix);
      map.rank = 2;
      map.element_bytes = 2;
      map.swizzle = 128;
      map.size[0] = map.size[1] = map.box[0] = map.box[1] = size;
      map.stride[0] = sizeof(matrix[0]);
    };
    fill(a, mapA);
    fill(b, mapB);
  }

  static float get(uint16_t half) {
    return llvm::bit_cast<float>(static_cast<uint32_t>(half) << 16);
  }

  /// How many elements are wrong.
  int countErrors() const {
    int errors = 0;
    for (uint32_t i = 0; i < size; ++i)
      for (uint32_t j = 0; j < size; ++j) {
        float sum = 0;
        for (uint32_t k = 0; k < size; ++k)
          sum += get(a[i][k]) * get(b[j][k]);
        errors += !(c[i][j] == sum);
      }
    return errors;
  }

  /// The simulator's message; empty: it ran.
  std::string run(const rs_kernel *kernel, uint64_t seed) {
    for (auto &row : c)
      std::fill(std::begin(row), std::end(row), -1.0f);
    float *result = &c[0][0];
    int32_t stride = size;
    const void *arguments[] = {&mapA, &mapB, &result, &stride};
    rs_launch launch = {};
    launch.struct_size = sizeof(launch);
    launch.grid[0] = launch.grid[1] = launch.grid[2] = 1;
    launch.shared_bytes = sharedBytes;
    launch.seed = seed;
    launch.arguments = arguments;
    char message[1024] = "";
    if (rs_run(kernel, &launch, message, sizeof(message)) != 0)
      return message;
    return "";
  }
};
} // namespace

TEST(SimKernel, Descriptor) {
  Kernel kernel(readSource(""));
  ASSERT_TRUE(kernel.get());
  EXPECT_STREQ(kernel.get()->name, "product");
  EXPECT_EQ(kernel.get()->threads, 128u);
  EXPECT_EQ(kernel.get()->registers, 255u);
  ASSERT_EQ(kernel.get()->num_locations, 15u);
  EXPECT_EQ(kernel.get()->locations[0],
            nameOf("nvvm.mbarrier.init", "mbarrier.init #1"));
  EXPECT_EQ(kernel.get()->locations[12],
            nameOf("ringptx.wgmma bf16 %a3", "wgmma #4"));
}

TEST(SimKernel, Runs) {
  Kernel kernel(readSource(""));
  ASSERT_TRUE(kernel.get());
  Problem problem;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    EXPECT_EQ(problem.run(kernel.get(), seed), "");
    EXPECT_EQ(problem.countErrors(), 0) << "seed " << seed;
  }
}

/// With every seed, without the marked lines, at this instruction.
static void expectFails(StringRef marker, const std::string &where) {
  Kernel kernel(readSource(marker));
  ASSERT_TRUE(kernel.get());
  Problem problem;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    std::string message = problem.run(kernel.get(), seed);
    EXPECT_NE(message.find("at '" + where + "'"), std::string::npos)
        << "without " << marker.str() << ": '" << message << "', expected "
        << where;
  }
}

TEST(SimKernel, NeedsWait) {
  expectFails("wait", nameOf("ringptx.wgmma bf16 %a0", "wgmma #1"));
}
TEST(SimKernel, NeedsBarrier) {
  expectFails("barrier", nameOf("nvvm.mbarrier.try_wait.parity",
                                "mbarrier.try_wait.parity #1"));
}
TEST(SimKernel, NeedsFenceOfBarrier) {
  expectFails("init-fence",
              nameOf("nvvm.cp.async.bulk.tensor.shared.cluster.global %ca",
                     "cp.async.bulk.tensor.shared.cluster.global #1"));
}
TEST(SimKernel, NeedsFenceOfRegisters) {
  expectFails("fence", nameOf("ringptx.wgmma bf16 %a0", "wgmma #1"));
}

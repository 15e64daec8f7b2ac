//===- ringattn-compile.cpp - Compiles programs to packages ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ringattn/Support/CPUDescription.h"
#include "ringattn/Support/Files.h"
#include "ringattn/Target/Compile.h"
#include "ringattn/Target/Link.h"
#include "ringattn/Target/NativeCode.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/InitLLVM.h"

using namespace llvm;
using namespace ringattn;
using namespace ringattn::tools;

namespace {
struct Options {
  std::string input;
  std::string output;
  /// Whether to stop with text after `compile.compileTo`.
  bool printsText = false;
  CompileOptions compile;
};
} // namespace

static Error parsePhase(StringRef name, Options &options) {
  std::optional<Phase> phase = symbolizePhase(name);
  if (!phase)
    return createStringError(
        "expected one of " +
        join(map_range(getAllPhases(),
                       [](Phase p) { return stringifyPhase(p).str(); }),
             ", "));
  options.compile.compileTo = *phase;
  options.printsText = true;
  return Error::success();
}

static std::optional<int> parseOptions(int argc, char **argv,
                                       Options &options) {
  CommandLine line("ringattn-compile",
                   "Compiles sharded attention to a shared object for "
                   "ringattn-run and ringrt.");
  CompileOptions &compile = options.compile;
  line.setPositional("IN.mlir", options.input);
  line.addOption("o", "OUT",
                 "the package to write, or the MLIR text with "
                 "--compile-to (there, - is\nthe standard output)",
                 asString(options.output));
  addTargetOption(line, compile.target);
  line.addOption("target-cpu", "NAME",
                 "CPU, in LLVM's names; default: this machine's",
                 asString(compile.targetCpu));
  line.addOption("target-features", "LIST",
                 "features added to or taken from the CPU's: +avx2,-avx512f",
                 asString(compile.targetFeatures));
  line.addOption("device-code", "cubin|ptx|none",
                 "what kernels for GPUs become: cubin and PTX (default; needs "
                 "ptxas),\nPTX, or nothing",
                 asString(compile.deviceCode));
  line.addFlag("with-sim",
               "kernels for GPUs also become code for the simulator",
               compile.withSim);
  line.addOption("compile-to", "PHASE",
                 "stop after a phase and print MLIR: global, spmd, ring, "
                 "scheduled,\ntile, target, llvm",
                 [&](StringRef value) { return parsePhase(value, options); });
  line.addOption(
      "dump-phases", "DIR",
      "write the program after every phase to DIR/0-global.mlir, ...",
      asString(compile.dumpDirectory));
  line.addVariable("RINGATTN_LINKER",
                   "linker of packages; default: LLVM's lld, then those on the "
                   "PATH");
  line.addVariable("RINGATTN_PTXAS",
                   "ptxas for cubins; default: the one on the PATH or of CUDA");
  if (std::optional<int> code = line.parse(argc, argv))
    return code;
  if (Error error = checkOptions(compile))
    return reportError(std::move(error), ExitUsage);
  if (options.output.empty()) {
    if (!options.printsText)
      return reportError("no output given: expected -o OUT.so", ExitUsage);
    options.output = "-";
  } else if (options.output == "-" && !options.printsText) {
    return reportError("option '-o' has the value '-', expected a file; only "
                       "the text of --compile-to goes to the standard output",
                       ExitUsage);
  }
  return std::nullopt;
}

static bool hasEntries(mlir::ModuleOp program) {
  return any_of(program.getOps<mlir::FunctionOpInterface>(), [](auto function) {
    return function.isPublic() && !function.isExternal();
  });
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  Options options;
  if (std::optional<int> code = parseOptions(argc, argv, options))
    return finish(*code);

  CompileOptions &compile = options.compile;
  Expected<CPUDescription> cpu =
      describeCPU(compile.targetCpu, compile.targetFeatures);
  if (!cpu)
    return reportError(cpu.takeError(), ExitUsage);
  if (Error error = checkWritable(options.output))
    return reportError(std::move(error));

  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry);
  DiagnosticPrinter diagnostics(&context);
  mlir::OwningOpRef<mlir::ModuleOp> program =
      loadProgram(&context, options.input, diagnostics);
  if (!program)
    return ExitFailure;
  if (!options.printsText && !hasEntries(*program))
    return reportError("'" + options.input +
                       "' has no public function, expected one for every entry "
                       "of the package");
  if (failed(lowerProgram(*program, compile, diagnostics)))
    return ExitFailure;

  if (options.printsText) {
    if (Error error = writeFileAtomically(
            options.output, [&](raw_ostream &os) { os << **program << '\n'; }))
      return reportError(std::move(error));
    return ExitSuccess;
  }
  Expected<std::unique_ptr<MemoryBuffer>> object = emitObject(*program, *cpu);
  if (!object) {
    diagnostics.error(options.input + ": " + toString(object.takeError()));
    return ExitFailure;
  }
  if (Error error = linkSharedObject(**object, options.output))
    return reportError(std::move(error));
  return ExitSuccess;
}

//===- ringattn-opt.cpp - Runs passes on modules --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckOptions.h"
#include "CommandLine.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/InitAllPasses.h"
#include "ringattn/Support/Files.h"
#include "ringattn/Target/Compile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ringattn::tools;

/// What MlirOptMain does with files, but for what it says of bad ones.
static int run(StringRef input, StringRef output,
               mlir::DialectRegistry &registry,
               const mlir::MlirOptMainConfig &config) {
  if (Error error = ringattn::checkWritable(output))
    return reportError(std::move(error));
  if (input == "-" && sys::Process::StandardInIsUserInput())
    errs() << "(reading the standard input)\n";
  Expected<std::unique_ptr<MemoryBuffer>> program =
      ringattn::readProgram(input);
  if (!program)
    return reportError(program.takeError());
  if (output == "-")
    return mlir::failed(
        mlir::MlirOptMain(outs(), std::move(*program), registry, config));
  std::string text;
  raw_string_ostream os(text);
  if (failed(mlir::MlirOptMain(os, std::move(*program), registry, config)))
    return ExitFailure;
  if (Error error = ringattn::writeFileAtomically(
          output, [&](raw_ostream &file) { file << text; }))
    return reportError(std::move(error));
  return ExitSuccess;
}

int main(int argc, char **argv) {
  finishAtExit();
  hideLibraryOptions();
  mlir::registerAllPasses();
  ringattn::registerAllPasses();
  mlir::DialectRegistry registry;
  ringattn::registerAllDialects(registry);

  std::string overview = mlir::registerCLIOptions(
      "RingAttn: attention sharded over a ring\n", registry);
  static cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"),
                                    cl::init("-"));
  static cl::opt<std::string> output("o", cl::desc("Output filename"),
                                     cl::value_desc("filename"), cl::init("-"));
  // Errors do not print the operation they are about unless asked to.
  SmallVector<const char *> args(argv, argv + argc);
  if (none_of(args, [](StringRef arg) {
        return arg.contains("-mlir-print-op-on-diagnostic");
      }))
    args.insert(args.begin() + 1, "--mlir-print-op-on-diagnostic=false");
  if (std::string error = parseOptions(args, overview); !error.empty())
    return reportError(error, ExitUsage);
  if (std::string error = checkPipelines(args); !error.empty())
    return reportError(error, ExitUsage);

  auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return finish(
        mlir::failed(mlir::MlirOptMain(argc, argv, input, output, registry)));
  InitLLVM init(argc, argv);
  return finish(run(input, output, registry, config));
}

//===- ringattn-opt.cpp - Runs passes on modules --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/InitAllPasses.h"
#include "ringattn/Pipelines/Pipelines.h"
#include "ringattn/Target/Compile.h"
#include "ringattn/Target/Files.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ringattn::tools;

/// Parses the command line such that errors come back as text: LLVM's own way
/// is to print them and exit with 1.
static std::string parseOptions(ArrayRef<const char *> args,
                                StringRef overview) {
  std::string text;
  raw_string_ostream os(text);
  if (cl::ParseCommandLineOptions(args.size(), args.data(), overview, &os))
    return "";
  // "prog: what.  Try: ..." or "prog: for the --x option: what".
  StringRef line = StringRef(text).ltrim().split('\n').first;
  return line.split(": ").second.str();
}

/// Checks a pipeline, whose parser prints elsewhere.
static std::string checkPipeline(StringRef option, StringRef pipeline) {
  std::string text;
  raw_string_ostream os(text);
  if (succeeded(mlir::parsePassPipeline(pipeline, os)))
    return "";
  // "parser: [place: error: ]what"; what follows from it is on later lines.
  StringRef line = StringRef(text).ltrim().split('\n').first;
  if (size_t end = line.find("error: "); end != StringRef::npos)
    line = line.substr(end + strlen("error: "));
  line.consume_front("<Pass-Options-Parser>: ");
  return (option + ": " + line).str();
}

static std::string checkPipelines(ArrayRef<const char *> args) {
  while (!args.empty()) {
    StringRef arg = args.consume_front();
    if (!arg.starts_with("-"))
      continue;
    auto [option, value] = arg.split('=');
    std::string error;
    if (option.ltrim('-') == "ringattn-pipeline")
      error = checkPipeline(option,
                            ("any(ringattn-pipeline{" + value + "})").str());
    else if (option.ltrim('-') == "pass-pipeline")
      error = checkPipeline(option, value.empty() && !args.empty()
                                        ? StringRef(args.consume_front())
                                        : value);
    if (!error.empty())
      return error;
  }
  return "";
}

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

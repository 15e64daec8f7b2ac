//===- ringattn-opt.cpp - Runs passes on modules --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/InitAllPasses.h"
#include "ringattn/Pipelines/Pipelines.h"
#include "ringattn/Target/Files.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static int reportError(const Twine &message, int code) {
  errs() << "error: " << message << '\n';
  return code;
}

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

/// Checks the options of `--ringattn-pipeline`, whose parser prints elsewhere.
static std::string checkPipelineOptions(ArrayRef<const char *> args) {
  for (StringRef arg : args) {
    auto [name, value] = arg.ltrim('-').split('=');
    if (!arg.starts_with("-") || name != "ringattn-pipeline")
      continue;
    std::string text;
    raw_string_ostream os(text);
    if (failed(ringattn::RingAttnPipelineOptions().parseFromString(value, os)))
      return ("--ringattn-pipeline: " +
              StringRef(text).rtrim().split(": ").second)
          .str();
  }
  return "";
}

int main(int argc, char **argv) {
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
    return reportError(error, 2);

  if (std::string error = checkPipelineOptions(args); !error.empty())
    return reportError(error, 2);
  // MlirOptMain would name the cause only.
  if (input != "-") {
    auto file = sys::fs::openNativeFileForRead(input);
    if (!file)
      return reportError(
          "cannot read '" + input + "': " + toString(file.takeError()), 1);
    sys::fs::closeFile(*file);
  }
  if (Error error = ringattn::checkWritable(output))
    return reportError(toString(std::move(error)), 1);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, input, output, registry));
}

//===- ringattn-opt.cpp - Runs passes on modules --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassRegistry.h"
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

  if (std::string error = checkPipelines(args); !error.empty())
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

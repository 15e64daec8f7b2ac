//===- ringattn-lsp-server.cpp - Language server for editors --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "ringattn/InitAllDialects.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace ringattn::tools;

/// What is wrong with an argument, which LLVM's parser would end the process
/// for with 1 and without `error:`.
static Error check(StringRef argument) {
  StringRef what =
      argument.starts_with("-") ? "unknown option" : "unexpected argument";
  StringRef name = argument.ltrim('-').split('=').first;
  StringRef value = argument.split('=').second;
  bool hasValue = argument.contains('=');
  if (!argument.starts_with("-") ||
      !is_contained({"h", "help", "help-hidden", "help-list",
                     "help-list-hidden", "version", "input-style", "lit-test",
                     "log", "pretty"},
                    name))
    return createStringError(what + " '" + argument +
                             "'; see ringattn-lsp-server --help");
  auto reject = [&](StringRef expected) {
    return createStringError("option '" + argument.split('=').first +
                             "' has the value '" + value + "', expected " +
                             expected);
  };
  if (name == "log" && !is_contained({"error", "info", "verbose"}, value))
    return reject("error, info or verbose");
  if (name == "input-style" && !is_contained({"standard", "delimited"}, value))
    return reject("standard or delimited");
  if ((name == "lit-test" || name == "pretty") && hasValue &&
      !is_contained({"true", "false"}, value))
    return reject("true or false");
  return Error::success();
}

int main(int argc, char **argv) {
  finishAtExit();
  hideLibraryOptions();
  for (StringRef argument : ArrayRef<char *>(argv, argc).drop_front())
    if (Error error = check(argument))
      return reportError(std::move(error), ExitUsage);
  mlir::DialectRegistry registry;
  ringattn::registerAllDialects(registry);
  if (failed(mlir::MlirLspServerMain(argc, argv, registry)))
    return reportError("the language server ended with a fault");
  return finish(ExitSuccess);
}

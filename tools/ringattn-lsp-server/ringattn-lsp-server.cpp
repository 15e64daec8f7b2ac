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

/// Whether LLVM's parser, which would exit with 1 and without `error:`, knows
/// an argument.
static bool isKnown(StringRef argument) {
  StringRef name = argument.ltrim('-').split('=').first;
  return is_contained({"h", "help", "help-hidden", "help-list",
                       "help-list-hidden", "version", "input-style", "lit-test",
                       "log", "pretty"},
                      name);
}

int main(int argc, char **argv) {
  finishAtExit();
  hideLibraryOptions();
  for (StringRef argument : ArrayRef<char *>(argv, argc).drop_front())
    if (!argument.starts_with("-") || !isKnown(argument)) {
      StringRef what =
          argument.starts_with("-") ? "unknown option" : "unexpected argument";
      return reportError(what + " '" + argument +
                             "'; see ringattn-lsp-server --help",
                         ExitUsage);
    }
  mlir::DialectRegistry registry;
  ringattn::registerAllDialects(registry);
  if (failed(mlir::MlirLspServerMain(argc, argv, registry)))
    return reportError("the language server ended with a fault");
  return finish(ExitSuccess);
}

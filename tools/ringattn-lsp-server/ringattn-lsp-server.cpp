//===- ringattn-lsp-server.cpp - Language server for editors --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "ringattn/InitAllDialects.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

/// Whether LLVM's parser, which would exit with 1 and without `error:`, knows
/// an argument.
static bool isKnown(llvm::StringRef argument) {
  llvm::StringRef name = argument.ltrim('-').split('=').first;
  return llvm::is_contained({"h", "help", "help-hidden", "help-list",
                             "help-list-hidden", "version", "input-style",
                             "lit-test", "log", "pretty"},
                            name);
}

int main(int argc, char **argv) {
  for (llvm::StringRef argument :
       llvm::ArrayRef<char *>(argv, argc).drop_front())
    if (!argument.starts_with("-") || !isKnown(argument)) {
      bool isOption = argument.starts_with("-");
      llvm::errs() << "error: "
                   << (isOption ? "unknown option" : "unexpected argument")
                   << " '" << argument << "'; see ringattn-lsp-server --help\n";
      return 2;
    }
  mlir::DialectRegistry registry;
  ringattn::registerAllDialects(registry);
  if (succeeded(mlir::MlirLspServerMain(argc, argv, registry)))
    return 0;
  llvm::errs() << "error: the language server ended with a fault\n";
  return 1;
}

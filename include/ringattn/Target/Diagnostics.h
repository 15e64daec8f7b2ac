//===- Diagnostics.h - How tools print errors -------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_DIAGNOSTICS_H
#define RINGATTN_TARGET_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace ringattn {

/// Prints a context's diagnostics as `error: file:line:col: message`, one line
/// each and without the operation. Only the first error is printed as one, with
/// its notes; those that follow from it become notes, so that a failed command
/// has exactly one line that begins with `error:`. What has been said of a
/// place is not said again.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context,
                    llvm::raw_ostream &os = llvm::errs());

  /// The file named where a diagnostic has no location.
  void setFile(llvm::StringRef name) { file = name.str(); }
  llvm::StringRef getFile() const { return file; }

  bool hasErrors() const { return printedError; }

  /// Prints `message` (`what: why`, without a location) unless an error has
  /// been printed already.
  void error(const llvm::Twine &message);

private:
  void print(const mlir::Diagnostic &diagnostic);
  void printLine(llvm::StringRef severity, mlir::Location loc,
                 const mlir::Diagnostic &diagnostic);

  llvm::raw_ostream &os;
  std::string file;
  bool printedError = false;
  llvm::StringSet<> printed;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace ringattn

#endif // RINGATTN_TARGET_DIAGNOSTICS_H

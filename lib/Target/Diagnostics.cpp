//===- Diagnostics.cpp - How tools print errors ---------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"

using namespace mlir;
using namespace ringattn;

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context,
                                     llvm::raw_ostream &os)
    : os(os), handler(context, [this](Diagnostic &diagnostic) {
        print(diagnostic);
        return success();
      }) {
  context->printOpOnDiagnostic(false);
}

void DiagnosticPrinter::error(const llvm::Twine &message) {
  if (!printedError)
    os << "error: " << message << '\n';
  printedError = true;
}

void DiagnosticPrinter::print(const Diagnostic &diagnostic) {
  StringRef severity;
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    severity = printedError ? "note" : "error";
    printedError = true;
    break;
  case DiagnosticSeverity::Warning:
    severity = "warning";
    break;
  case DiagnosticSeverity::Note:
    severity = "note";
    break;
  case DiagnosticSeverity::Remark:
    severity = "remark";
    break;
  }
  printLine(severity, diagnostic.getLocation(), diagnostic);
  for (const Diagnostic &note : diagnostic.getNotes())
    printLine("note", note.getLocation(), note);
}

void DiagnosticPrinter::printLine(StringRef severity, Location loc,
                                  const Diagnostic &diagnostic) {
  std::string line;
  llvm::raw_string_ostream text(line);
  auto place = loc->findInstanceOf<FileLineColLoc>();
  if (place && place.getLine() != 0)
    text << place.getFilename().getValue() << ':' << place.getLine() << ':'
         << place.getColumn() << ": ";
  else if (!file.empty())
    text << file << ": ";
  // Some upstream messages end with a printed operation.
  text << StringRef(diagnostic.str()).split('\n').first;
  // Kernels that come from one op can be wrong in one way.
  if (printed.insert(line).second)
    os << severity << ": " << line << '\n';
}

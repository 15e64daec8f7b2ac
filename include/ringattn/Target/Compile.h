//===- Compile.h - From a file to a lowered program -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_COMPILE_H
#define RINGATTN_TARGET_COMPILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ringattn/Pipelines/Pipelines.h"
#include "ringattn/Target/Diagnostics.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <string>

namespace ringattn {

struct CompileOptions {
  /// One of `getAllTargets()`.
  std::string target = "cpu";
  /// Empty: the host's.
  std::string targetCpu;
  std::string targetFeatures;
  /// As the options `device-code` and `with-sim` of the pipeline.
  std::string deviceCode;
  bool withSim = false;
  Phase compileTo = Phase::LLVM;
  /// When set, the program after every phase is written to this directory as
  /// `0-global.mlir`, `1-spmd.mlir`, ...
  std::string dumpDirectory;
};

/// Registers what parsing, lowering and translating a program needs.
void registerCompilerDialects(mlir::DialectRegistry &registry);

/// Reads MLIR text or bytecode, which must not be empty; `-` is the standard
/// input.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readProgram(llvm::StringRef path);

/// Reads, parses and verifies a program. Null once the reason is printed.
mlir::OwningOpRef<mlir::ModuleOp> loadProgram(mlir::MLIRContext *context,
                                              llvm::StringRef path,
                                              DiagnosticPrinter &diagnostics);

/// The same from memory; `name` stands for the file in messages.
mlir::OwningOpRef<mlir::ModuleOp> parseProgram(mlir::MLIRContext *context,
                                               llvm::StringRef contents,
                                               llvm::StringRef name,
                                               DiagnosticPrinter &diagnostics);

/// What is wrong with the values of `options`, if anything.
llvm::Error checkOptions(const CompileOptions &options);

/// Lowers `program` up to `options.compileTo`.
mlir::LogicalResult lowerProgram(mlir::ModuleOp program,
                                 const CompileOptions &options,
                                 DiagnosticPrinter &diagnostics);

} // namespace ringattn

#endif // RINGATTN_TARGET_COMPILE_H

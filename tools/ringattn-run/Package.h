//===- Package.h - A module to run, compiled or not -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_PACKAGE_H
#define RINGATTN_TOOLS_RUN_PACKAGE_H

#include "Options.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "ringattn/Support/HostArray.h"
#include "ringattn/Target/Diagnostics.h"
#include "ringattn/Target/JIT.h"
#include "ringrt/ringrt.h"
#include "llvm/Support/JSON.h"

namespace ringattn::tools {

/// An argument or result of an entry, as the manifest describes it.
struct TensorInfo {
  /// A size: a number, any (-1), or that of a dimension of an argument.
  struct Dim {
    int64_t size = -1;
    int64_t argument = -1;
    int64_t dim = -1;
  };
  DType dtype = DType::F32;
  llvm::SmallVector<Dim> shape;
  /// Axes of the grid that it is sharded over; empty where every rank has all.
  llvm::SmallVector<int64_t> axes;

  /// `shape`, with -1 for what is not static.
  llvm::SmallVector<int64_t> staticShape() const;
};

struct EntryInfo {
  std::string name;
  std::vector<TensorInfo> arguments;
  std::vector<TensorInfo> results;
};

/// A compiled module in this process together with the global program that it
/// was compiled from.
class Package {
public:
  Package();
  ~Package();

  /// Compiles a program or opens a package; returns an exit code.
  int load(const RunOptions &options);

  rr_module *getModule() const { return module; }
  const llvm::json::Object &getManifest() const { return manifest; }

  /// Sizes of the grid, -1 for `?`; empty without a grid.
  llvm::ArrayRef<int64_t> getGrid() const { return grid; }

  /// The entry of this name; the error lists those that exist.
  llvm::Expected<EntryInfo> findEntry(llvm::StringRef name) const;

  /// The global program's function `name`; null, with an error printed where
  /// the package's program is damaged, when there is none.
  mlir::func::FuncOp findProgram(llvm::StringRef name);

  DiagnosticPrinter &getDiagnostics() { return diagnostics; }

private:
  int compile(const RunOptions &options);
  llvm::Expected<TensorInfo> readTensor(const llvm::json::Value &value) const;
  llvm::Error readTensors(const llvm::json::Object &entry, llvm::StringRef key,
                          std::vector<TensorInfo> &tensors) const;
  llvm::Error readManifest();

  mlir::MLIRContext context;
  DiagnosticPrinter diagnostics;
  std::unique_ptr<JITModule> jit;
  rr_module *module = nullptr;
  llvm::json::Object manifest;
  llvm::SmallVector<int64_t> grid;
  mlir::OwningOpRef<mlir::ModuleOp> program;
  std::string file;
};

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_PACKAGE_H

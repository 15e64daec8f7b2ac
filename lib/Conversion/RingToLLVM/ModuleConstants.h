//===- ModuleConstants.h - Constants of a module's header -------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CONVERSION_RINGTOLLVM_MODULECONSTANTS_H
#define RINGATTN_LIB_CONVERSION_RINGTOLLVM_MODULECONSTANTS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ringattn {

/// Adds internal constants in the LLVM dialect to a module.
class ModuleConstants {
public:
  /// Builds the fields of a struct, or the elements of an array.
  using Fields =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &)>;

  explicit ModuleConstants(mlir::ModuleOp module)
      : module(module), loc(module.getLoc()) {}

  mlir::Type pointerType() const {
    return mlir::LLVM::LLVMPointerType::get(loc.getContext());
  }

  /// An array of bytes, aligned to 16.
  void addBytes(llvm::StringRef name, llvm::StringRef bytes);
  /// `text` and a final 0, once for a name.
  void addText(llvm::StringRef name, llvm::StringRef text);
  void addAggregate(llvm::StringRef name, mlir::Type type, Fields fields);

  // For the initializers of aggregates.
  mlir::Value number(mlir::OpBuilder &b, int64_t value, unsigned width) const;
  mlir::Value addressOf(mlir::OpBuilder &b, llvm::StringRef symbol) const;
  mlir::Value null(mlir::OpBuilder &b) const;
  mlir::Value aggregate(mlir::OpBuilder &b, mlir::Type type,
                        llvm::ArrayRef<mlir::Value> fields) const;

private:
  mlir::ModuleOp module;
  mlir::Location loc;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CONVERSION_RINGTOLLVM_MODULECONSTANTS_H

//===- Descriptors.h - What the runtime knows of a kernel -------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CONVERSION_NVVMTOSIM_DESCRIPTORS_H
#define RINGATTN_LIB_CONVERSION_NVVMTOSIM_DESCRIPTORS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace ringattn::sim {

/// What a block of the kernel is launched with.
struct Launch {
  int64_t threads;
  /// Of a thread.
  int64_t registers;
};

/// From nvvm.maxntid, nvvm.minctasm and nvvm.maxnreg; emits an error.
llvm::FailureOr<Launch> getLaunch(mlir::LLVM::LLVMFuncOp kernel);

/// Adds the `rs_kernel` of the kernel `name`, and what it points to.
void createDescriptor(mlir::LLVM::LLVMFuncOp function, llvm::StringRef name,
                      Launch launch, llvm::ArrayRef<std::string> locations);

/// A constant whose initializer `value` builds, at the end of the module.
mlir::LLVM::GlobalOp
createConstant(mlir::ModuleOp module, mlir::Location loc, llvm::StringRef name,
               mlir::Type type, mlir::LLVM::Linkage linkage,
               llvm::function_ref<mlir::Value(mlir::OpBuilder &)> value);

/// A struct or array of these elements.
mlir::Value aggregate(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type,
                      llvm::ArrayRef<mlir::Value> elements);

} // namespace ringattn::sim

#endif // RINGATTN_LIB_CONVERSION_NVVMTOSIM_DESCRIPTORS_H

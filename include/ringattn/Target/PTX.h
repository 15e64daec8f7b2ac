//===- PTX.h - From the nvvm dialect to PTX and cubin -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_PTX_H
#define RINGATTN_TARGET_PTX_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace ringattn {

/// What ptxas says of one kernel.
struct KernelResources {
  std::string name;
  unsigned registers = 0;
  /// Shared memory of fixed size, in bytes.
  unsigned sharedBytes = 0;
  unsigned stackBytes = 0;
  unsigned spillStoreBytes = 0;
  unsigned spillLoadBytes = 0;
  /// Named barriers.
  unsigned barriers = 0;
};

struct AssembledKernels {
  std::string ptx;
  std::string cubin;
  llvm::SmallVector<KernelResources> kernels;
};

/// ptxas refused a kernel, or made bad code of it.
class KernelError : public llvm::ErrorInfo<KernelError> {
public:
  static char ID;
  KernelError(std::string kernel, std::string message)
      : kernel(std::move(kernel)), message(std::move(message)) {}

  /// Empty where ptxas names none.
  llvm::StringRef getKernel() const { return kernel; }
  llvm::StringRef getMessage() const { return message; }
  void log(llvm::raw_ostream &os) const override { os << message; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

private:
  std::string kernel;
  std::string message;
};

/// Registers what the functions below need of a context.
void registerPTXTranslations(mlir::DialectRegistry &registry);

/// Passes on a `gpu.module` from the ringptx and nvvm dialects to what
/// `emitPTX` takes.
void buildPTXPipeline(mlir::OpPassManager &pm);

/// Translates a module of the llvm dialect (and nvvm ops that are intrinsics)
/// for the chip of its target attribute.
llvm::Expected<std::string> emitPTX(mlir::gpu::GPUModuleOp module);

/// The path of ptxas.
llvm::Expected<std::string> findPtxas();

/// Assembles for `chip` and fails with a `KernelError` on every error, spill,
/// or serialised product.
llvm::Expected<AssembledKernels> assemblePTX(llvm::StringRef ptx,
                                             llvm::StringRef chip);

/// What `ptxas -v` printed, for one module. Only the messages decide whether it
/// is an error.
llvm::Expected<llvm::SmallVector<KernelResources>>
parsePtxasReport(llvm::StringRef report);

} // namespace ringattn

#endif // RINGATTN_TARGET_PTX_H

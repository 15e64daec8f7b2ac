//===- Instructions.h - Translations of instructions ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CONVERSION_NVVMTOSIM_INSTRUCTIONS_H
#define RINGATTN_LIB_CONVERSION_NVVMTOSIM_INSTRUCTIONS_H

#include "mlir/IR/Operation.h"

#include <functional>
#include <map>

namespace ringattn::sim {

class KernelTranslator;

/// How the ops that stand for instructions are translated, by name.
///
/// A translation returns success with the op replaced, or emits an error.
class Instructions {
public:
  using Translation =
      std::function<llvm::LogicalResult(KernelTranslator &, mlir::Operation *)>;

  template <typename OpTy>
  void add(llvm::LogicalResult (*translate)(KernelTranslator &, OpTy)) {
    translations[OpTy::getOperationName()] = [=](KernelTranslator &t,
                                                 mlir::Operation *op) {
      return translate(t, llvm::cast<OpTy>(op));
    };
  }

  /// Null: the simulator does not know the instruction.
  const Translation *find(mlir::Operation *op) const {
    auto it = translations.find(op->getName().getStringRef());
    return it == translations.end() ? nullptr : &it->second;
  }

  /// "nvvm.barrier, nvvm.elect.sync, ..."
  std::string getNames() const;

private:
  std::map<llvm::StringRef, Translation> translations;
};

/// Special registers, and what the lanes of a warp do together.
void populateWarpInstructions(Instructions &instructions);
/// mbarriers, named barriers and fences.
void populateBarrierInstructions(Instructions &instructions);
/// Copies by the asynchronous proxy, ldmatrix and stmatrix.
void populateCopyInstructions(Instructions &instructions);
/// Matrix products.
void populateProductInstructions(Instructions &instructions);

} // namespace ringattn::sim

#endif // RINGATTN_LIB_CONVERSION_NVVMTOSIM_INSTRUCTIONS_H

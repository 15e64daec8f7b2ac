//===- Uniformity.h - What is the same on all ranks -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A forward analysis over one function: which values may differ between ranks.
// The rule set is the description of `ringcomm-verify`; whatever it does not
// name may differ.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_UNIFORMITY_H
#define RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_UNIFORMITY_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace ringattn::ringcomm {

class UniformityAnalysis {
public:
  explicit UniformityAnalysis(mlir::FunctionOpInterface function);

  /// Whether the value is the same on all ranks whenever they compute it.
  bool isUniform(mlir::Value value) const { return !causes.contains(value); }

  /// The value at which the difference comes into being.
  mlir::Value getOrigin(mlir::Value value) const;

private:
  bool update(mlir::Operation *op);
  bool update(mlir::scf::ForOp loop);
  bool update(mlir::scf::IfOp branch);
  /// Marks `value` if one of `inputs` differs; true if that is new.
  bool propagate(mlir::Value value, mlir::ValueRange inputs);
  bool mark(mlir::Value value, mlir::Value cause);

  /// Values that may differ, each with the operand that makes it differ, or
  /// itself.
  llvm::DenseMap<mlir::Value, mlir::Value> causes;
};

} // namespace ringattn::ringcomm

#endif // RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_UNIFORMITY_H

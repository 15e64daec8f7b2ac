//===- PlanReader.h - A kernel's plan from its attribute --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_TILE_PLANREADER_H
#define RINGATTN_CODEGEN_TILE_PLANREADER_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <limits>

namespace ringattn {

/// Reads a plan that a person may have written: a dictionary of numbers, types
/// and flags on a kernel. The first thing that is wrong is an error on the
/// kernel; what comes after it is not read.
class PlanReader {
public:
  struct Range {
    int64_t least = 1;
    int64_t most = std::numeric_limits<int64_t>::max();
    int64_t multiple = 1;
  };

  /// `what` names the plan where `kernel` lacks `attribute`.
  PlanReader(mlir::FunctionOpInterface kernel, llvm::StringRef attribute,
             llvm::StringRef what);

  void number(llvm::StringRef name, int64_t &field, const Range &range);
  void floatType(llvm::StringRef name, mlir::Type &field);
  /// A unit attribute: true where it is there.
  void flag(llvm::StringRef name, bool &field);
  /// Fails after an error, and where the plan holds something that nothing
  /// above has asked for.
  mlir::LogicalResult finish();

private:
  mlir::Attribute take(llvm::StringRef name);
  void reject(llvm::StringRef name, const llvm::Twine &expected);

  mlir::FunctionOpInterface kernel;
  llvm::StringRef attribute;
  mlir::DictionaryAttr plan;
  llvm::SmallVector<llvm::StringRef> known;
  bool failed = false;
};

/// The start of an error about `name` in a plan: "<attribute> <name> is
/// <value>, expected ".
mlir::InFlightDiagnostic rejectPlan(mlir::FunctionOpInterface kernel,
                                    llvm::StringRef attribute,
                                    llvm::StringRef name,
                                    mlir::Attribute value);

} // namespace ringattn

#endif // RINGATTN_CODEGEN_TILE_PLANREADER_H

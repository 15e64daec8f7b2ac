//===- CPUPlan.h - How a kernel uses an x86-64 CPU --------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_CPU_CPUPLAN_H
#define RINGATTN_CODEGEN_CPU_CPUPLAN_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace ringattn {

/// The CPU's plan of a kernel.
inline constexpr llvm::StringLiteral kCPUAttr = "ringattn.cpu";

/// The attribute `ringattn.cpu`. Sizes count elements.
struct CPUPlan {
  /// Accumulator elements in one vector register.
  int64_t lanes = 0;
  /// Rows and columns of the block of S (and of O) that is kept in registers;
  /// the columns are also the width of a packed panel.
  int64_t registerRows = 0, panel = 0;
  int64_t valueRegisterRows = 0, valuePanel = 0;
  /// Products that one multiply-add consumes: 2 for the bf16 dot product.
  int64_t pair = 1;
  /// Columns of a row that are unrolled where rows are processed.
  int64_t rowChunk = 0;
  /// Instructions: avx512 (vreduceps, vscalefps) or portable.
  bool avx512Exp2 = false;
  bool fma = false;

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  /// The plan of `kernel`; an error on the function where it is missing.
  static mlir::FailureOr<CPUPlan> get(mlir::FunctionOpInterface kernel);
};

} // namespace ringattn

#endif // RINGATTN_CODEGEN_CPU_CPUPLAN_H

//===- RowAccess.h - Vectors from and to rows of memory ---------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_CPU_ROWACCESS_H
#define RINGATTN_LIB_CODEGEN_CPU_ROWACCESS_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ringattn {

/// Whether elements of a row lie next to each other.
inline bool hasUnitStride(mlir::MemRefType type) {
  auto [strides, offset] = type.getStridesAndOffset();
  return strides.back() == 1;
}

/// Reads `count` elements of the row that `indices` starts in; no element
/// outside is touched, so `count` may be any number.
mlir::Value readRow(mlir::ImplicitLocOpBuilder &b, mlir::Value memref,
                    mlir::ValueRange indices, int64_t count);

/// Writes a vector of any length.
void writeRow(mlir::ImplicitLocOpBuilder &b, mlir::Value vector,
              mlir::Value memref, mlir::ValueRange indices);

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_CPU_ROWACCESS_H

//===- GlobalSizes.h - What the sizes of a program come from ---*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_GLOBALSIZES_H
#define RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_GLOBALSIZES_H

#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"

#include "mlir/IR/Operation.h"

#include <optional>

namespace ringattn {

/// A size of the global program: a number, a dimension of an argument, an index
/// that the program computes, or (none of these) unknown.
struct TracedSize {
  std::optional<int64_t> number;
  std::optional<ArgumentDim> argument;
  mlir::Value computed;

  /// The size of `value` in dimension `dim`; `program` is the entry's block.
  static TracedSize of(mlir::Value value, int64_t dim, mlir::Block *program);

  bool operator==(const TracedSize &other) const {
    return number == other.number && argument == other.argument &&
           computed == other.computed;
  }
  explicit operator bool() const { return number || argument || computed; }
};

/// Records in an entry's signature which sizes of a call have to be equal.
class EqualSizeCollector {
public:
  EqualSizeCollector(mlir::Block *program, EntrySignature &signature)
      : program(program), signature(signature) {}

  /// Fails, with a diagnostic, where sizes cannot be equal.
  mlir::LogicalResult run();

private:
  mlir::LogicalResult collect(mlir::Operation *op);
  mlir::LogicalResult requireEqual(mlir::Operation *op, mlir::Value a,
                                   int64_t dimA, mlir::Value b, int64_t dimB);

  mlir::Block *program;
  EntrySignature &signature;
};

} // namespace ringattn

#endif // RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_GLOBALSIZES_H

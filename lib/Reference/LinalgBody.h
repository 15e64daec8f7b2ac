//===- LinalgBody.h - A linalg body over batches ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_REFERENCE_LINALGBODY_H
#define RINGATTN_LIB_REFERENCE_LINALGBODY_H

#include "ScalarOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "ringattn/Reference/Evaluator.h"
#include "llvm/ADT/DenseMap.h"

namespace ringattn::reference {

/// The scalar region of a linalg op, resolved to steps over numbered slots.
class LinalgBody {
public:
  /// Emits an error at the first op that is not covered.
  static mlir::FailureOr<LinalgBody> get(mlir::linalg::LinalgOp op);

  /// Values of other regions that the body uses, and their slots.
  llvm::ArrayRef<std::pair<mlir::Value, unsigned>> getCaptured() const {
    return captured;
  }
  /// Slots of `linalg.index` ops and the loops they read.
  llvm::ArrayRef<std::pair<unsigned, int64_t>> getIndices() const {
    return indices;
  }
  unsigned getNumSlots() const { return numSlots; }
  /// The slot of a block argument.
  unsigned getSlot(mlir::BlockArgument argument) const {
    return slots.lookup(argument);
  }
  /// The slots of the yielded values.
  llvm::ArrayRef<unsigned> getYields() const { return yields; }

  /// Runs the steps on the first `n` scalars. Returns the op that is undefined
  /// for them, or null.
  mlir::Operation *run(llvm::MutableArrayRef<Batch> batches, int64_t n) const;

private:
  struct Step {
    mlir::Operation *op;
    ScalarOp scalarOp;
    llvm::SmallVector<unsigned, 3> operands;
    unsigned result;
  };
  unsigned getOrCreateSlot(mlir::Value value, mlir::Block *body);

  unsigned numSlots = 0;
  llvm::DenseMap<mlir::Value, unsigned> slots;
  llvm::SmallVector<std::pair<mlir::Value, unsigned>> captured;
  llvm::SmallVector<std::pair<unsigned, int64_t>> indices;
  llvm::SmallVector<unsigned> yields;
  std::vector<Step> steps;
};

} // namespace ringattn::reference

#endif // RINGATTN_LIB_REFERENCE_LINALGBODY_H

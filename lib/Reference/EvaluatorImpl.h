//===- EvaluatorImpl.h - State of an evaluation -----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_REFERENCE_EVALUATORIMPL_H
#define RINGATTN_LIB_REFERENCE_EVALUATORIMPL_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Reference/Evaluator.h"
#include "llvm/ADT/DenseMap.h"

namespace ringattn::reference {

using Shape = llvm::SmallVector<int64_t>;

/// What is said of an integer division without a result.
inline constexpr llvm::StringLiteral
    kUndefined("is undefined for these operands, expected a divisor other than "
               "0 and a quotient that fits");

/// `dim` below means: -1 for a whole value, else the dimension in which the
/// positions `selection` are wanted.
struct Evaluator::Impl {
  mlir::func::FuncOp func;
  llvm::ArrayRef<HostArray> args;
  EvaluatorOptions options;

  std::vector<int64_t> selection;
  llvm::DenseMap<mlir::Value, TensorPtr> whole;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, TensorPtr> selected;
  llvm::DenseMap<mlir::Value, std::optional<int64_t>> rowDims;

  mlir::Value getResult(unsigned result) {
    return func.front().getTerminator()->getOperand(result);
  }

  // Evaluator.cpp
  mlir::FailureOr<TensorPtr> evaluate(mlir::Value value, int64_t dim);
  mlir::LogicalResult compute(mlir::Value value, int64_t dim);
  void store(mlir::Value value, int64_t dim, TensorPtr tensor);
  TensorPtr select(const Tensor &tensor, int64_t dim);
  mlir::LogicalResult computeArgument(mlir::BlockArgument argument,
                                      int64_t dim);
  mlir::LogicalResult computeAttention(AttentionOp op, int64_t dim);
  mlir::LogicalResult computeElementwise(mlir::Operation *op, int64_t dim);
  /// Evaluates `from` and stores it, with another shape, as `to`.
  mlir::LogicalResult forward(mlir::Value to, int64_t dim, mlir::Value from,
                              int64_t fromDim);

  // Constants.cpp
  mlir::LogicalResult computeConstant(mlir::Operation *op);

  // Linalg.cpp
  mlir::LogicalResult computeLinalg(mlir::linalg::LinalgOp op,
                                    mlir::OpResult result, int64_t dim);

  // Shapes.cpp
  mlir::LogicalResult verify();
  mlir::LogicalResult verifyArguments();
  mlir::FailureOr<Shape> getShape(mlir::Value value);
  std::optional<int64_t> getRowDim(mlir::Value value);
  std::optional<int64_t> findRowDim(mlir::Value value);
  /// The dimension of a reshape's source that is dimension `dim` of its result,
  /// or -1.
  static int64_t mapReshape(mlir::Operation *op, int64_t dim, bool toSource);
};

/// An empty tensor for values of `type`: values or ints, and errors if asked.
Tensor makeTensor(llvm::ArrayRef<int64_t> shape, mlir::Type type,
                  bool withErrors);

} // namespace ringattn::reference

#endif // RINGATTN_LIB_REFERENCE_EVALUATORIMPL_H

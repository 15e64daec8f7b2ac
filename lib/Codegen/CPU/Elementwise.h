//===- Elementwise.h - Building elementwise expressions ---------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_CPU_ELEMENTWISE_H
#define RINGATTN_LIB_CODEGEN_CPU_ELEMENTWISE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

namespace ringattn {

/// Builds elementwise expressions on a scalar or vector type.
class Elementwise {
public:
  Elementwise(mlir::Location loc, mlir::OpBuilder &builder) : b(loc, builder) {}

  /// `like` with another element type.
  static mlir::Type with(mlir::Type like, mlir::Type element) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(like))
      return mlir::VectorType::get(vector.getShape(), element,
                                   vector.getScalableDims());
    return element;
  }
  mlir::Value constant(mlir::Type type, mlir::TypedAttr value) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      value = mlir::DenseElementsAttr::get(vector, mlir::Attribute(value));
    return mlir::arith::ConstantOp::create(b, value);
  }
  mlir::Value real(mlir::Type type, double value) {
    return constant(type,
                    b.getFloatAttr(mlir::getElementTypeOrSelf(type), value));
  }
  mlir::Value integer(mlir::Type type, int64_t value) {
    return constant(type,
                    b.getIntegerAttr(mlir::getElementTypeOrSelf(type), value));
  }

  mlir::ImplicitLocOpBuilder b;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_CPU_ELEMENTWISE_H

//===- ShardingPropagation.h - Which tensors are sharded --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_SHARDINGPROPAGATION_H
#define RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_SHARDINGPROPAGATION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "llvm/ADT/DenseMap.h"

namespace ringattn {

/// The sharding of one tensor: the sequence sharding and the dimension of the
/// tensor that is the sequence.
struct TensorSharding {
  SeqShardingAttr sharding;
  int64_t dim = -1;
  explicit operator bool() const { return bool(sharding); }
  bool operator==(const TensorSharding &other) const {
    return sharding == other.sharding && dim == other.dim;
  }
};

/// Shardings of the values of one function; absent values are replicated.
class ShardingMap {
public:
  /// Starts at the attentions of `function` and follows every op that is
  /// independent along the sequence, forwards and backwards, to a fixed point.
  /// Emits a diagnostic where shardings meet or an op is not independent.
  static mlir::FailureOr<ShardingMap> compute(mlir::Operation *function);

  TensorSharding lookup(mlir::Value value) const {
    return shardings.lookup(value);
  }

private:
  explicit ShardingMap(mlir::Operation *function) : function(function) {}

  mlir::LogicalResult assign(mlir::Operation *user, mlir::Value value,
                             TensorSharding sharding);
  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult visitElementwise(mlir::Operation *op);
  mlir::LogicalResult visitLinalg(mlir::linalg::LinalgOp op);
  mlir::LogicalResult findLoop(mlir::linalg::LinalgOp op,
                               std::optional<unsigned> &loop,
                               SeqShardingAttr &sharding);
  mlir::LogicalResult assignAlong(mlir::linalg::LinalgOp op, unsigned loop,
                                  SeqShardingAttr sharding);

  mlir::Operation *function;
  llvm::DenseMap<mlir::Value, TensorSharding> shardings;
  llvm::SmallVector<mlir::Value> changed;
};

/// Whether `op` computes each element of its tensor results from the elements
/// of its tensor operands at the same place.
bool isElementwiseOnTensors(mlir::Operation *op);

} // namespace ringattn

#endif // RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_SHARDINGPROPAGATION_H

//===- EntrySignature.h - The global signature of an entry ------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An entry of an SPMD program works on local shards; its attribute
// `ringattn.entry` keeps what the caller of the global program sees. It is a
// dictionary that this file writes and reads:
//
//   arguments, results: one dictionary per value with
//     type      the global tensor type
//     sharding  #ringattn.seq_sharding, absent when replicated
//     dim       the sharded dimension, absent when replicated
//     sizes     results only: one array [argument, dimension] per dynamic
//               dimension, naming the argument's dimension it equals
//   equal: pairs of dimensions of arguments that must agree at run time; each
//   is
//     [argument, dimension, argument, dimension], or [argument, dimension,
//     size]
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_TRANSFORMS_ENTRYSIGNATURE_H
#define RINGATTN_DIALECT_RINGATTN_TRANSFORMS_ENTRYSIGNATURE_H

#include "mlir/IR/BuiltinTypes.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

namespace ringattn {

/// A dimension of an argument of an entry.
struct ArgumentDim {
  int64_t argument;
  int64_t dim;
  bool operator==(const ArgumentDim &other) const {
    return argument == other.argument && dim == other.dim;
  }
};

/// A global tensor of an entry's signature.
struct EntryValue {
  mlir::RankedTensorType type;
  /// Null when replicated.
  SeqShardingAttr sharding;
  int64_t dim = -1;
  /// Results: where each dynamic size comes from, in order.
  mlir::SmallVector<ArgumentDim> sizes;

  /// The type of this rank's shard: the sharded size is static where all ranks
  /// provably own the same number of positions, else dynamic.
  mlir::RankedTensorType getLocalType(int64_t ringSize) const;
};

/// Two dimensions that must be equal, or one that must be a number.
struct EqualSizes {
  ArgumentDim a;
  std::optional<ArgumentDim> b;
  int64_t size = 0;
  bool operator==(const EqualSizes &other) const {
    return a == other.a && b == other.b && size == other.size;
  }
};

struct EntrySignature {
  mlir::SmallVector<EntryValue> arguments;
  mlir::SmallVector<EntryValue> results;
  mlir::SmallVector<EqualSizes> equal;

  static constexpr llvm::StringLiteral kAttrName = "ringattn.entry";

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  /// Reads the attribute of an entry; none when `op` is not one.
  static std::optional<EntrySignature> get(mlir::Operation *op);
};

} // namespace ringattn

#endif // RINGATTN_DIALECT_RINGATTN_TRANSFORMS_ENTRYSIGNATURE_H

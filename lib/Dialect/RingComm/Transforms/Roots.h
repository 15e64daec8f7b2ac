//===- Roots.h - The buffers that memrefs view ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Maps every memref of a function to its root, the buffer it views, and answers
// whether two roots may be the same buffer.
//
// A root is an allocation, an argument, a global, or a *merge*: a carried value
// or result of scf.for, a result of scf.if, a select. A merge is one fixed but
// unknown buffer of its sources for as long as the value lives, so a merge is
// the same buffer as itself. The merges of one scf.for that carries distinct
// buffers (a rotation) are also pairwise distinct; which loops do is the
// greatest solution of "the inits are distinct, and the yielded buffers are
// distinct if the carried ones are", sound by induction over the execution.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_ROOTS_H
#define RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_ROOTS_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace ringattn::ringcomm {

struct Root {
  enum class Kind { Alloc, Argument, Global, Merge, Unknown };

  Kind kind;
  /// Order of creation; the sources of a merge that are merges come before it.
  unsigned id;
  /// The value that stands for the root; null for the unknown root.
  mlir::Value value;
  /// Of a merge: what it may be.
  llvm::SmallVector<Root *> sources;
  /// Of the merges of a loop: the loop, and whether this is a result.
  mlir::Operation *loop = nullptr;
  bool isResult = false;
  /// Set when a merge turned out to be one root.
  Root *forward = nullptr;

  /// Whether the buffer comes into being in a region of `op`.
  bool isDefinedInside(mlir::Operation *op);
};

/// Whether a loop carries distinct buffers, and if not, why.
struct Rotation {
  enum class Fault { None, AliasingInits, NotAPermutation };

  Fault fault = Fault::None;
  /// Positions among the carried values of the two buffers at fault; equal when
  /// one buffer alone is.
  unsigned first = 0, second = 0;
};

class RootAnalysis {
public:
  explicit RootAnalysis(mlir::FunctionOpInterface function);

  /// The root of a memref of the function.
  Root *get(mlir::Value memref) const;

  /// Whether the two may be one buffer at one moment, when both values live.
  bool mayAlias(Root *a, Root *b) const;

  /// Whether the two may be one buffer at different moments: what a loop
  /// carries is distinct in one iteration, but rotates.
  bool mayEverAlias(Root *a, Root *b) const;

  /// Whether the root can only be allocations and arguments.
  bool isKnown(Root *root) const;

  /// The carried buffers of a loop: positions in its iter_args whose buffer may
  /// change from one iteration to the next.
  llvm::ArrayRef<unsigned> getCarried(mlir::scf::ForOp loop) const;

  /// Whether the buffers a loop carries are distinct in every iteration.
  Rotation getRotation(mlir::scf::ForOp loop) const;

private:
  Root *create(Root::Kind kind, mlir::Value value);
  void visit(mlir::Block &block);
  void visitOp(mlir::Operation *op);
  void visitFor(mlir::scf::ForOp loop);
  void visitIf(mlir::scf::IfOp branch);
  Root *merge(mlir::Value value, llvm::ArrayRef<Root *> sources);
  Rotation checkRotation(mlir::scf::ForOp loop) const;
  /// What a root may be, without merges.
  const llvm::SmallPtrSetImpl<Root *> &getBases(Root *root) const;

  llvm::SmallVector<std::unique_ptr<Root>> storage;
  Root *unknown;
  llvm::DenseMap<mlir::Value, Root *> roots;
  llvm::DenseMap<mlir::Attribute, Root *> globals;
  llvm::MapVector<mlir::Operation *, llvm::SmallVector<unsigned>> carried;
  llvm::DenseMap<mlir::Operation *, Rotation> rotations;
  /// Answers of `mayAlias` and `getBases`: merges of merges are many paths.
  mutable llvm::DenseMap<std::pair<Root *, Root *>, bool> aliases;
  mutable llvm::DenseMap<Root *, std::unique_ptr<llvm::SmallPtrSet<Root *, 4>>>
      bases;
};

} // namespace ringattn::ringcomm

#endif // RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_ROOTS_H

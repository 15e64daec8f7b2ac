//===- Accesses.h - What ops do to the buffers they use ---------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The accesses of one op (without its regions) to the memrefs it uses, through
// MemoryEffectOpInterface; calls and ringrt.parallel_for through a summary of
// the callee. An op that is not known to leave a memref alone lets it escape.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_ACCESSES_H
#define RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_ACCESSES_H

#include "Roots.h"
#include "mlir/IR/SymbolTable.h"

namespace ringattn::ringcomm {

enum class AccessKind { Read, Write, Free, Escape };
inline constexpr unsigned kNumAccessKinds = 4;

/// One access of an op to the buffer of one of its operands.
struct Access {
  AccessKind kind;
  mlir::Value memref;
  /// Where the callee accesses it; null if the op itself does.
  mlir::Operation *inCallee = nullptr;
};

/// What a call of a function may do.
struct FunctionSummary {
  /// For each argument and access kind an op that does it, or null.
  llvm::SmallVector<std::array<mlir::Operation *, kNumAccessKinds>> arguments;
  /// An exchange or wait in the function or in a callee, or null.
  mlir::Operation *exchange = nullptr;
  /// Whether the body is there to be read.
  bool isKnown = false;
};

class AccessAnalysis {
public:
  explicit AccessAnalysis(mlir::SymbolTableCollection &symbols)
      : symbols(symbols) {}

  /// The accesses of `op`, not counting those in its regions.
  llvm::SmallVector<Access> getAccesses(mlir::Operation *op);

  /// The summary of the function that `op` calls; null if it is no call, or one
  /// of an unknown function.
  const FunctionSummary *getCallee(mlir::Operation *op);

private:
  const FunctionSummary *summarize(mlir::FunctionOpInterface function);

  mlir::SymbolTableCollection &symbols;
  /// Null while a function is being summarized.
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<FunctionSummary>> summaries;
};

/// Whether the op exchanges or awaits, or handles a token, itself or in its
/// regions.
bool involvesExchanges(mlir::Operation *op);

} // namespace ringattn::ringcomm

#endif // RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_ACCESSES_H

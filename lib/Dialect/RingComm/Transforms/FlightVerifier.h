//===- FlightVerifier.h - Exchanges in flight -------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Abstract interpretation of one function. The state maps every token in flight
// to the roots of its buffers. A loop body is interpreted once, with the
// carried buffers and tokens as symbols; the state it yields, read back through
// the permutation of the buffers, must be the one it was entered with. That
// covers zero trips: the results of a loop stand for the same state as its
// inits.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_FLIGHTVERIFIER_H
#define RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_FLIGHTVERIFIER_H

#include "Accesses.h"
#include "mlir/IR/Diagnostics.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "llvm/ADT/MapVector.h"

namespace ringattn::ringcomm {

/// An exchange between its start and its wait.
struct Flight {
  Root *send;
  Root *receive;
  mlir::Operation *start;
};

/// An op after which a buffer must not be exchanged: unknown code may keep it,
/// or it is freed.
struct Loss {
  mlir::Operation *op;
  AccessKind kind;
  Root *buffer;
};

using Flights = llvm::MapVector<mlir::Value, Flight>;

class FlightVerifier {
public:
  FlightVerifier(mlir::FunctionOpInterface function, AccessAnalysis &accesses)
      : function(function), accesses(accesses), roots(function) {}

  mlir::LogicalResult verify();

private:
  mlir::LogicalResult visit(mlir::Block &block);
  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult visit(ShiftStartOp op);
  mlir::LogicalResult visit(mlir::scf::ForOp loop);
  mlir::LogicalResult visit(mlir::scf::IfOp branch);
  mlir::LogicalResult visitReturn(mlir::Operation *op);

  /// Reports the accesses of one op to buffers in flight.
  mlir::LogicalResult checkAccesses(mlir::Operation *op);
  mlir::LogicalResult checkRotation(mlir::scf::ForOp loop);
  /// Reports buffers of an exchange that are lost before it starts.
  mlir::LogicalResult checkLosses(ShiftStartOp op);
  bool mayComeBefore(const Loss &loss, ShiftStartOp op, Root *buffer) const;
  /// Interprets a branch; what its yield hands on is appended to `yielded`.
  mlir::LogicalResult visitBranch(mlir::Region &region,
                                  llvm::SmallVectorImpl<Flight> &yielded);
  /// Ends the flight of a token, on behalf of its user `op`.
  mlir::FailureOr<Flight> take(mlir::Value token, mlir::Operation *op);
  /// A flight as seen after its buffers `from` of the loop became `to`.
  Flight rename(Flight flight, mlir::scf::ForOp loop, mlir::ValueRange from,
                mlir::ValueRange to) const;

  mlir::FunctionOpInterface function;
  AccessAnalysis &accesses;
  RootAnalysis roots;
  /// The tokens in flight, and those that were: with the op that took them.
  Flights flights;
  llvm::DenseMap<mlir::Value, mlir::Operation *> taken;
  /// Ops in the order of the program, and the buffers that escape or end.
  llvm::DenseMap<mlir::Operation *, unsigned> order;
  llvm::SmallVector<Loss> losses;
};

/// Notes where the exchange was started.
void noteStart(mlir::InFlightDiagnostic &diag, const Flight &flight);

} // namespace ringattn::ringcomm

#endif // RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_FLIGHTVERIFIER_H

//===- VerifyFlow.cpp - Exchanges in flight through loops and branches ----===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlightVerifier.h"

using namespace mlir;
using namespace ringattn::ringcomm;

static bool isToken(Value value) { return isa<TokenType>(value.getType()); }

LogicalResult FlightVerifier::checkRotation(scf::ForOp loop) {
  Rotation rotation = roots.getRotation(loop);
  if (rotation.fault == Rotation::Fault::None)
    return success();
  bool areInits = rotation.fault == Rotation::Fault::AliasingInits;
  // A loop that yields what an inner loop garbled is not the cause.
  if (!areInits) {
    WalkResult inner = loop.getBody()->walk([&](scf::ForOp nested) {
      return roots.getRotation(nested).fault == Rotation::Fault::NotAPermutation
                 ? (void(checkRotation(nested)), WalkResult::interrupt())
                 : WalkResult::advance();
    });
    if (inner.wasInterrupted())
      return failure();
  }
  Operation *op = areInits ? loop : loop.getBody()->getTerminator();
  ValueRange values =
      areInits ? ValueRange(loop.getInitArgs()) : op->getOperands();
  bool isCertain =
      roots.get(values[rotation.first]) == roots.get(values[rotation.second]);
  InFlightDiagnostic diag = op->emitOpError();
  diag << (areInits ? "enters the loop" : "continues the loop") << " with "
       << (isCertain ? "the same buffer" : "possibly the same buffer")
       << " as carried values " << rotation.first << " and " << rotation.second
       << ", expected "
       << (areInits ? "distinct buffers" : "a permutation of the buffers")
       << " around an exchange";
  if (!areInits)
    diag.attachNote(loop.getLoc()) << "of this loop";
  return diag;
}

Flight FlightVerifier::rename(Flight flight, scf::ForOp loop, ValueRange from,
                              ValueRange to) const {
  for (Root **buffer : {&flight.send, &flight.receive})
    for (unsigned i : roots.getCarried(loop))
      if (roots.get(from[i]) == *buffer) {
        *buffer = roots.get(to[i]);
        break;
      }
  return flight;
}

LogicalResult FlightVerifier::visit(scf::ForOp loop) {
  if (failed(checkRotation(loop)))
    return failure();
  SmallVector<unsigned> positions;
  for (auto [i, init] : llvm::enumerate(loop.getInitArgs()))
    if (isToken(init))
      positions.push_back(i);

  // Enter: carried tokens are taken from outside, on the carried buffers.
  SmallVector<Flight> carried;
  for (unsigned i : positions) {
    FailureOr<Flight> flight = take(loop.getInitArgs()[i], loop);
    if (failed(flight))
      return failure();
    carried.push_back(
        rename(*flight, loop, loop.getInitArgs(), loop.getRegionIterArgs()));
  }
  Flights outside = flights;
  for (auto [i, flight] : llvm::zip_equal(positions, carried))
    flights[loop.getRegionIterArg(i)] = flight;
  if (failed(visit(*loop.getBody())))
    return failure();

  // Continue: nothing else is in flight than what was, and what is carried.
  Operation *yield = loop.getBody()->getTerminator();
  SmallVector<Flight> yielded;
  for (unsigned i : positions) {
    FailureOr<Flight> flight = take(yield->getOperand(i), yield);
    if (failed(flight))
      return failure();
    yielded.push_back(*flight);
  }
  for (const auto &[token, flight] : flights)
    if (!outside.contains(token)) {
      InFlightDiagnostic diag =
          flight.start->emitOpError()
          << "is not awaited in every iteration, expected ringcomm.wait before "
             "the end of the loop body or a token that the loop carries";
      diag.attachNote(loop.getLoc()) << "in this loop";
      return diag;
    }
  for (const auto &[token, flight] : outside)
    if (!flights.contains(token)) {
      InFlightDiagnostic diag =
          taken.lookup(token)->emitOpError()
          << "takes a token from outside a loop, in every iteration, expected "
             "the loop to carry it";
      diag.attachNote(loop.getLoc()) << "the loop is here";
      noteStart(diag, flight);
      return diag;
    }

  // What is carried is the same, on the same carried buffers.
  for (auto [i, flight, expected] :
       llvm::zip_equal(positions, yielded, carried)) {
    Flight next =
        rename(flight, loop, yield->getOperands(), loop.getRegionIterArgs());
    // A buffer of this iteration that is not carried on is another one, or
    // gone, in the next.
    auto isLost = [&](Root *before, Root *after) {
      return before == after && before->isDefinedInside(loop);
    };
    if (next.send == expected.send && next.receive == expected.receive &&
        !isLost(flight.send, next.send) &&
        !isLost(flight.receive, next.receive))
      continue;
    InFlightDiagnostic diag =
        yield->emitOpError()
        << "carries an exchange on other buffers into the next iteration than "
           "into this one (carried value "
        << i << "), expected the same carried buffers";
    noteStart(diag, flight);
    diag.attachNote(expected.start->getLoc())
        << "into the first iteration it is this exchange";
    return diag;
  }

  // Leave.
  for (auto [i, flight] : llvm::zip_equal(positions, carried))
    flights[loop.getResult(i)] =
        rename(flight, loop, loop.getRegionIterArgs(), loop.getResults());
  return success();
}

LogicalResult FlightVerifier::visitBranch(Region &region,
                                          SmallVectorImpl<Flight> &yielded) {
  if (region.empty())
    return success();
  if (failed(visit(region.front())))
    return failure();
  Operation *yield = region.front().getTerminator();
  for (Value operand : yield->getOperands()) {
    if (!isToken(operand))
      continue;
    FailureOr<Flight> flight = take(operand, yield);
    if (failed(flight))
      return failure();
    yielded.push_back(*flight);
  }
  return success();
}

LogicalResult FlightVerifier::visit(scf::IfOp branch) {
  Flights before = flights;
  DenseMap<Value, Operation *> takenBefore = taken;
  SmallVector<Flight> thenYields, elseYields;
  if (failed(visitBranch(branch.getThenRegion(), thenYields)))
    return failure();
  Flights afterThen = std::exchange(flights, before);
  DenseMap<Value, Operation *> takenInThen = std::exchange(taken, takenBefore);
  if (failed(visitBranch(branch.getElseRegion(), elseYields)))
    return failure();
  taken.insert(takenInThen.begin(), takenInThen.end());

  for (auto [mine, other] :
       {std::pair(&afterThen, &flights), std::pair(&flights, &afterThen)})
    for (const auto &[token, flight] : *mine) {
      if (!before.contains(token)) {
        InFlightDiagnostic diag =
            flight.start->emitOpError()
            << "is not awaited on every path, expected ringcomm.wait before "
               "the end of the branch";
        diag.attachNote(branch.getLoc()) << "in this scf.if";
        return diag;
      }
      if (!other->contains(token)) {
        InFlightDiagnostic diag =
            branch.emitOpError()
            << "takes a token in one branch only, expected both branches to "
               "leave the same exchanges in flight";
        diag.attachNote(taken.lookup(token)->getLoc())
            << "the token is taken here";
        noteStart(diag, flight);
        return diag;
      }
    }

  unsigned next = 0;
  for (Value result : branch.getResults()) {
    if (!isToken(result))
      continue;
    const Flight &first = thenYields[next], &second = elseYields[next];
    ++next;
    if (first.send != second.send || first.receive != second.receive) {
      InFlightDiagnostic diag =
          branch.emitOpError()
          << "yields exchanges on different buffers from its branches, "
             "expected the same buffers";
      noteStart(diag, first);
      noteStart(diag, second);
      return diag;
    }
    flights[result] = first;
  }
  return success();
}

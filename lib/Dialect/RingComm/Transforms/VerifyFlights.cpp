//===- VerifyFlights.cpp - Exchanges in flight ----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlightVerifier.h"

#include "VerifyExchanges.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::ringcomm;

void ringcomm::noteStart(InFlightDiagnostic &diag, const Flight &flight) {
  diag.attachNote(flight.start->getLoc()) << "the exchange was started here";
}

LogicalResult FlightVerifier::verify() {
  if (!function.getFunctionBody().hasOneBlock()) {
    Operation *exchange = nullptr;
    function.getFunctionBody().walk([&](Operation *op) {
      if (!exchange && isa<ShiftStartOp, WaitOp>(op))
        exchange = op;
    });
    return (exchange ? exchange : function.getOperation())->emitOpError()
           << "is in a function of several blocks, expected structured control "
              "flow around exchanges";
  }
  function.getFunctionBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    order[op] = order.size();
    for (const Access &access : accesses.getAccesses(op))
      if (access.kind == AccessKind::Escape || access.kind == AccessKind::Free)
        losses.push_back({op, access.kind, roots.get(access.memref)});
  });
  return visit(function.getFunctionBody().front());
}

LogicalResult FlightVerifier::visit(Block &block) {
  bool ok = true;
  for (Operation &op : block) {
    // An access to a buffer in flight leaves the state sound; go on.
    if (!involvesExchanges(&op)) {
      ok &= !op.walk([&](Operation *nested) {
                 return failed(checkAccesses(nested)) ? WalkResult::interrupt()
                                                      : WalkResult::advance();
               }).wasInterrupted();
      if (block.getParentOp() == function &&
          op.hasTrait<OpTrait::IsTerminator>())
        ok &= succeeded(visitReturn(&op));
      continue;
    }
    if (failed(visit(&op)))
      return failure();
  }
  return success(ok);
}

LogicalResult FlightVerifier::visit(Operation *op) {
  if (auto start = dyn_cast<ShiftStartOp>(op))
    return visit(start);
  if (auto wait = dyn_cast<WaitOp>(op))
    return success(succeeded(take(wait.getToken(), op)));
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return visit(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return visit(branch);
  if (auto span = dyn_cast<ringrt::SpanOp>(op))
    return visit(span.getBody().front());
  // The op around a yield takes its tokens.
  if (isa<scf::YieldOp>(op))
    return success();
  if (op->getNumRegions() == 0)
    return op->emitOpError() << "uses a token, expected only ringcomm.wait, "
                                "scf.for, scf.if and scf.yield to do so";
  return op->emitOpError() << "contains an exchange, expected only scf.for, "
                              "scf.if and ringrt.span around exchanges";
}

FailureOr<Flight> FlightVerifier::take(Value token, Operation *op) {
  auto it = flights.find(token);
  if (it != flights.end()) {
    Flight flight = it->second;
    flights.erase(it);
    taken[token] = op;
    return flight;
  }
  if (Operation *earlier = taken.lookup(token)) {
    InFlightDiagnostic diag =
        op->emitOpError()
        << "takes a token for the second time, expected every token to be "
           "awaited exactly once";
    diag.attachNote(earlier->getLoc()) << "the token was taken here";
    return diag;
  }
  return op->emitOpError() << "takes a token of unknown origin, expected one "
                              "of a ringcomm.shift_start in this function";
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// "reads", or "may read" where the buffers need not be the same.
static StringRef getVerb(AccessKind kind, bool isCertain) {
  switch (kind) {
  case AccessKind::Read:
    return isCertain ? "reads" : "may read";
  case AccessKind::Write:
    return isCertain ? "writes" : "may write";
  case AccessKind::Free:
    return isCertain ? "frees" : "may free";
  case AccessKind::Escape:
    return isCertain ? "leaks" : "may leak";
  }
  llvm_unreachable("unknown access");
}

LogicalResult FlightVerifier::checkAccesses(Operation *op) {
  if (flights.empty())
    return success();
  for (const Access &access : accesses.getAccesses(op)) {
    Root *root = roots.get(access.memref);
    for (const auto &[token, flight] : flights) {
      bool isReceive = roots.mayAlias(root, flight.receive);
      bool isSend =
          access.kind != AccessKind::Read && roots.mayAlias(root, flight.send);
      if (!isReceive && !isSend)
        continue;
      // Prefer the buffer it certainly is.
      if (isSend && root == flight.send)
        isReceive = false;
      Root *buffer = isReceive ? flight.receive : flight.send;
      InFlightDiagnostic diag = op->emitOpError();
      diag << getVerb(access.kind, root == buffer) << " the "
           << (isReceive ? "receive" : "send")
           << " buffer of an exchange in flight, expected "
           << (access.kind == AccessKind::Escape
                   ? "ops and callees of known effect"
                   : "ringcomm.wait before");
      noteStart(diag, flight);
      if (access.inCallee)
        diag.attachNote(access.inCallee->getLoc()) << "in the callee, here";
      return diag;
    }
  }
  return success();
}

bool FlightVerifier::mayComeBefore(const Loss &loss, ShiftStartOp op,
                                   Root *buffer) const {
  if (order.lookup(loss.op) < order.lookup(op))
    return true;
  for (auto loop = op->getParentOfType<LoopLikeOpInterface>(); loop;
       loop = loop->getParentOfType<LoopLikeOpInterface>()) {
    if (!loop->isAncestor(loss.op))
      continue;
    // An allocation of this iteration is not the one that an earlier one freed.
    bool isFresh = loss.kind == AccessKind::Free && buffer == loss.buffer &&
                   buffer->kind == Root::Kind::Alloc &&
                   buffer->isDefinedInside(loop);
    if (!isFresh)
      return true;
  }
  return false;
}

LogicalResult FlightVerifier::checkLosses(ShiftStartOp op) {
  for (const Loss &loss : losses)
    for (auto [name, memref] : {std::pair("send", op.getSend()),
                                std::pair("receive", op.getReceive())}) {
      Root *buffer = roots.get(memref);
      if (!roots.mayEverAlias(loss.buffer, buffer) ||
          !mayComeBefore(loss, op, buffer))
        continue;
      InFlightDiagnostic diag = op.emitOpError() << name << " buffer may be ";
      if (loss.kind == AccessKind::Free)
        diag << "freed before, expected it to live until the wait";
      else
        diag << "reached by unknown code, expected it to be used by ops and "
                "callees of known effect";
      diag.attachNote(loss.op->getLoc())
          << "the buffer is "
          << (loss.kind == AccessKind::Free ? "freed" : "leaked") << " here";
      return diag;
    }
  return success();
}

LogicalResult FlightVerifier::visit(ShiftStartOp op) {
  Root *send = roots.get(op.getSend()), *receive = roots.get(op.getReceive());
  for (auto [name, root] :
       {std::pair("send", send), std::pair("receive", receive)})
    if (!roots.isKnown(root))
      return op.emitOpError()
             << name
             << " buffer is of unknown origin, expected memref.alloc, "
                "memref.alloca or an argument of the function";
  if (roots.mayAlias(send, receive))
    return op.emitOpError()
           << (send == receive ? "sends and receives" : "may send and receive")
           << " the same buffer, expected two distinct ones";
  bool ok = succeeded(checkLosses(op)) && succeeded(checkAccesses(op));
  flights[op.getToken()] = {send, receive, op};
  return success(ok);
}

LogicalResult FlightVerifier::visitReturn(Operation *op) {
  for (Value operand : op->getOperands()) {
    if (!isa<BaseMemRefType>(operand.getType()))
      continue;
    for (const auto &[token, flight] : flights)
      for (Root *buffer : {flight.send, flight.receive})
        if (roots.mayAlias(roots.get(operand), buffer)) {
          InFlightDiagnostic diag =
              op->emitOpError()
              << "returns the " << (buffer == flight.send ? "send" : "receive")
              << " buffer of an exchange in flight, expected ringcomm.wait "
                 "before";
          noteStart(diag, flight);
          return diag;
        }
  }
  for (const auto &[token, flight] : flights) {
    InFlightDiagnostic diag =
        flight.start->emitOpError()
        << "is never awaited, expected ringcomm.wait before the end of the "
           "function";
    diag.attachNote(op->getLoc()) << "the exchange is still in flight here";
  }
  return success(flights.empty());
}

LogicalResult ringcomm::verifyFlights(FunctionOpInterface function,
                                      AccessAnalysis &accesses) {
  return FlightVerifier(function, accesses).verify();
}

//===- VerifyPass.cpp - The pass ringcomm-verify --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VerifyExchanges.h"

#include "Uniformity.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "ringattn/Dialect/RingComm/Transforms/Passes.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::ringcomm;

namespace ringattn::ringcomm {
#define GEN_PASS_DEF_RINGCOMMVERIFY
#include "ringattn/Dialect/RingComm/Transforms/Passes.h.inc"
} // namespace ringattn::ringcomm

/// Notes where the difference between ranks comes from.
static void noteOrigin(InFlightDiagnostic &diag,
                       const UniformityAnalysis &uniformity, Value value) {
  diag.attachNote(uniformity.getOrigin(value).getLoc())
      << "it follows from this value, which is not known to be the same on all "
         "ranks";
}

/// A constant number of active ranks is one of the ring.
static LogicalResult verifyActive(ShiftStartOp op) {
  std::optional<int64_t> active = getConstantIntValue(op.getActive());
  if (!active)
    return success();
  int64_t size = getRingSize(op, op.getGridAttr(), op.getAxes());
  bool isDynamic = ShapedType::isDynamic(size);
  if (*active >= 0 && (isDynamic || *active <= size))
    return success();
  InFlightDiagnostic diag = op.emitOpError()
                            << "has " << *active << " active ranks, expected ";
  if (isDynamic)
    return diag << "at least 0";
  return diag << "0 to " << size << ", the size of the ring";
}

LogicalResult ringcomm::verifyUniformity(FunctionOpInterface function) {
  UniformityAnalysis uniformity(function);
  bool ok = true;
  llvm::SmallPtrSet<Operation *, 4> reported;
  function.getFunctionBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<ShiftStartOp, WaitOp>(op))
      return;
    auto start = dyn_cast<ShiftStartOp>(op);
    if (start)
      ok &= succeeded(verifyActive(start));
    if (start && !uniformity.isUniform(start.getActive())) {
      InFlightDiagnostic diag =
          op->emitOpError() << "has a number of active ranks that may differ "
                               "between ranks, expected the same on all";
      noteOrigin(diag, uniformity, start.getActive());
      ok = false;
    }
    for (Operation *guard = op->getParentOp(); guard != function;
         guard = guard->getParentOp()) {
      SmallVector<Value> conditions;
      if (auto branch = dyn_cast<scf::IfOp>(guard))
        conditions = {branch.getCondition()};
      else if (auto loop = dyn_cast<scf::ForOp>(guard))
        conditions = {loop.getLowerBound(), loop.getUpperBound(),
                      loop.getStep()};
      auto *differs = llvm::find_if(conditions, [&](Value condition) {
        return !uniformity.isUniform(condition);
      });
      if (differs == conditions.end())
        continue;
      ok = false;
      if (!reported.insert(guard).second)
        continue;
      bool isLoop = isa<scf::ForOp>(guard);
      InFlightDiagnostic diag =
          op->emitOpError()
          << "is executed under " << (isLoop ? "loop bounds" : "a condition")
          << " that may differ between ranks, expected the same exchanges on "
             "all";
      diag.attachNote(guard->getLoc())
          << (isLoop ? "the loop is here" : "the condition is here");
      noteOrigin(diag, uniformity, *differs);
    }
  });
  return success(ok);
}

/// Whether the call is what `ringattn-emit-entries` makes of an entry: the one
/// call of a function that does nothing else than to take the arguments, which
/// the runtime keeps distinct, out of their descriptors. The runtime calls it
/// on all ranks alike.
static bool isEntryWrapper(FunctionOpInterface function, func::CallOp call) {
  auto entry = function->getAttrOfType<StringAttr>(kEntryPointAttrName);
  if (!entry || entry.getValue() != call.getCallee() ||
      !function.getFunctionBody().hasOneBlock() ||
      call->getParentOp() != function)
    return false;
  for (Operation &op : function.getFunctionBody().front())
    if (op.getNumRegions() != 0 ||
        (isa<CallOpInterface>(op) && &op != call.getOperation()))
      return false;
  llvm::SmallPtrSet<Value, 8> descriptors;
  return llvm::all_of(call.getOperands(), [&](Value operand) {
    if (!isa<BaseMemRefType>(operand.getType()))
      return true;
    auto cast = operand.getDefiningOp<UnrealizedConversionCastOp>();
    return cast && cast.getNumOperands() == 1 &&
           descriptors.insert(cast.getOperand(0)).second;
  });
}

/// Calls of functions that exchange: the proof of the callee rests on its
/// arguments, and the order of the exchanges on its callers.
static LogicalResult verifyCalls(FunctionOpInterface function,
                                 AccessAnalysis &accesses) {
  bool ok = true;
  function.getFunctionBody().walk([&](Operation *op) {
    if (!isa<CallOpInterface, ringrt::ParallelForOp>(op))
      return;
    const FunctionSummary *callee = accesses.getCallee(op);
    if (!callee || !callee->exchange)
      return;
    if (auto call = dyn_cast<func::CallOp>(op);
        call && isEntryWrapper(function, call))
      return;
    InFlightDiagnostic diag = op->emitOpError()
                              << "calls a function that contains an exchange, "
                                 "expected it to be inlined";
    diag.attachNote(callee->exchange->getLoc()) << "the exchange is here";
    ok = false;
  });
  return success(ok);
}

/// Other uses of the name of a function that exchanges: whoever has its address
/// may call it, on some ranks only.
static LogicalResult verifyUses(FunctionOpInterface function, ModuleOp module,
                                AccessAnalysis &accesses) {
  std::optional<SymbolTable::UseRange> uses =
      SymbolTable::getSymbolUses(function, module);
  if (!uses)
    return function->emitOpError()
           << "contains an exchange and may be used by ops that are not "
              "registered, expected known ops only";
  bool ok = true;
  for (const SymbolTable::SymbolUse &use : *uses) {
    Operation *user = use.getUser();
    // The calls are verified as such.
    if (accesses.getCallee(user))
      continue;
    InFlightDiagnostic diag =
        user->emitOpError()
        << "uses the name of a function that contains an exchange, expected "
           "none to, so that it is not called on some ranks only";
    diag.attachNote(function->getLoc()) << "the function is here";
    ok = false;
  }
  return success(ok);
}

namespace {
struct RingCommVerify : ringcomm::impl::RingCommVerifyBase<RingCommVerify> {
  void runOnOperation() override {
    SymbolTableCollection symbols;
    AccessAnalysis accesses(symbols);
    bool ok = true;
    getOperation().walk([&](FunctionOpInterface function) {
      if (function.isExternal())
        return;
      ok &= succeeded(verifyCalls(function, accesses));
      if (!involvesExchanges(function))
        return;
      ok &= succeeded(verifyUses(function, getOperation(), accesses));
      ok &= succeeded(verifyUniformity(function)) &&
            succeeded(verifyFlights(function, accesses));
    });
    if (!ok)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace

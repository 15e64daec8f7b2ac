//===- Assembly.cpp - What upstream has made of nvvm ops ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTranslator.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::sim;

/// Without the layout: one space wherever there is some.
static std::string normalize(StringRef assembly) {
  SmallVector<StringRef> words;
  llvm::SplitString(assembly, words);
  return llvm::join(words, " ");
}

/// `convert-to-llvm` turns two of the nvvm ops that kernels have into inline
/// assembly: nvvm.barrier.arrive and nvvm.mbarrier.try_wait.parity.
LogicalResult KernelTranslator::translateAssembly(LLVM::InlineAsmOp op) {
  std::string text = normalize(op.getAsmString());
  OperandRange operands = op.getOperands();
  if (text == "bar.arrive $0, $1;" && operands.size() == 2)
    return replaceByCall(op, sim::Op::bar_arrive, {operands[0], operands[1]});
  if (text == "bar.arrive 0, $0;" && operands.size() == 1)
    return replaceByCall(op, sim::Op::bar_arrive, {integer(0), operands[0]});
  if (text ==
          "{ .reg .pred P1; LAB_WAIT: mbarrier.try_wait.parity.shared.b64 P1, "
          "[$0], $1, $2; @P1 bra.uni DONE; bra.uni LAB_WAIT; DONE: }" &&
      operands.size() == 3 && isSharedPointer(operands[0].getType()))
    return replaceByCall(op, sim::Op::mbarrier_wait,
                         {getAddress(operands[0]), operands[1]});
  InFlightDiagnostic diag =
      op.emitOpError("is inline assembly that the simulator does not know");
  diag.attachNote() << "it knows what convert-to-llvm makes of "
                       "nvvm.barrier.arrive and nvvm.mbarrier.try_wait.parity";
  return diag;
}

//===- TileSchedule.cpp - When an op of a pipelined loop runs -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Tile/TileSchedule.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace ringattn;

static constexpr llvm::StringLiteral kScheduleAttr = "ringattn.schedule";

void TileSchedule::set(Operation *op) const {
  op->setAttr(kScheduleAttr,
              DenseI64ArrayAttr::get(op->getContext(), {stage, slot}));
}

std::optional<TileSchedule> TileSchedule::get(Operation *op) {
  auto attr = op->getAttrOfType<DenseI64ArrayAttr>(kScheduleAttr);
  if (!attr || attr.size() != 2)
    return std::nullopt;
  return TileSchedule{attr[0], attr[1]};
}

void TileSchedule::erase(Operation *op) { op->removeAttr(kScheduleAttr); }

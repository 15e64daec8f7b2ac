//===- TileSchedule.h - When an op of a pipelined loop runs -----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_TILE_TILESCHEDULE_H
#define RINGATTN_CODEGEN_TILE_TILESCHEDULE_H

#include "mlir/IR/Operation.h"

#include <optional>

namespace ringattn {

/// The attribute `ringattn.schedule = [stage, slot]` of an op in the body of a
/// loop: in iteration j of the pipelined loop the op runs for iteration
/// j - stage of the original one; ops of one iteration run in the order of
/// their slots, those of one slot as they are written.
struct TileSchedule {
  int64_t stage = 0;
  int64_t slot = 0;

  void set(mlir::Operation *op) const;
  static std::optional<TileSchedule> get(mlir::Operation *op);
  static void erase(mlir::Operation *op);
};

} // namespace ringattn

#endif // RINGATTN_CODEGEN_TILE_TILESCHEDULE_H

//===- HopperPlan.h - How a kernel uses an sm_90a SM ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_HOPPER_HOPPERPLAN_H
#define RINGATTN_CODEGEN_HOPPER_HOPPERPLAN_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace ringattn {

inline constexpr llvm::StringLiteral kHopperAttr = "ringattn.hopper";

/// The sm_90a part of a kernel's plan, the attribute `ringattn.hopper`:
///
///   {consumers = 2, stages = 2, producer_registers = 24,
///    consumer_registers = 240, ping_pong, longest_first}
///
/// One warpgroup loads tiles, `consumers` others compute 64 rows each of a tile
/// of queries. K and V have `stages` slots in shared memory each, at least 2,
/// or 0 in kernels without products, which have no producer. The registers are
/// those of a thread after `setmaxnreg` (PTX ISA, 24 to 256, multiples of 8),
/// both 0 where threads keep those of their launch.
struct HopperPlan {
  int64_t consumers = 0;
  int64_t stages = 0;
  int64_t producerRegisters = 0;
  int64_t consumerRegisters = 0;
  /// Warpgroups take turns: one issues products while the others compute their
  /// softmax.
  bool pingPong = false;
  /// Blocks with the last queries, which see most keys, start first.
  bool longestFirst = false;

  bool hasProducer() const { return stages > 0; }
  int64_t getThreads() const { return 128 * (consumers + hasProducer()); }
  /// Registers that a thread has before any `setmaxnreg`: the SM's 65536 shared
  /// among the threads of its only block, in units of 8.
  int64_t getLaunchRegisters() const;

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  /// The plan of `kernel`; an error on the function where it is missing or
  /// makes no sense.
  static mlir::FailureOr<HopperPlan> get(mlir::FunctionOpInterface kernel);

private:
  mlir::LogicalResult verifyRegisters(mlir::FunctionOpInterface kernel) const;
};

} // namespace ringattn

#endif // RINGATTN_CODEGEN_HOPPER_HOPPERPLAN_H

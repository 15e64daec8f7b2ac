//===- Work.h - How much attention there is to compute ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_WORK_H
#define RINGATTN_TOOLS_RUN_WORK_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ringattn/Support/HostArray.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace ringattn::tools {

/// The devices of a run: the grid's sizes, all known, row-major over the ranks.
struct DeviceGrid {
  llvm::SmallVector<int64_t> shape;

  /// `sizes` with -1 replaced such that there are `ranks` devices.
  static DeviceGrid get(llvm::ArrayRef<int64_t> sizes, int64_t ranks);

  /// Number of ranks in the ring over `axes`, and the place of `rank` in it.
  int64_t ringSize(llvm::ArrayRef<int64_t> axes) const;
  int64_t ringIndex(llvm::ArrayRef<int64_t> axes, int64_t rank) const;
};

/// What the attentions of a program cost, from their masks and layouts.
struct Work {
  /// 2 * B * Hq * visible scores * (D + Dv), over all ranks.
  double flops = 0;
  /// Visible scores per batch and head that each rank computes.
  std::vector<int64_t> visible;
};

/// Counts for the sizes of `arguments`. An error where these do not fit the
/// program's attentions, or cannot be followed to them.
llvm::Expected<Work> countWork(mlir::func::FuncOp program,
                               llvm::ArrayRef<HostArray> arguments,
                               const DeviceGrid &grid, int64_t ranks);

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_WORK_H

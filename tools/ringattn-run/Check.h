//===- Check.h - Comparison with the float64 evaluation ---------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_RUN_CHECK_H
#define RINGATTN_TOOLS_RUN_CHECK_H

#include "Arguments.h"
#include "Work.h"

#include "ringattn/Reference/Evaluator.h"

namespace ringattn::tools {

/// What `--check` compares the results of `program` with. Null, with the error
/// printed, where it cannot be evaluated on the arguments; that needs no run.
std::optional<reference::Evaluator> createEvaluator(Package &package,
                                                    mlir::func::FuncOp program,
                                                    const Arrays &arrays);

/// Evaluates the program and compares the results; prints a line for each on
/// the standard output. Returns an exit code, with the first result beyond its
/// bound printed as an error.
int checkResults(Package &package, reference::Evaluator &evaluator,
                 mlir::func::FuncOp program, const EntryInfo &entry,
                 const Arrays &arrays, const DeviceGrid &grid);

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_RUN_CHECK_H

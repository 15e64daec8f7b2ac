//===- InitAllDialects.h - Every dialect a pipeline needs -------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_INITALLDIALECTS_H
#define RINGATTN_INITALLDIALECTS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ringattn {

/// Registers the project's dialects.
void registerRingAttnDialects(mlir::DialectRegistry &registry);

/// Registers the project's dialects, the upstream dialects that its pipelines
/// and programs use, and the interface implementations they need.
void registerAllDialects(mlir::DialectRegistry &registry);

} // namespace ringattn

#endif // RINGATTN_INITALLDIALECTS_H

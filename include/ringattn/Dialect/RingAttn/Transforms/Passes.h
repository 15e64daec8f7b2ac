//===- Passes.h - From global attention to a ring loop ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_TRANSFORMS_PASSES_H
#define RINGATTN_DIALECT_RINGATTN_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ringattn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Dialect/RingAttn/Transforms/Passes.h.inc"

} // namespace ringattn

#endif // RINGATTN_DIALECT_RINGATTN_TRANSFORMS_PASSES_H

//===- Passes.h - Passes of the ringptx dialect -----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGPTX_TRANSFORMS_PASSES_H
#define RINGATTN_DIALECT_RINGPTX_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ringattn::ringptx {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Dialect/RingPTX/Transforms/Passes.h.inc"

} // namespace ringattn::ringptx

#endif // RINGATTN_DIALECT_RINGPTX_TRANSFORMS_PASSES_H

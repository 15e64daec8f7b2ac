//===- Passes.h - Passes of the ringcomm dialect ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGCOMM_TRANSFORMS_PASSES_H
#define RINGATTN_DIALECT_RINGCOMM_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ringattn::ringcomm {

/// Argument attribute, an array<i64: ...>: the dimensions of this memref or
/// tensor argument that have the same size on all ranks (batch, heads, head
/// dimension). `ringcomm-verify` lets conditions of exchanges depend on them.
inline constexpr llvm::StringLiteral kUniformDimsAttrName =
    "ringattn.uniform_dims";

/// Attribute of the function through which the runtime calls an entry: the
/// entry's name.
inline constexpr llvm::StringLiteral kEntryPointAttrName =
    "ringattn.entry_point";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Dialect/RingComm/Transforms/Passes.h.inc"

} // namespace ringattn::ringcomm

#endif // RINGATTN_DIALECT_RINGCOMM_TRANSFORMS_PASSES_H

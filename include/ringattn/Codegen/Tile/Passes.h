//===- Passes.h - Kernels and the tile program ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_TILE_PASSES_H
#define RINGATTN_CODEGEN_TILE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ringattn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Codegen/Tile/Passes.h.inc"

} // namespace ringattn

#endif // RINGATTN_CODEGEN_TILE_PASSES_H

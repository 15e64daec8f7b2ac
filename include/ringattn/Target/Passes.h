//===- Passes.h - Machine code for GPUs -------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_PASSES_H
#define RINGATTN_TARGET_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ringattn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Target/Passes.h.inc"

} // namespace ringattn

#endif // RINGATTN_TARGET_PASSES_H

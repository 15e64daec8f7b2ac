//===- ResultPlacement.h - What is computed in a result's memory -*- C++ -*-==//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_RESULTPLACEMENT_H
#define RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_RESULTPLACEMENT_H

#include "mlir/IR/Value.h"

#include <optional>

namespace ringattn {

/// The result of its function in whose memory `value` may be computed: `value`
/// and whatever is computed from it in place have one user each, of which the
/// last is the return. So nothing else ever lies there, whatever becomes of the
/// other results. (Upstream's elimination of empty tensors asks for less: it
/// does not see that returning one result overwrites what another still reads.)
std::optional<unsigned> getResultPlace(mlir::Value value);

} // namespace ringattn

#endif // RINGATTN_LIB_DIALECT_RINGATTN_TRANSFORMS_RESULTPLACEMENT_H

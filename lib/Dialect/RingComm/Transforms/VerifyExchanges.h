//===- VerifyExchanges.h - Exchanges in flight ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The checks of `ringcomm-verify` on one function: tokens and buffers in flight
// by abstract interpretation, and conditions around exchanges by uniformity.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_VERIFYEXCHANGES_H
#define RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_VERIFYEXCHANGES_H

#include "Accesses.h"

namespace ringattn::ringcomm {

/// Every token is awaited exactly once, and no buffer in flight is touched.
mlir::LogicalResult verifyFlights(mlir::FunctionOpInterface function,
                                  AccessAnalysis &accesses);

/// All ranks execute the same exchanges in the same order.
mlir::LogicalResult verifyUniformity(mlir::FunctionOpInterface function);

} // namespace ringattn::ringcomm

#endif // RINGATTN_LIB_DIALECT_RINGCOMM_TRANSFORMS_VERIFYEXCHANGES_H

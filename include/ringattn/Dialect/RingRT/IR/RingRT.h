//===- RingRT.h - The ringrt dialect ----------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGRT_IR_RINGRT_H
#define RINGATTN_DIALECT_RINGRT_IR_RINGRT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ringattn/Dialect/RingRT/IR/RingRTDialect.h.inc"
#include "ringattn/Dialect/RingRT/IR/RingRTEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ringattn/Dialect/RingRT/IR/RingRTAttrs.h.inc"

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingRT/IR/RingRTOps.h.inc"

namespace ringattn::ringrt {

/// Module attribute: an array of `#ringrt.kernel`.
inline constexpr llvm::StringLiteral kKernelsAttr = "ringrt.kernels";

} // namespace ringattn::ringrt

#endif // RINGATTN_DIALECT_RINGRT_IR_RINGRT_H

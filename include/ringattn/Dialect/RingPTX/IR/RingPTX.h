//===- RingPTX.h - The ringptx dialect --------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGPTX_IR_RINGPTX_H
#define RINGATTN_DIALECT_RINGPTX_IR_RINGPTX_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ringattn/Dialect/RingPTX/IR/RingPTXDialect.h.inc"
#include "ringattn/Dialect/RingPTX/IR/RingPTXEnums.h.inc"

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingPTX/IR/RingPTXOps.h.inc"

#endif // RINGATTN_DIALECT_RINGPTX_IR_RINGPTX_H

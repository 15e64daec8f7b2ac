//===- RingAttn.h - The ringattn dialect ------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_IR_RINGATTN_H
#define RINGATTN_DIALECT_RINGATTN_IR_RINGATTN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttnInterfaces.h"

#include "ringattn/Dialect/RingAttn/IR/RingAttnDialect.h.inc"

#include "ringattn/Dialect/RingAttn/IR/RingAttnEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ringattn/Dialect/RingAttn/IR/RingAttnAttrs.h.inc"

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingAttn/IR/RingAttnOps.h.inc"

#endif // RINGATTN_DIALECT_RINGATTN_IR_RINGATTN_H

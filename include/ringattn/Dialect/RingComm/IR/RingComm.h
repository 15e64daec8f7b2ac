//===- RingComm.h - The ringcomm dialect ------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGCOMM_IR_RINGCOMM_H
#define RINGATTN_DIALECT_RINGCOMM_IR_RINGCOMM_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ringattn/Dialect/RingComm/IR/RingCommDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "ringattn/Dialect/RingComm/IR/RingCommTypes.h.inc"

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingComm/IR/RingCommOps.h.inc"

namespace ringattn::ringcomm {

/// Number of devices in the ring over `axes` of `grid`, looked up from `from`;
/// ShapedType::kDynamic when one of the axes is dynamic.
int64_t getRingSize(mlir::Operation *from, mlir::FlatSymbolRefAttr grid,
                    llvm::ArrayRef<int64_t> axes);

/// The grid that the shardings and rings of `module` name, null without any.
/// The ranks of a module form one grid: fails, with a diagnostic, at the first
/// op that names another.
mlir::FailureOr<mlir::shard::GridOp> getGrid(mlir::ModuleOp module);

} // namespace ringattn::ringcomm

#endif // RINGATTN_DIALECT_RINGCOMM_IR_RINGCOMM_H

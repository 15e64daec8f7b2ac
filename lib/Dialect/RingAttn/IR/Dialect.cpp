//===- Dialect.cpp - The ringattn dialect ---------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

using namespace mlir;
using namespace ringattn;

#include "ringattn/Dialect/RingAttn/IR/RingAttnDialect.cpp.inc"

Operation *RingAttnDialect::materializeConstant(OpBuilder &builder,
                                                Attribute value, Type type,
                                                Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

void RingAttnDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "ringattn/Dialect/RingAttn/IR/RingAttnOps.cpp.inc"
      >();
}

//===- RingPTX.cpp - The ringptx dialect ----------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ringattn::ringptx;

#include "ringattn/Dialect/RingPTX/IR/RingPTXDialect.cpp.inc"
#include "ringattn/Dialect/RingPTX/IR/RingPTXEnums.cpp.inc"

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingPTX/IR/RingPTXOps.cpp.inc"

void RingPTXDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "ringattn/Dialect/RingPTX/IR/RingPTXOps.cpp.inc"
      >();
}

static Type getRegisterType(ElementType type, MLIRContext *context) {
  switch (type) {
  case ElementType::BF16:
    return BFloat16Type::get(context);
  case ElementType::F16:
    return Float16Type::get(context);
  case ElementType::TF32:
    return Float32Type::get(context);
  }
  llvm_unreachable("no such type");
}

LogicalResult WgmmaOp::verify() {
  int64_t n = getN();
  if (n % 8 != 0 || n < 8 || n > 256)
    return emitOpError() << "has an accumulator of " << n / 2
                         << " elements, expected a multiple of 4 from 4 to 128";
  auto fragment = dyn_cast<VectorType>(getA().getType());
  Type expected = getRegisterType(getType(), getContext());
  if (fragment && fragment.getElementType() != expected)
    return emitOpError() << "has an A fragment of " << fragment.getElementType()
                         << ", expected " << expected << " for "
                         << stringifyElementType(getType());
  if (fragment && getTransposeA())
    return emitOpError() << "transposes an A fragment, expected A in shared "
                            "memory";
  if (getType() == ElementType::TF32 && (getTransposeA() || getTransposeB()))
    return emitOpError() << "transposes a matrix of tf32, expected a 16-bit "
                            "type";
  return success();
}

void WgmmaWaitOp::build(OpBuilder &builder, OperationState &state,
                        ValueRange values, uint32_t pending) {
  state.addOperands(values);
  state.addTypes(values.getTypes());
  state.getOrAddProperties<Properties>().pending =
      builder.getI32IntegerAttr(pending);
}

LogicalResult
WgmmaWaitOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                              ValueRange operands, DictionaryAttr attributes,
                              OpaqueProperties properties, RegionRange regions,
                              SmallVectorImpl<Type> &types) {
  llvm::append_range(types, operands.getTypes());
  return success();
}

LogicalResult WgmmaWaitOp::verify() {
  if (getPending() > 7)
    return emitOpError() << "leaves " << getPending()
                         << " groups pending, expected at most 7";
  for (Value value : getValues()) {
    auto type = cast<VectorType>(value.getType());
    if (!type.getElementType().isF32() && type.getNumElements() % 2 != 0)
      return emitOpError() << "has an operand of type " << type
                           << ", expected an even number of 16-bit elements";
  }
  return success();
}

//===- Constants.cpp - Values of constants --------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorImpl.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

static double toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

LogicalResult Evaluator::Impl::computeConstant(Operation *op) {
  Value value = op->getResult(0);
  Attribute attribute;
  Tensor tensor;
  if (!matchPattern(op, m_Constant(&attribute)))
    return emitError(op->getLoc())
           << "'" << op->getName() << "' has no value, expected numbers";
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    auto type = resource.getType();
    bool isSplat;
    if (!blob ||
        !DenseElementsAttr::isValidRawBuffer(type, blob->getData(), isSplat))
      return emitError(op->getLoc())
             << "resource '" << resource.getRawHandle().getKey() << "' has "
             << (blob ? std::to_string(blob->getData().size()) : "no")
             << " bytes, expected the elements of " << type;
    attribute = DenseElementsAttr::getFromRawBuffer(type, blob->getData());
  }

  auto shaped = dyn_cast<RankedTensorType>(value.getType());
  tensor = makeTensor(shaped ? shaped.getShape() : ArrayRef<int64_t>(),
                      value.getType(), /*withErrors=*/false);
  if (auto real = dyn_cast<FloatAttr>(attribute)) {
    tensor.values[0] = toDouble(real.getValue());
  } else if (auto integer = dyn_cast<IntegerAttr>(attribute)) {
    tensor.ints[0] = integer.getValue().getSExtValue();
  } else if (auto splat = dyn_cast<SplatElementsAttr>(attribute)) {
    if (tensor.isInteger)
      tensor.ints.assign(tensor.ints.size(),
                         splat.getSplatValue<APInt>().getSExtValue());
    else
      tensor.values.assign(tensor.values.size(),
                           toDouble(splat.getSplatValue<APFloat>()));
  } else if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    int64_t i = 0;
    if (tensor.isInteger)
      for (APInt element : dense.getValues<APInt>())
        tensor.ints[i++] = element.getSExtValue();
    else
      for (APFloat element : dense.getValues<APFloat>())
        tensor.values[i++] = toDouble(element);
  } else {
    return emitError(op->getLoc())
           << "constant " << attribute
           << " has no float64 evaluation, expected dense numbers";
  }
  store(value, -1, std::make_shared<Tensor>(std::move(tensor)));
  return success();
}

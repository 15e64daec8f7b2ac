//===- EntrySignature.cpp - The global signature of an entry --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ringattn;

RankedTensorType EntryValue::getLocalType(int64_t ringSize) const {
  if (!sharding)
    return type;
  SmallVector<int64_t> shape(type.getShape());
  int64_t size = shape[dim];
  shape[dim] =
      sharding.getLayout().isEven(size, ringSize)
          ? (ringSize == 1
                 ? size
                 : sharding.getLayout().getShardLength(size, ringSize, 0))
          : ShapedType::kDynamic;
  return type.clone(shape);
}

static ArrayAttr toAttr(Builder &builder, ArrayRef<EntryValue> values) {
  SmallVector<Attribute> attrs;
  for (const EntryValue &value : values) {
    NamedAttrList fields;
    fields.set("type", TypeAttr::get(value.type));
    if (value.sharding) {
      fields.set("sharding", value.sharding);
      fields.set("dim", builder.getI64IntegerAttr(value.dim));
    }
    if (!value.sizes.empty()) {
      SmallVector<Attribute> sizes;
      for (ArgumentDim size : value.sizes)
        sizes.push_back(
            builder.getDenseI64ArrayAttr({size.argument, size.dim}));
      fields.set("sizes", builder.getArrayAttr(sizes));
    }
    attrs.push_back(fields.getDictionary(builder.getContext()));
  }
  return builder.getArrayAttr(attrs);
}

DictionaryAttr EntrySignature::toAttr(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<Attribute> pairs;
  for (const EqualSizes &pair : equal) {
    SmallVector<int64_t> numbers = {pair.a.argument, pair.a.dim};
    if (pair.b)
      numbers.append({pair.b->argument, pair.b->dim});
    else
      numbers.push_back(pair.size);
    pairs.push_back(builder.getDenseI64ArrayAttr(numbers));
  }
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("arguments", ::toAttr(builder, arguments)),
       builder.getNamedAttr("results", ::toAttr(builder, results)),
       builder.getNamedAttr("equal", builder.getArrayAttr(pairs))});
}

static SmallVector<EntryValue> valuesFromAttr(ArrayAttr attrs) {
  SmallVector<EntryValue> values;
  for (DictionaryAttr fields : attrs.getAsRange<DictionaryAttr>()) {
    EntryValue &value = values.emplace_back();
    value.type =
        cast<RankedTensorType>(fields.getAs<TypeAttr>("type").getValue());
    value.sharding = fields.getAs<SeqShardingAttr>("sharding");
    if (value.sharding)
      value.dim = fields.getAs<IntegerAttr>("dim").getInt();
    if (auto sizes = fields.getAs<ArrayAttr>("sizes"))
      for (auto size : sizes.getAsRange<DenseI64ArrayAttr>())
        value.sizes.push_back({size[0], size[1]});
  }
  return values;
}

std::optional<EntrySignature> EntrySignature::get(Operation *op) {
  auto attr = op->getAttrOfType<DictionaryAttr>(kAttrName);
  if (!attr)
    return std::nullopt;
  EntrySignature signature;
  signature.arguments = valuesFromAttr(attr.getAs<ArrayAttr>("arguments"));
  signature.results = valuesFromAttr(attr.getAs<ArrayAttr>("results"));
  for (auto pair :
       attr.getAs<ArrayAttr>("equal").getAsRange<DenseI64ArrayAttr>()) {
    EqualSizes &equal = signature.equal.emplace_back();
    equal.a = {pair[0], pair[1]};
    if (pair.size() == 4)
      equal.b = ArgumentDim{pair[2], pair[3]};
    else
      equal.size = pair[2];
  }
  return signature;
}

//===- Manifest.cpp - What a module tells its runtime ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Manifest.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace ringattn;

ArrayAttr ringattn::collectGroups(ModuleOp module) {
  llvm::SetVector<Attribute> groups;
  Builder builder(module.getContext());
  for (auto function : module.getOps<func::FuncOp>())
    if (std::optional<EntrySignature> entry = EntrySignature::get(function))
      for (const EntryValue &value :
           llvm::concat<EntryValue>(entry->arguments, entry->results))
        if (value.sharding)
          groups.insert(builder.getDenseI64ArrayAttr(value.sharding.getAxes()));
  module.walk([&](Operation *op) {
    if (auto rank = dyn_cast<ringcomm::RankOp>(op))
      groups.insert(rank.getAxesAttr());
    if (auto size = dyn_cast<ringcomm::SizeOp>(op))
      groups.insert(size.getAxesAttr());
    if (auto start = dyn_cast<ringcomm::ShiftStartOp>(op))
      groups.insert(start.getAxesAttr());
  });
  return builder.getArrayAttr(groups.getArrayRef());
}

int32_t ringattn::getGroupIndex(ModuleOp module, ArrayRef<int64_t> axes) {
  auto groups = module->getAttrOfType<ArrayAttr>(kGroupsAttr);
  auto key = DenseI64ArrayAttr::get(module.getContext(), axes);
  return std::distance(groups.begin(), llvm::find(groups, Attribute(key)));
}

/// Names as in docs/Manifest.md; empty for other types.
static std::string dtypeName(Type type) {
  if (!type.isF64() && !type.isF32() && !type.isF16() && !type.isBF16() &&
      !type.isSignlessInteger(1) && !type.isSignlessInteger(8) &&
      !type.isSignlessInteger(16) && !type.isSignlessInteger(32) &&
      !type.isSignlessInteger(64))
    return "";
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return name;
}

static llvm::json::Value dimReference(ArgumentDim dim) {
  return llvm::json::Object{{"argument", dim.argument}, {"dim", dim.dim}};
}

static FailureOr<llvm::json::Value> shardingObject(func::FuncOp function,
                                                   const EntryValue &value) {
  if (!value.sharding)
    return llvm::json::Value(nullptr);
  llvm::json::Object object{
      {"dim", value.dim},
      {"group", getGroupIndex(function->getParentOfType<ModuleOp>(),
                              value.sharding.getAxes())}};
  SequenceLayoutAttrInterface layout = value.sharding.getLayout();
  if (auto striped = dyn_cast<StripedAttr>(layout)) {
    object["layout"] = "striped";
    object["granularity"] = striped.getGranularity();
  } else if (isa<ZigzagAttr>(layout)) {
    object["layout"] = "zigzag";
  } else if (isa<ContiguousAttr>(layout)) {
    object["layout"] = "contiguous";
  } else {
    return function.emitError()
           << "entry '" << function.getName() << "' has a value of layout "
           << layout << ", expected one that the runtime knows: contiguous, "
           << "striped or zigzag";
  }
  return llvm::json::Value(std::move(object));
}

static FailureOr<llvm::json::Value> valueObject(func::FuncOp function,
                                                const EntryValue &value) {
  std::string dtype = dtypeName(value.type.getElementType());
  if (dtype.empty())
    return function.emitError()
           << "entry '" << function.getName() << "' has a value of type "
           << value.type << ", expected elements of f64, f32, f16, bf16, i1, "
           << "i8, i16, i32 or i64";
  llvm::json::Array shape;
  size_t dynamic = 0;
  for (int64_t size : value.type.getShape()) {
    if (!ShapedType::isDynamic(size))
      shape.push_back(size);
    else if (value.sizes.empty())
      shape.push_back(-1);
    else
      shape.push_back(dimReference(value.sizes[dynamic++]));
  }
  FailureOr<llvm::json::Value> sharding = shardingObject(function, value);
  if (failed(sharding))
    return failure();
  return llvm::json::Value(
      llvm::json::Object{{"dtype", dtype},
                         {"shape", std::move(shape)},
                         {"sharding", std::move(*sharding)}});
}

FailureOr<std::string> ringattn::buildManifest(ModuleOp module,
                                               ArrayAttr groups,
                                               const ManifestTarget &target) {
  FailureOr<shard::GridOp> gridOp = ringcomm::getGrid(module);
  if (failed(gridOp))
    return failure();
  llvm::json::Array entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    std::optional<EntrySignature> signature = EntrySignature::get(function);
    if (!signature)
      continue;
    llvm::json::Array arguments, results, equal;
    for (auto [array, values] : {std::pair(&arguments, &signature->arguments),
                                 std::pair(&results, &signature->results)})
      for (const EntryValue &value : *values) {
        FailureOr<llvm::json::Value> object = valueObject(function, value);
        if (failed(object))
          return failure();
        array->push_back(std::move(*object));
      }
    for (const EqualSizes &pair : signature->equal) {
      llvm::json::Array both{dimReference(pair.a)};
      if (pair.b)
        both.push_back(dimReference(*pair.b));
      else
        both.push_back(pair.size);
      equal.push_back(std::move(both));
    }
    entries.push_back(llvm::json::Object{{"name", function.getName()},
                                         {"arguments", std::move(arguments)},
                                         {"results", std::move(results)},
                                         {"equal", std::move(equal)}});
  }

  llvm::json::Value grid = nullptr;
  if (*gridOp) {
    llvm::json::Array shape;
    for (int64_t size : gridOp->getShape())
      shape.push_back(ShapedType::isDynamic(size) ? -1 : size);
    grid = llvm::json::Object{{"name", gridOp->getSymName()},
                              {"shape", std::move(shape)}};
  }
  llvm::json::Array groupObjects;
  for (auto axes : groups.getAsRange<DenseI64ArrayAttr>())
    groupObjects.push_back(
        llvm::json::Object{{"axes", llvm::json::Array(axes.asArrayRef())}});

  llvm::json::Object manifest{
      {"abi", 1},
      {"target", target.target},
      {"target_cpu", target.cpu},
      {"cpu_features", llvm::json::Array(target.features)},
      {"grid", std::move(grid)},
      {"groups", std::move(groupObjects)},
      {"entries", std::move(entries)}};
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(manifest));
  return text;
}

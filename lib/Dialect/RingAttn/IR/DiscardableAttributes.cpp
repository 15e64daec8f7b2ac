//===- DiscardableAttributes.cpp - ringattn.* on ops of other dialects ----===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A person may write or edit the attributes that passes leave for later ones;
// these read them without checks, which are here. The plans of kernels
// (`ringattn.tiles`, `ringattn.cpu`, `ringattn.hopper`) are checked by their
// readers, against the kernel.
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace ringattn;

namespace {

/// Checks `ringattn.entry`; see EntrySignature.h for what it holds.
class EntryVerifier {
public:
  EntryVerifier(Operation *op, Attribute attr) : op(op), attr(attr) {}

  LogicalResult verify();

private:
  LogicalResult reject(const Twine &what, Attribute actual,
                       const Twine &expected);
  LogicalResult verifyKeys(const Twine &what, DictionaryAttr fields,
                           ArrayRef<StringRef> known);
  LogicalResult verifyValue(const Twine &what, Attribute value, bool isResult);
  /// An argument of the entry and one of its dimensions.
  bool isDim(int64_t argument, int64_t dim) const;

  Operation *op;
  Attribute attr;
  SmallVector<RankedTensorType> arguments;
};

} // namespace

LogicalResult EntryVerifier::reject(const Twine &what, Attribute actual,
                                    const Twine &expected) {
  InFlightDiagnostic diag = op->emitOpError() << "ringattn.entry" << what;
  if (actual)
    diag << " is " << actual;
  else
    diag << " is missing";
  return diag << ", expected " << expected;
}

LogicalResult EntryVerifier::verifyKeys(const Twine &what,
                                        DictionaryAttr fields,
                                        ArrayRef<StringRef> known) {
  for (NamedAttribute field : fields)
    if (!llvm::is_contained(known, field.getName().getValue())) {
      InFlightDiagnostic diag = op->emitOpError()
                                << "ringattn.entry" << what << " has "
                                << field.getName() << ", expected ";
      llvm::interleaveComma(known, diag);
      return diag;
    }
  return success();
}

bool EntryVerifier::isDim(int64_t argument, int64_t dim) const {
  return argument >= 0 && argument < int64_t(arguments.size()) && dim >= 0 &&
         dim < arguments[argument].getRank();
}

LogicalResult EntryVerifier::verifyValue(const Twine &what, Attribute value,
                                         bool isResult) {
  auto fields = dyn_cast<DictionaryAttr>(value);
  if (!fields)
    return reject(what, value, "a dictionary");
  if (failed(verifyKeys(what, fields, {"type", "sharding", "dim", "sizes"})))
    return failure();
  Attribute typeAttr = fields.get("type");
  auto holder = dyn_cast_or_null<TypeAttr>(typeAttr);
  auto type = holder ? dyn_cast<RankedTensorType>(holder.getValue()) : nullptr;
  if (!type)
    return reject(what + " type", typeAttr, "a ranked tensor type");
  if (!isResult)
    arguments.push_back(type);

  Attribute sharding = fields.get("sharding"), dim = fields.get("dim");
  if (sharding && !isa<SeqShardingAttr>(sharding))
    return reject(what + " sharding", sharding, "#ringattn.seq_sharding");
  if (dim && !sharding)
    return reject(what + " sharding", sharding, "one, as there is a dim");
  if (sharding) {
    auto number = dyn_cast_or_null<IntegerAttr>(dim);
    if (!number || !number.getValue().isSignedIntN(64) ||
        number.getValue().getSExtValue() < 0 ||
        number.getValue().getSExtValue() >= type.getRank())
      return reject(what + " dim", dim,
                    "a dimension below " + Twine(type.getRank()));
  }

  Attribute sizes = fields.get("sizes");
  if (!sizes)
    return success();
  auto list = dyn_cast<ArrayAttr>(sizes);
  int64_t numDynamic = type.getNumDynamicDims();
  if (!isResult || !list || int64_t(list.size()) != numDynamic)
    return reject(what + " sizes", sizes,
                  isResult ? "an array of " + Twine(numDynamic) +
                                 " sizes, one a dynamic dimension"
                           : Twine("none, which only results have"));
  for (Attribute size : list) {
    auto pair = dyn_cast<DenseI64ArrayAttr>(size);
    if (!pair || pair.size() != 2 || !isDim(pair[0], pair[1]))
      return reject(what + " size", size, "an argument and its dimension");
  }
  return success();
}

LogicalResult EntryVerifier::verify() {
  auto signature = dyn_cast<DictionaryAttr>(attr);
  if (!signature)
    return reject("", attr, "a dictionary");
  if (!isa<FunctionOpInterface>(op))
    return op->emitOpError()
           << "has the attribute ringattn.entry, expected it on a function";
  if (failed(verifyKeys("", signature, {"arguments", "results", "equal"})))
    return failure();
  for (StringRef name : {"arguments", "results", "equal"})
    if (!isa_and_nonnull<ArrayAttr>(signature.get(name)))
      return reject(" " + name, signature.get(name), "an array");
  for (StringRef name : {"argument", "result"})
    for (auto [i, value] : llvm::enumerate(
             signature.getAs<ArrayAttr>((name + "s").str()).getValue()))
      if (failed(verifyValue(" " + name + " " + Twine(i), value,
                             name == "result")))
        return failure();
  for (Attribute pair : signature.getAs<ArrayAttr>("equal")) {
    auto numbers = dyn_cast<DenseI64ArrayAttr>(pair);
    bool isPair = numbers && (numbers.size() == 3 || numbers.size() == 4) &&
                  isDim(numbers[0], numbers[1]) &&
                  (numbers.size() == 3 || isDim(numbers[2], numbers[3]));
    if (!isPair)
      return reject(" equal", pair,
                    "an argument and its dimension, then a size or another "
                    "argument and its dimension");
  }
  return success();
}

/// What the value of an attribute must be.
static StringRef getExpected(Operation *op, StringRef name, Attribute value) {
  if (name == "ringattn.ring" || name == "ringattn.kernel")
    return isa<UnitAttr>(value) ? "" : "a unit attribute";
  if (name == "ringattn.role" || name == "ringattn.entry_point" ||
      name == "ringattn.manifest")
    return isa<StringAttr>(value) ? "" : "a string";
  // Of a ring loop, or of an op of the tile program.
  if (name == "ringattn.schedule") {
    auto stage = dyn_cast<DenseI64ArrayAttr>(value);
    return isa<RingScheduleAttr>(value) || (stage && stage.size() == 2)
               ? ""
               : "#ringattn.ring_schedule or an array of a stage and a slot";
  }
  if (name == "ringattn.groups") {
    auto groups = dyn_cast<ArrayAttr>(value);
    return groups && llvm::all_of(groups, llvm::IsaPred<DenseI64ArrayAttr>)
               ? ""
               : "an array of arrays of grid axes";
  }
  return "";
}

LogicalResult
RingAttnDialect::verifyOperationAttribute(Operation *op,
                                          NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  if (name == "ringattn.entry")
    return EntryVerifier(op, attribute.getValue()).verify();
  StringRef expected = getExpected(op, name, attribute.getValue());
  if (expected.empty())
    return success();
  return op->emitOpError() << name << " is " << attribute.getValue()
                           << ", expected " << expected;
}

LogicalResult
RingAttnDialect::verifyRegionArgAttribute(Operation *op, unsigned region,
                                          unsigned argument,
                                          NamedAttribute attribute) {
  if (attribute.getName() != "ringattn.uniform_dims")
    return success();
  auto function = dyn_cast<FunctionOpInterface>(op);
  auto type = function
                  ? dyn_cast<ShapedType>(function.getArgumentTypes()[argument])
                  : ShapedType();
  auto dims = dyn_cast<DenseI64ArrayAttr>(attribute.getValue());
  if (type && type.hasRank() && dims &&
      llvm::all_of(dims.asArrayRef(), [&](int64_t dim) {
        return dim >= 0 && dim < type.getRank();
      }))
    return success();
  return op->emitOpError() << "argument " << argument << " has "
                           << attribute.getName() << " = "
                           << attribute.getValue()
                           << ", expected an array of its dimensions";
}

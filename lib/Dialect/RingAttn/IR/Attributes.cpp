//===- Attributes.cpp - Attributes of the ringattn dialect ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ringattn;

#include "ringattn/Dialect/RingAttn/IR/RingAttnEnums.cpp.inc"
#include "ringattn/Dialect/RingAttn/IR/RingAttnInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ringattn/Dialect/RingAttn/IR/RingAttnAttrs.cpp.inc"

void RingAttnDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ringattn/Dialect/RingAttn/IR/RingAttnAttrs.cpp.inc"
      >();
}

LogicalResult StripedAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t granularity) {
  if (granularity < 1)
    return emitError() << "striped granularity must be at least 1, got "
                       << granularity;
  return success();
}

LogicalResult
SlidingWindowAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                          std::optional<int64_t> left,
                          std::optional<int64_t> right) {
  if (left && *left < 0)
    return emitError() << "sliding window left extent must be at least 0, got "
                       << *left;
  if (right && *right < 0)
    return emitError() << "sliding window right extent must be at least 0, got "
                       << *right;
  return success();
}

LogicalResult
SeqShardingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        FlatSymbolRefAttr grid, ArrayRef<int64_t> axes,
                        SequenceLayoutAttrInterface layout) {
  if (axes.empty())
    return emitError() << "sharding of @" << grid.getValue()
                       << " must list at least one grid axis, got none";
  llvm::SmallSet<int64_t, 4> seen;
  for (int64_t axis : axes) {
    if (axis < 0)
      return emitError() << "grid axis must be at least 0, got " << axis;
    if (!seen.insert(axis).second)
      return emitError() << "grid axis " << axis
                         << " is listed twice, expected each axis once";
  }
  return success();
}

Attribute SeqShardingAttr::parse(AsmParser &parser, Type) {
  StringAttr grid;
  SmallVector<int64_t> axes;
  SequenceLayoutAttrInterface layout = ContiguousAttr::get(parser.getContext());
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseSymbolName(grid) ||
      parser.parseComma() || parser.parseKeyword("axes") ||
      parser.parseEqual() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parser.parseInteger(axes.emplace_back());
      }))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    Attribute attr;
    if (parser.parseKeyword("layout") || parser.parseEqual())
      return {};
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseAttribute(attr))
      return {};
    layout = dyn_cast<SequenceLayoutAttrInterface>(attr);
    if (!layout) {
      parser.emitError(loc)
          << "sharding layout is " << attr
          << ", expected a sequence layout (#ringattn.contiguous, "
             "#ringattn.striped, #ringattn.zigzag)";
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<SeqShardingAttr>(
      start, parser.getContext(), FlatSymbolRefAttr::get(grid), axes, layout);
}

void SeqShardingAttr::print(AsmPrinter &printer) const {
  printer << '<' << getGrid() << ", axes = [";
  llvm::interleaveComma(getAxes(), printer);
  printer << ']';
  if (!isa<ContiguousAttr>(getLayout()))
    printer << ", layout = " << getLayout();
  printer << '>';
}

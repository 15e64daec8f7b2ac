//===- Verifiers.cpp - Constraints on the ops of ringattn -----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ringattn;

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

/// Compares two sizes of which either may be dynamic.
static bool compatible(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

static LogicalResult verifySameSize(Operation *op, StringRef dimension,
                                    StringRef nameA, int64_t a, StringRef nameB,
                                    int64_t b) {
  if (compatible(a, b))
    return success();
  return op->emitOpError() << nameB << " " << dimension << " is " << b
                           << ", expected " << a << " as in " << nameA;
}

/// The accumulator type of a storage type.
static Type accumulatorType(Type storage) {
  return storage.isF64() ? storage : Float32Type::get(storage.getContext());
}

static LogicalResult verifyElementType(Operation *op, StringRef name,
                                       Type actual, Type expected) {
  if (actual == expected)
    return success();
  return op->emitOpError() << name << " element type is " << actual
                           << ", expected " << expected;
}

/// No size is 0, and the bytes fit in a signed 64-bit number.
static LogicalResult verifySizes(Operation *op, StringRef name,
                                 ShapedType type) {
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (auto [index, size] : llvm::enumerate(type.getShape())) {
    if (size == 0)
      return op->emitOpError()
             << name << " dimension " << index << " is 0, expected at least 1";
    if (!ShapedType::isDynamic(size) && llvm::MulOverflow(bytes, size, bytes))
      return op->emitOpError() << name << " has 2^63 bytes or more (" << type
                               << "), expected a size that fits in 63 bits";
  }
  return success();
}

/// Shapes of Q, K, V, O and LSE, whatever the level.
static LogicalResult verifyShapes(Operation *op, ShapedType q, ShapedType k,
                                  ShapedType v, ShapedType o, ShapedType lse) {
  constexpr StringLiteral order =
      " (the order is batch, heads, sequence, head_dim)";
  Type storage = q.getElementType();
  if (failed(verifyElementType(op, "key", k.getElementType(), storage)) ||
      failed(verifyElementType(op, "value", v.getElementType(), storage)) ||
      failed(verifyElementType(op, "output", o.getElementType(), storage)) ||
      (lse && failed(verifyElementType(op, "lse", lse.getElementType(),
                                       accumulatorType(storage)))))
    return failure();

  for (auto [name, type] :
       {std::pair<StringRef, ShapedType>{"query", q}, {"key", k}, {"value", v}})
    for (auto [dim, what] :
         {std::pair<int64_t, StringRef>{1, "head count"}, {3, "head size"}}) {
      if (type.isDynamicDim(dim))
        return op->emitOpError()
               << name << " " << what << " is dynamic, expected a static size";
      if (type.getDimSize(dim) < 1)
        return op->emitOpError()
               << name << " " << what << " is " << type.getDimSize(dim)
               << ", expected at least 1";
    }

  int64_t hq = q.getDimSize(1), hkv = k.getDimSize(1);
  if (hq % hkv != 0)
    return op->emitOpError()
           << "query head count is " << hq
           << ", expected a multiple of the key head count " << hkv << order;
  auto d = [](ShapedType t, int64_t i) { return t.getDimSize(i); };
  if (failed(
          verifySameSize(op, "batch size", "query", d(q, 0), "key", d(k, 0))) ||
      failed(
          verifySameSize(op, "head size", "query", d(q, 3), "key", d(k, 3))) ||
      failed(
          verifySameSize(op, "batch size", "key", d(k, 0), "value", d(v, 0))) ||
      failed(
          verifySameSize(op, "head count", "key", d(k, 1), "value", d(v, 1))) ||
      failed(verifySameSize(op, "sequence length", "key", d(k, 2), "value",
                            d(v, 2))))
    return failure();

  const int64_t expected[] = {d(q, 0), d(q, 1), d(q, 2), d(v, 3)};
  const StringRef names[] = {"batch size", "head count", "sequence length",
                             "head size"};
  for (int64_t i = 0; i < 4; ++i)
    if (failed(verifySameSize(op, names[i], i == 3 ? "value" : "query",
                              expected[i], "output", d(o, i))))
      return failure();
  for (int64_t i = 0; lse && i < 3; ++i)
    if (failed(verifySameSize(op, names[i], "query", expected[i], "lse",
                              d(lse, i))))
      return failure();
  return success();
}

/// An attribute that the op does not define is a misspelt one, unless another
/// dialect's prefix tells who reads it.
static LogicalResult verifyAttributeNames(Operation *op) {
  for (NamedAttribute attr : op->getDiscardableAttrs()) {
    auto [prefix, rest] = attr.getName().getValue().split('.');
    if (!rest.empty() && prefix != op->getDialect()->getNamespace())
      continue;
    InFlightDiagnostic diag = op->emitOpError()
                              << "has the unknown attribute '"
                              << attr.getName().getValue() << "', expected ";
    llvm::interleaveComma(op->getRegisteredInfo()->getAttributeNames(), diag,
                          [&](StringAttr name) { diag << name.getValue(); });
    return diag << " or a name with another dialect's prefix";
  }
  return success();
}

/// Scores are computed in the accumulators' type, and in base 2.
static LogicalResult verifyScale(Operation *op, FloatAttr scale, Type storage) {
  if (!scale)
    return success();
  Type type = accumulatorType(storage);
  double limit = (type.isF64() ? std::numeric_limits<double>::max()
                               : std::numeric_limits<float>::max()) /
                 llvm::numbers::log2e;
  if (std::abs(scale.getValueAsDouble()) <= limit)
    return success();
  return op->emitOpError() << "scale is " << scale
                           << ", expected a magnitude of at most "
                           << llvm::formatv("{0:e3}", limit)
                           << ", which log2(e) leaves finite in " << type;
}

static LogicalResult verifySharding(Operation *op, SeqShardingAttr sharding,
                                    SymbolTableCollection &symbols) {
  if (!sharding)
    return success();
  auto grid =
      symbols.lookupNearestSymbolFrom<shard::GridOp>(op, sharding.getGrid());
  if (!grid)
    return op->emitOpError() << "sharding names the unknown grid @"
                             << sharding.getGrid().getValue()
                             << ", expected a shard.grid of the module";
  auto reject = [&](const Twine &what) {
    InFlightDiagnostic diag = op->emitOpError() << "grid @" << grid.getSymName()
                                                << " has " << what;
    diag.attachNote(grid.getLoc()) << "the grid is defined here";
    return diag;
  };
  int64_t devices = 1, dynamic = 0;
  for (auto [axis, size] : llvm::enumerate(grid.getShape())) {
    if (size == 0)
      return reject("size 0 in axis " + Twine(axis) + ", expected at least 1");
    if (ShapedType::isDynamic(size))
      ++dynamic;
    else if (llvm::MulOverflow(devices, size, devices) ||
             devices > std::numeric_limits<int32_t>::max())
      return reject("more than 2147483647 devices, expected fewer");
  }
  if (dynamic > 1)
    return reject(Twine(dynamic) + " axes of dynamic size, expected at most "
                                   "one, which the number of ranks tells");
  for (int64_t axis : sharding.getAxes())
    if (axis >= grid.getRank()) {
      InFlightDiagnostic diag =
          op->emitOpError()
          << "sharding uses axis " << axis << " of grid @" << grid.getSymName()
          << ", expected an axis below " << grid.getRank();
      diag.attachNote(grid.getLoc()) << "the grid is defined here";
      return diag;
    }
  return success();
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::verify() {
  RankedTensorType q = getQuery().getType(), k = getKey().getType(),
                   v = getValue().getType(), o = getOutput().getType();
  auto lse = getLse() ? cast<RankedTensorType>(getLse().getType())
                      : RankedTensorType();
  for (auto [name, type, rank] :
       {std::tuple<StringRef, RankedTensorType, int64_t>{"query", q, 4},
        {"key", k, 4},
        {"value", v, 4},
        {"output", o, 4},
        {"lse", lse, 3}})
    if (type && type.getRank() != rank)
      return emitOpError() << name << " has rank " << type.getRank()
                           << ", expected " << rank
                           << (rank == 4 ? " (batch, heads, sequence, head_dim)"
                                         : " (batch, heads, sequence)");
  if ((*this)->hasAttr("query_offset"))
    return emitOpError() << "query_offset is reserved and not supported yet, "
                            "expected no such attribute";
  if (failed(verifyAttributeNames(*this)))
    return failure();
  for (auto [name, type] : {std::pair<StringRef, RankedTensorType>{"query", q},
                            {"key", k},
                            {"value", v},
                            {"output", o},
                            {"lse", lse}})
    if (type && failed(verifySizes(*this, name, type)))
      return failure();
  if (failed(verifyShapes(*this, q, k, v, o, lse)) ||
      failed(verifyScale(*this, getScaleAttr(), q.getElementType())))
    return failure();

  int64_t sq = q.getDimSize(2), sk = k.getDimSize(2);
  if (getMask().requiresSameSequence() && !compatible(sq, sk))
    return emitOpError() << "mask " << getMask()
                         << " needs equal sequence lengths, got " << sq
                         << " queries and " << sk
                         << " keys (the order is batch, heads, sequence, "
                            "head_dim)";
  return success();
}

LogicalResult
AttentionOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  return verifySharding(*this, getShardingAttr(), symbolTable);
}

//===----------------------------------------------------------------------===//
// ring_attention
//===----------------------------------------------------------------------===//

LogicalResult RingAttentionOp::verify() {
  if (failed(verifyAttributeNames(*this)))
    return failure();
  auto type = [](Value v) { return cast<ShapedType>(v.getType()); };
  bool tensors = isa<RankedTensorType>(getQuery().getType());
  for (Value operand : {getKey(), getValue(), getOutput(), getLse()})
    if (operand && isa<RankedTensorType>(operand.getType()) != tensors)
      return emitOpError() << "mixes " << getQuery().getType() << " and "
                           << operand.getType()
                           << ", expected tensors or memrefs only";
  unsigned expected = tensors ? getDpsInitsMutable().size() : 0;
  if (getNumResults() != expected)
    return emitOpError() << "has " << getNumResults() << " results, expected "
                         << expected;
  for (auto [result, init] : llvm::zip(getResults(), getDpsInits()))
    if (result.getType() != init.getType())
      return emitOpError() << "result type is " << result.getType()
                           << ", expected " << init.getType()
                           << " as in its destination";
  if (failed(verifyShapes(*this, type(getQuery()), type(getKey()),
                          type(getValue()), type(getOutput()),
                          getLse() ? type(getLse()) : ShapedType())))
    return failure();
  return verifyScale(*this, getScaleAttr(), type(getQuery()).getElementType());
}

LogicalResult
RingAttentionOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  return verifySharding(*this, getShardingAttr(), symbolTable);
}

//===----------------------------------------------------------------------===//
// online_attention, finalize
//===----------------------------------------------------------------------===//

/// (acc, max, sum) against the shape of the output rows.
static LogicalResult verifyState(Operation *op, MemRefType rows, int64_t dv,
                                 MemRefType acc, MemRefType max,
                                 MemRefType sum) {
  Type expected = accumulatorType(rows.getElementType());
  for (auto [name, type] : {std::pair<StringRef, MemRefType>{"acc", acc},
                            {"max", max},
                            {"sum", sum}}) {
    if (failed(verifyElementType(op, name, type.getElementType(), expected)))
      return failure();
    for (int64_t i = 0; i < 3; ++i)
      if (!compatible(rows.getDimSize(i), type.getDimSize(i)))
        return op->emitOpError()
               << name << " dimension " << i << " is " << type.getDimSize(i)
               << ", expected " << rows.getDimSize(i);
  }
  return verifySameSize(op, "head size", "value", dv, "acc", acc.getDimSize(3));
}

LogicalResult OnlineAttentionOp::verify() {
  auto type = [](Value v) { return cast<MemRefType>(v.getType()); };
  MemRefType q = type(getQuery()), k = type(getKey()), v = type(getValue());
  SmallVector<int64_t> shape(q.getShape());
  shape[3] = v.getDimSize(3);
  if (!getOutput() && getLse())
    return emitOpError() << "has an lse but no output, expected both or none";
  ShapedType output = RankedTensorType::get(shape, q.getElementType());
  if (getOutput())
    output = type(getOutput());
  if (failed(verifyShapes(*this, q, k, v, output,
                          getLse() ? type(getLse()) : ShapedType())) ||
      failed(verifyScale(*this, getScaleAttr(), q.getElementType())))
    return failure();
  return verifyState(*this, q, v.getDimSize(3), type(getAcc()), type(getMax()),
                     type(getSum()));
}

LogicalResult FinalizeOp::verify() {
  auto type = [](Value v) { return cast<MemRefType>(v.getType()); };
  MemRefType o = type(getOutput());
  if (failed(verifyState(*this, o, o.getDimSize(3), type(getAcc()),
                         type(getMax()), type(getSum()))))
    return failure();
  if (!getLse())
    return success();
  MemRefType lse = type(getLse());
  const StringRef names[] = {"batch size", "head count", "sequence length"};
  for (int64_t i = 0; i < 3; ++i)
    if (failed(verifySameSize(*this, names[i], "output", o.getDimSize(i), "lse",
                              lse.getDimSize(i))))
      return failure();
  return verifyElementType(*this, "lse", lse.getElementType(),
                           accumulatorType(o.getElementType()));
}

//===----------------------------------------------------------------------===//
// load_tile, store_tile
//===----------------------------------------------------------------------===//

static LogicalResult verifyTile(Operation *op, Type memory, Type tileType) {
  auto memref = dyn_cast<MemRefType>(memory);
  auto tile = cast<RankedTensorType>(tileType);
  if (!memref || memref.getRank() != tile.getRank() || tile.getRank() < 1 ||
      tile.getRank() > 2)
    return op->emitOpError() << "expects a memref and a tile of one rank, 1 or "
                                "2, got "
                             << memory << " and " << tile;
  // Tiles of tf32 are rounded as they are loaded.
  if (isa<LoadTileOp>(op) && tile.getElementType().isTF32() &&
      memref.getElementType().isF32())
    return success();
  return verifyElementType(op, "tile", tile.getElementType(),
                           memref.getElementType());
}

LogicalResult LoadTileOp::verify() {
  return verifyTile(*this, getSource().getType(), getTile().getType());
}

LogicalResult StoreTileOp::verify() {
  return verifyTile(*this, getTarget().getType(), getTile().getType());
}

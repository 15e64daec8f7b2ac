//===- RingComm.cpp - The ringcomm dialect --------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Dialect/RingComm/IR/RingComm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ringattn::ringcomm;

#include "ringattn/Dialect/RingComm/IR/RingCommDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "ringattn/Dialect/RingComm/IR/RingCommTypes.cpp.inc"

#define GET_OP_CLASSES
#include "ringattn/Dialect/RingComm/IR/RingCommOps.cpp.inc"

void RingCommDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "ringattn/Dialect/RingComm/IR/RingCommOps.cpp.inc"
      >();
}

void RingCommDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "ringattn/Dialect/RingComm/IR/RingCommTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Rings
//===----------------------------------------------------------------------===//

template <typename OpTy>
static LogicalResult verifyRing(OpTy op, SymbolTableCollection &symbols) {
  auto grid =
      symbols.lookupNearestSymbolFrom<shard::GridOp>(op, op.getGridAttr());
  if (!grid)
    return op.emitOpError() << "names the unknown grid @" << op.getGrid()
                            << ", expected a shard.grid of the module";
  if (op.getAxes().empty())
    return op.emitOpError() << "lists no grid axis, expected at least one";
  llvm::SmallSet<int64_t, 4> seen;
  for (int64_t axis : op.getAxes()) {
    if (axis < 0 || axis >= grid.getRank())
      return op.emitOpError()
             << "uses axis " << axis << " of grid @" << op.getGrid()
             << ", expected an axis below " << grid.getRank();
    if (!seen.insert(axis).second)
      return op.emitOpError()
             << "lists grid axis " << axis << " twice, expected each axis once";
    if (grid.getShape()[axis] == 0) {
      InFlightDiagnostic diag = op.emitOpError()
                                << "uses axis " << axis << " of grid @"
                                << op.getGrid()
                                << ", which has size 0, expected at least 1";
      diag.attachNote(grid.getLoc()) << "the grid is defined here";
      return diag;
    }
  }
  return success();
}

LogicalResult RankOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRing(*this, symbols);
}
LogicalResult SizeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRing(*this, symbols);
}
LogicalResult ShiftStartOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRing(*this, symbols);
}

int64_t ringattn::ringcomm::getRingSize(Operation *from, FlatSymbolRefAttr grid,
                                        ArrayRef<int64_t> axes) {
  auto gridOp = SymbolTable::lookupNearestSymbolFrom<shard::GridOp>(from, grid);
  int64_t size = 1;
  for (int64_t axis : axes) {
    if (!gridOp || ShapedType::isDynamic(gridOp.getShape()[axis]))
      return ShapedType::kDynamic;
    size *= gridOp.getShape()[axis];
  }
  return size;
}

FailureOr<shard::GridOp> ringattn::ringcomm::getGrid(ModuleOp module) {
  SymbolTable symbols(module);
  shard::GridOp grid;
  Operation *first = nullptr;
  WalkResult result = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    // Upstream's annotations may name grids that no ring is over.
    if (isa_and_nonnull<shard::ShardDialect>(op->getDialect()))
      return WalkResult::advance();
    return op->getAttrDictionary().walk([&](FlatSymbolRefAttr name) {
      auto found = symbols.lookup<shard::GridOp>(name.getAttr());
      if (!found || found == grid)
        return WalkResult::advance();
      if (!grid) {
        grid = found;
        first = op;
        return WalkResult::advance();
      }
      InFlightDiagnostic diag = op->emitError()
                                << "uses the grid " << name << ", expected @"
                                << grid.getSymName()
                                << ": the ranks of a module form one grid";
      diag.attachNote(first->getLoc())
          << "@" << grid.getSymName() << " is used here";
      return WalkResult::interrupt();
    });
  });
  if (result.wasInterrupted())
    return failure();
  return grid;
}

namespace {
/// Replaces the size of a ring over static grid axes by a constant.
struct FoldStaticSize : OpRewritePattern<SizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SizeOp op,
                                PatternRewriter &rewriter) const override {
    int64_t size = getRingSize(op, op.getGridAttr(), op.getAxes());
    if (ShapedType::isDynamic(size))
      return failure();
    rewriter.replaceOpWithNewOp<arith::ConstantIndexOp>(op, size);
    return success();
  }
};
} // namespace

void SizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<FoldStaticSize>(context);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

static LogicalResult verifyStep(Operation *op, int64_t step) {
  if (step == 1 || step == -1)
    return success();
  return op->emitOpError() << "step is " << step << ", expected 1 or -1";
}

LogicalResult SourceOp::verify() { return verifyStep(*this, getStep()); }

OpFoldResult SourceOp::fold(FoldAdaptor adaptor) {
  if (auto hop = dyn_cast_or_null<IntegerAttr>(adaptor.getHop());
      hop && hop.getInt() == 0)
    return getRank();
  return {};
}

LogicalResult ShiftStartOp::verify() {
  auto send = dyn_cast<MemRefType>(getSend().getType());
  auto receive = dyn_cast<MemRefType>(getReceive().getType());
  if (!send || !receive || send.getRank() != 1 || receive.getRank() != 1)
    return emitOpError() << "expects buffers of rank 1, got "
                         << getSend().getType() << " and "
                         << getReceive().getType();
  if (send.getElementType() != receive.getElementType())
    return emitOpError() << "receive element type is "
                         << receive.getElementType() << ", expected "
                         << send.getElementType() << " as sent";
  // Each rank executes it with these types, also the one it receives from.
  if (send.hasStaticShape() && receive.hasStaticShape() &&
      send.getDimSize(0) != receive.getDimSize(0))
    return emitOpError() << "receives " << receive.getDimSize(0)
                         << " elements, expected " << send.getDimSize(0)
                         << " as every rank sends";
  for (auto [name, type] :
       {std::pair<StringRef, MemRefType>{"send", send}, {"receive", receive}})
    if (!type.areTrailingDimsContiguous(1))
      return emitOpError() << name << " buffer is " << type
                           << ", expected a contiguous one";
  return verifyStep(*this, getStep());
}

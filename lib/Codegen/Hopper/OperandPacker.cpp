//===- OperandPacker.cpp - Copies that TMA and wgmma can take -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperandPacker.h"
#include "DeviceFunctions.h"

#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ringattn;

/// A block copies 32 rows with 8 warps.
static constexpr int64_t kThreads = 256, kWarps = 8, kLanes = 32, kRows = 32;
/// Rows of the copy are whole groups of so many elements, which are at least 16
/// bytes, and one permuted group of columns.
static constexpr int64_t kGroup = 8;
static constexpr int64_t kCopyAlignment = 128;

namespace {

/// Parameters of the kernels, in this order; strides in elements.
struct Parameters {
  Value source, target;
  Value sourceBatch, sourceHead, sourceRow;
  Value targetBatch, targetHead, targetRow;
  Value rows, columns;
};

/// The body of a kernel.
class CopyEmitter {
public:
  CopyEmitter(ImplicitLocOpBuilder &b, const Parameters &p, Type element,
              bool rounds)
      : b(b), p(p), element(element), rounds(rounds) {
    Type type = b.getI32Type();
    Value thread = NVVM::ThreadIdXOp::create(b, type);
    warp = arith::ShRUIOp::create(b, thread, i32(5));
    lane = arith::AndIOp::create(b, thread, i32(kLanes - 1));
    Value tile = NVVM::BlockIdXOp::create(b, type);
    first = arith::MulIOp::create(b, tile, i32(kRows));
    Value head = NVVM::BlockIdYOp::create(b, type);
    Value batch = NVVM::BlockIdZOp::create(b, type);
    source = at(p.source, {{batch, p.sourceBatch}, {head, p.sourceHead}});
    target = at(p.target, {{batch, p.targetBatch}, {head, p.targetHead}});
  }

  /// A warp copies a row at a time.
  void emitRows() {
    forEach(warp, i32(kRows), kWarps, [&](Value inTile) {
      Value row = arith::AddIOp::create(b, first, inTile);
      emitIf(less(row, p.rows), [&] {
        forEach(lane, p.columns, kLanes, [&](Value column) {
          store(load(row, column),
                at(target, {{row, p.targetRow}, {column, Value()}}));
        });
      });
    });
  }

  /// A warp copies a column of the tile at a time; rows past the last are zero.
  void emitColumns() {
    Value slot = arith::AddIOp::create(b, first, lane);
    Value inGroup = arith::AndIOp::create(b, lane, i32(kGroup - 1));
    Value half = arith::ShRUIOp::create(b, inGroup, i32(2));
    Value pair = arith::AndIOp::create(b, lane, i32(3));
    Value permuted =
        arith::AddIOp::create(b, arith::MulIOp::create(b, pair, i32(2)), half);
    Value row = arith::AddIOp::create(
        b, arith::SubIOp::create(b, slot, inGroup), permuted);
    Value end = arith::TruncIOp::create(b, b.getI32Type(), p.targetRow);
    emitIf(less(slot, end), [&] {
      forEach(warp, p.columns, kWarps, [&](Value column) {
        auto value = scf::IfOp::create(b, TypeRange(element), less(row, p.rows),
                                       /*withElseRegion=*/true);
        {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToStart(value.thenBlock());
          scf::YieldOp::create(b, load(row, column));
          b.setInsertionPointToStart(value.elseBlock());
          Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
          scf::YieldOp::create(b, zero);
        }
        store(value.getResult(0),
              at(target, {{column, p.targetRow}, {slot, Value()}}));
      });
    });
  }

private:
  Value i32(int64_t value) {
    return arith::ConstantOp::create(
        b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value less(Value lhs, Value rhs) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, lhs, rhs);
  }
  /// `base` and indices times strides; a null stride is 1.
  Value at(Value base, ArrayRef<std::pair<Value, Value>> steps) {
    Value offset;
    for (auto [index, stride] : steps) {
      Value wide = arith::ExtUIOp::create(b, b.getI64Type(), index);
      if (stride)
        wide = arith::MulIOp::create(b, wide, stride);
      offset = offset ? arith::AddIOp::create(b, offset, wide) : wide;
    }
    return LLVM::GEPOp::create(b, base.getType(), element, base,
                               ArrayRef<LLVM::GEPArg>{offset});
  }
  Value load(Value row, Value column) {
    Value value = LLVM::LoadOp::create(
        b, element, at(source, {{row, p.sourceRow}, {column, Value()}}));
    return rounds ? ringptx::ToTF32Op::create(b, element, value) : value;
  }
  void store(Value value, Value address) {
    LLVM::StoreOp::create(b, value, address);
  }
  void forEach(Value from, Value to, int64_t step,
               llvm::function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, from, to, i32(step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
  void emitIf(Value condition, llvm::function_ref<void()> body) {
    auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    body();
  }

  ImplicitLocOpBuilder &b;
  const Parameters &p;
  Type element;
  bool rounds;
  Value warp, lane, first, source, target;
};

} // namespace

LLVM::LLVMFuncOp OperandPacker::getKernel(Location loc, Packing packing,
                                          Type element) {
  std::string name = "pack_rows_";
  llvm::raw_string_ostream os(name);
  if (packing == Packing::RoundedColumns)
    name = "pack_columns_";
  if (packing == Packing::Aligned)
    os << element;
  else
    os << "tf32";
  if (auto kernel = kernels.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return kernel;
  ImplicitLocOpBuilder b(loc, kernels.getContext());
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  Type pointer = LLVM::LLVMPointerType::get(b.getContext(), kGlobalSpace);
  LLVM::LLVMFuncOp kernel = createDeviceFunction(
      b, kernels, name,
      {pointer, pointer, i64, i64, i64, i64, i64, i64, i32, i32}, kThreads);
  recordKernel(kernel, kThreads, /*sharedBytes=*/0);
  Block *entry = kernel.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  LLVM::ReturnOp::create(b, ValueRange());
  b.setInsertionPointToStart(entry);
  auto arg = [&](unsigned i) { return entry->getArgument(i); };
  Parameters parameters{arg(0), arg(1), arg(2), arg(3), arg(4),
                        arg(5), arg(6), arg(7), arg(8), arg(9)};
  CopyEmitter emitter(b, parameters, element, packing != Packing::Aligned);
  if (packing == Packing::RoundedColumns)
    emitter.emitColumns();
  else
    emitter.emitRows();
  return kernel;
}

Value OperandPacker::pack(ImplicitLocOpBuilder &b, const TileStream &stream) {
  auto type = cast<MemRefType>(stream.source.getType());
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, value).getResult();
  };
  auto roundUp = [&](Value value) -> Value {
    Value most = b.createOrFold<arith::AddIOp>(value, index(kGroup - 1));
    Value groups = b.createOrFold<arith::DivUIOp>(most, index(kGroup));
    return b.createOrFold<arith::MulIOp>(groups, index(kGroup));
  };
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < 4; ++dim)
    sizes.push_back(b.createOrFold<memref::DimOp>(stream.source, dim));
  SmallVector<Value> shape = sizes;
  if (stream.isTransposed())
    std::swap(shape[2], shape[3]);
  Value width = shape[3];
  shape[3] = roundUp(width);
  auto bufferType = MemRefType::get(
      SmallVector<int64_t>(4, ShapedType::kDynamic), type.getElementType());
  Value buffer = memref::AllocOp::create(b, bufferType, shape,
                                         b.getI64IntegerAttr(kCopyAlignment));
  buffers.push_back(buffer);

  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), kGlobalSpace);
  SmallVector<Value> arguments = {
      ringrt::AddressOp::create(b, pointer, ringrt::Access::Read,
                                stream.source),
      ringrt::AddressOp::create(b, pointer, ringrt::Access::Write, buffer)};
  for (Value memref : {Value(stream.source), buffer}) {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
    for (int64_t dim = 0; dim < 3; ++dim)
      arguments.push_back(arith::IndexCastOp::create(
          b, b.getI64Type(), metadata.getStrides()[dim]));
  }
  for (int64_t dim : {2, 3})
    arguments.push_back(
        arith::IndexCastOp::create(b, b.getI32Type(), sizes[dim]));
  Value rows = stream.isTransposed() ? shape[3] : sizes[2];
  Value blocks = arith::DivUIOp::create(
      b, arith::AddIOp::create(b, rows, index(kRows - 1)), index(kRows));
  launchKernel(b, getKernel(b.getLoc(), stream.packing, type.getElementType()),
               {blocks, sizes[1], sizes[0]}, kThreads, /*sharedBytes=*/0,
               arguments);
  if (stream.isTransposed())
    return buffer;
  // What pads a row is not read.
  SmallVector<OpFoldResult> offsets(4, b.getIndexAttr(0)),
      strides(4, b.getIndexAttr(1)),
      visible = getAsOpFoldResult({shape[0], shape[1], shape[2], width});
  return memref::SubViewOp::create(b, buffer, offsets, visible, strides);
}

void OperandPacker::release(ImplicitLocOpBuilder &b) {
  for (Value buffer : buffers)
    memref::DeallocOp::create(b, buffer);
  buffers.clear();
}

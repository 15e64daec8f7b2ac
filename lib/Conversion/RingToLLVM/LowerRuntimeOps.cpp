//===- LowerRuntimeOps.cpp - Calls through the import table ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Manifest.h"
#include "ringattn/Conversion/RingToLLVM/Passes.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/xxhash.h"

namespace ringattn {
#define GEN_PASS_DEF_LOWERRUNTIMEOPSPASS
#include "ringattn/Conversion/RingToLLVM/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Positions of the function pointers of `rr_imports` (ringrt/abi.h).
enum class Import {
  BufAlloc,
  BufFree,
  RingRank,
  RingSize,
  RingShiftStart,
  RingWait,
  ParallelFor,
  CheckCancel,
  Fail,
  TraceBegin,
  TraceEnd,
  TensorMap,
  Launch
};
/// RR_INVALID_ARGUMENT (ringrt/abi.h).
constexpr int64_t kInvalidArgument = 1;
/// Bytes of a tensor map, and what they are aligned to (CUtensorMap).
constexpr int64_t kTensorMapBytes = 128, kTensorMapAlignment = 64;
/// Two 32-bit fields precede the pointers.
constexpr int32_t kFirstImportOffset = 8;

/// Rewrites the body of one function.
class FunctionLowering {
public:
  FunctionLowering(func::FuncOp function, ModuleOp module,
                   LLVMTypeConverter &converter)
      : function(function), module(module), converter(converter),
        builder(function.getContext()), loc(function.getLoc()) {}

  LogicalResult run();

private:
  Value integer(int64_t value, unsigned width = 64) {
    return arith::ConstantOp::create(
        builder, loc,
        builder.getIntegerAttr(builder.getIntegerType(width), value));
  }
  Value toI64(Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                      index);
  }
  Value cast(Type type, Value value) {
    return UnrealizedConversionCastOp::create(builder, loc, TypeRange{type},
                                              ValueRange{value})
        .getResult(0);
  }
  LLVM::LLVMPointerType pointer() {
    return LLVM::LLVMPointerType::get(builder.getContext());
  }

  Value stackSlot(Type type, int64_t alignment = 8);
  Value stackArray(ArrayRef<Value> values);
  Value text(StringRef name, StringRef value);
  void callImport(Import import, ArrayRef<Value> arguments);
  void check(Value status);
  Value groupOf(ArrayRef<int64_t> axes) {
    return integer(getGroupIndex(module, axes), 32);
  }

  void lowerRingNumber(Operation *op, Import import, ArrayRef<int64_t> axes);
  void lower(ringcomm::ShiftStartOp op);
  void lower(ringcomm::WaitOp op);
  void lower(ringrt::SpanBeginOp op);
  void lower(ringrt::SpanEndOp op);
  void lower(ringrt::ParallelForOp op);
  void lower(ringrt::TensorMapOp op);
  void lower(ringrt::AddressOp op);
  void lower(ringrt::RequireOp op);
  void lower(gpu::LaunchFuncOp op);
  LogicalResult lower(memref::AllocOp op);
  void lower(memref::DeallocOp op);
  void lower(func::CallOp op);

  LLVM::LLVMFuncOp getTrampoline(ringrt::ParallelForOp op,
                                 LLVM::LLVMStructType closure);

  func::FuncOp function;
  ModuleOp module;
  LLVMTypeConverter &converter;
  OpBuilder builder;
  Location loc;
  Value context;
  /// Returns its argument, the status.
  Block *exit = nullptr;
};

} // namespace

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// A slot in the entry block, so that loops do not grow the stack.
Value FunctionLowering::stackSlot(Type type, int64_t alignment) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  return LLVM::AllocaOp::create(builder, loc, pointer(), type, integer(1),
                                alignment);
}

/// An array of `values`, which have one type.
Value FunctionLowering::stackArray(ArrayRef<Value> values) {
  Type element = values.front().getType();
  Value slot = stackSlot(LLVM::LLVMArrayType::get(element, values.size()));
  for (auto [i, value] : llvm::enumerate(values)) {
    Value address =
        LLVM::GEPOp::create(builder, loc, pointer(), element, slot,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    LLVM::StoreOp::create(builder, loc, value, address);
  }
  return slot;
}

/// The address of `value` with a final 0, in a constant called `name`.
Value FunctionLowering::text(StringRef name, StringRef value) {
  auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
  if (!global) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    std::string bytes = value.str() + '\0';
    global = LLVM::GlobalOp::create(
        builder, loc,
        LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size()),
        /*isConstant=*/true, LLVM::Linkage::Internal, name,
        builder.getStringAttr(bytes));
  }
  return LLVM::AddressOfOp::create(builder, loc, global);
}

/// Leaves the function when `status` is not zero.
void FunctionLowering::check(Value status) {
  Block *before = builder.getInsertionBlock();
  Block *after = before->splitBlock(builder.getInsertionPoint());
  builder.setInsertionPointToEnd(before);
  Value failed = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       status, integer(0, 32));
  cf::CondBranchOp::create(builder, loc, failed, exit, ValueRange{status},
                           after, ValueRange{});
  builder.setInsertionPointToStart(after);
}

void FunctionLowering::callImport(Import import, ArrayRef<Value> arguments) {
  Value table = LLVM::LoadOp::create(builder, loc, pointer(), context);
  int32_t offset = kFirstImportOffset + 8 * static_cast<int32_t>(import);
  Value slot =
      LLVM::GEPOp::create(builder, loc, pointer(), builder.getI8Type(), table,
                          ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(offset)});
  Value callee = LLVM::LoadOp::create(builder, loc, pointer(), slot);
  SmallVector<Value> operands = {callee, context};
  SmallVector<Type> types = {pointer()};
  for (Value argument : arguments) {
    operands.push_back(argument);
    types.push_back(argument.getType());
  }
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), types);
  check(LLVM::CallOp::create(builder, loc, type, operands).getResult());
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

void FunctionLowering::lowerRingNumber(Operation *op, Import import,
                                       ArrayRef<int64_t> axes) {
  Value slot = stackSlot(builder.getI64Type());
  callImport(import, {groupOf(axes), slot});
  Value number = LLVM::LoadOp::create(builder, loc, builder.getI64Type(), slot);
  op->getResult(0).replaceAllUsesWith(
      arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number));
}

void FunctionLowering::lower(ringcomm::ShiftStartOp op) {
  SmallVector<Value> arguments = {groupOf(op.getAxes())};
  for (Value buffer : {op.getSend(), op.getReceive()}) {
    auto type = mlir::cast<MemRefType>(buffer.getType());
    MemRefDescriptor descriptor(cast(converter.convertType(type), buffer));
    arguments.push_back(descriptor.bufferPtr(builder, loc, converter, type));
    Value bytes = integer(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
    arguments.push_back(arith::MulIOp::create(
        builder, loc, descriptor.size(builder, loc, 0), bytes));
  }
  arguments.push_back(integer(op.getStep()));
  arguments.push_back(toI64(op.getActive()));
  Value slot = stackSlot(builder.getI64Type());
  arguments.push_back(slot);
  callImport(Import::RingShiftStart, arguments);
  op->getResult(0).replaceAllUsesWith(
      LLVM::LoadOp::create(builder, loc, builder.getI64Type(), slot));
}

void FunctionLowering::lower(ringcomm::WaitOp op) {
  Value stream = LLVM::ZeroOp::create(builder, loc, pointer());
  callImport(Import::RingWait, {op->getOperand(0), stream});
}

void FunctionLowering::lower(ringrt::SpanBeginOp op) {
  callImport(
      Import::TraceBegin,
      {integer(static_cast<int64_t>(op.getKind()), 32), toI64(op.getHop())});
}

void FunctionLowering::lower(ringrt::SpanEndOp op) {
  callImport(Import::TraceEnd, {});
}

/// `rr_parallel_body` around the body: unpacks the closure.
LLVM::LLVMFuncOp FunctionLowering::getTrampoline(ringrt::ParallelForOp op,
                                                 LLVM::LLVMStructType closure) {
  std::string name = (op.getBody() + ".parallel").str();
  if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return existing;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(function);
  Type i64 = builder.getI64Type();
  auto trampoline = LLVM::LLVMFuncOp::create(
      builder, loc, name,
      LLVM::LLVMFunctionType::get(builder.getI32Type(),
                                  {pointer(), pointer(), i64, i64}),
      LLVM::Linkage::Internal);
  Block *block = trampoline.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> operands = {block->getArgument(0)};
  Value packed =
      LLVM::LoadOp::create(builder, loc, closure, block->getArgument(1));
  for (auto [index, capture] : llvm::enumerate(op.getCaptures()))
    operands.push_back(
        cast(capture.getType(),
             LLVM::ExtractValueOp::create(builder, loc, packed, index)));
  for (unsigned bound : {2u, 3u})
    operands.push_back(cast(builder.getIndexType(), block->getArgument(bound)));
  auto call = func::CallOp::create(builder, loc, op.getBody(),
                                   TypeRange{builder.getI32Type()}, operands);
  LLVM::ReturnOp::create(builder, loc, call.getResult(0));
  return trampoline;
}

void FunctionLowering::lower(ringrt::ParallelForOp op) {
  SmallVector<Type> types;
  for (Value capture : op.getCaptures())
    types.push_back(converter.convertType(capture.getType()));
  auto closure = LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
  LLVM::LLVMFuncOp trampoline = getTrampoline(op, closure);
  Value packed = LLVM::PoisonOp::create(builder, loc, closure);
  for (auto [index, capture] : llvm::enumerate(op.getCaptures()))
    packed = LLVM::InsertValueOp::create(builder, loc, packed,
                                         cast(types[index], capture), index);
  Value slot = stackSlot(closure);
  LLVM::StoreOp::create(builder, loc, packed, slot);
  Value body = LLVM::AddressOfOp::create(builder, loc, trampoline);
  callImport(Import::ParallelFor, {toI64(op.getCount()), body, slot});
}

void FunctionLowering::lower(ringrt::TensorMapOp op) {
  auto type = mlir::cast<MemRefType>(op.getSource().getType());
  MemRefDescriptor source(cast(converter.convertType(type), op.getSource()));
  SmallVector<Value> sizes, strides, box;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    sizes.push_back(source.size(builder, loc, dim));
    strides.push_back(source.stride(builder, loc, dim));
  }
  for (int64_t size : op.getBox())
    box.push_back(integer(size));
  Value map =
      stackSlot(LLVM::LLVMArrayType::get(builder.getI8Type(), kTensorMapBytes),
                kTensorMapAlignment);
  callImport(Import::TensorMap,
             {map, source.bufferPtr(builder, loc, converter, type),
              integer(type.getElementTypeBitWidth() / 8, 32), stackArray(sizes),
              stackArray(strides), stackArray(box)});
  op.getMap().replaceAllUsesWith(map);
}

void FunctionLowering::lower(ringrt::AddressOp op) {
  auto type = mlir::cast<MemRefType>(op.getSource().getType());
  MemRefDescriptor source(cast(converter.convertType(type), op.getSource()));
  Value address = source.bufferPtr(builder, loc, converter, type);
  if (op.getAddress().getType() != address.getType())
    address = LLVM::AddrSpaceCastOp::create(builder, loc,
                                            op.getAddress().getType(), address);
  op.getAddress().replaceAllUsesWith(address);
}

void FunctionLowering::lower(ringrt::RequireOp op) {
  Block *before = builder.getInsertionBlock();
  Block *after = before->splitBlock(builder.getInsertionPoint());
  Block *broken = builder.createBlock(after);
  std::string name = "ringattn.requirement." +
                     std::to_string(llvm::xxh3_64bits(op.getMessage()));
  callImport(Import::Fail,
             {integer(kInvalidArgument, 32), text(name, op.getMessage())});
  // The call returns the status it was given.
  LLVM::UnreachableOp::create(builder, loc);
  builder.setInsertionPointToEnd(before);
  cf::CondBranchOp::create(builder, loc, op.getCondition(), after, ValueRange{},
                           broken, ValueRange{});
  builder.setInsertionPointToStart(after);
}

void FunctionLowering::lower(gpu::LaunchFuncOp op) {
  SmallVector<Value> grid, arguments;
  for (Value size : {op.getGridSizeX(), op.getGridSizeY(), op.getGridSizeZ()})
    grid.push_back(toI64(size));
  for (Value operand : op.getKernelOperands()) {
    // A tensor map is a parameter by value.
    if (operand.getType() == pointer()) {
      arguments.push_back(operand);
      continue;
    }
    Value slot = stackSlot(operand.getType());
    LLVM::StoreOp::create(builder, loc, operand, slot);
    arguments.push_back(slot);
  }
  StringRef name = op.getKernelName();
  callImport(Import::Launch,
             {text(("ringattn.kernel_name." + name).str(), name),
              stackArray(grid), stackArray(arguments)});
}

LogicalResult FunctionLowering::lower(memref::AllocOp op) {
  MemRefType type = op.getType();
  if (!type.getLayout().isIdentity())
    return op.emitOpError() << "has the layout " << type.getLayout()
                            << ", expected the identity";
  SmallVector<Value> sizes, strides(type.getRank());
  unsigned dynamic = 0;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size)
                        ? toI64(op.getDynamicSizes()[dynamic++])
                        : integer(size));
  Value elements = integer(1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    strides[dim] = elements;
    elements = builder.createOrFold<arith::MulIOp>(loc, elements, sizes[dim]);
  }
  Type element = type.getElementType();
  if (!element.isIntOrIndexOrFloat())
    return op.emitOpError() << "has elements of type " << element
                            << ", expected integers, indices or floats";
  unsigned bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  Value bytes = arith::MulIOp::create(builder, loc, elements,
                                      integer(llvm::divideCeil(bits, 8)));
  Value slot = stackSlot(pointer());
  int64_t alignment = std::max<int64_t>(64, op.getAlignment().value_or(64));
  callImport(Import::BufAlloc, {bytes, integer(alignment), slot});
  Value data = LLVM::LoadOp::create(builder, loc, pointer(), slot);

  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, data);
  descriptor.setAlignedPtr(builder, loc, data);
  descriptor.setConstantOffset(builder, loc, 0);
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    descriptor.setSize(builder, loc, dim, size);
    descriptor.setStride(builder, loc, dim, strides[dim]);
  }
  op.replaceAllUsesWith(cast(type, descriptor));
  return success();
}

void FunctionLowering::lower(memref::DeallocOp op) {
  Value buffer = op.getMemref();
  MemRefDescriptor descriptor(
      cast(converter.convertType(buffer.getType()), buffer));
  callImport(Import::BufFree, {descriptor.allocatedPtr(builder, loc)});
}

void FunctionLowering::lower(func::CallOp op) {
  SmallVector<Value> operands = {context};
  llvm::append_range(operands, op.getOperands());
  auto call = func::CallOp::create(builder, loc, op.getCallee(),
                                   TypeRange{builder.getI32Type()}, operands);
  check(call.getResult(0));
}

LogicalResult FunctionLowering::run() {
  if (function.getNumResults() != 0)
    return function.emitError()
           << "function '" << function.getName() << "' has "
           << function.getNumResults() << " results, expected none";
  SmallVector<Operation *> ops;
  WalkResult structured = function.walk([&](Operation *op) {
    if (op != function && op->getNumRegions() != 0) {
      op->emitError() << "has a region, expected unstructured control flow";
      return WalkResult::interrupt();
    }
    if (isa<ringcomm::RankOp, ringcomm::SizeOp, ringcomm::ShiftStartOp,
            ringcomm::WaitOp, ringrt::SpanBeginOp, ringrt::SpanEndOp,
            ringrt::ParallelForOp, ringrt::TensorMapOp, ringrt::AddressOp,
            ringrt::RequireOp, gpu::LaunchFuncOp, memref::AllocOp,
            memref::DeallocOp, func::CallOp, func::ReturnOp>(op))
      ops.push_back(op);
    return WalkResult::advance();
  });
  if (structured.wasInterrupted())
    return failure();

  SmallVector<Type> types = {pointer()};
  llvm::append_range(types, function.getArgumentTypes());
  context = function.getBody().insertArgument(0u, pointer(), loc);
  function.setFunctionType(
      builder.getFunctionType(types, builder.getI32Type()));
  if (ArrayAttr attrs = function.getAllArgAttrs()) {
    SmallVector<Attribute> shifted = {builder.getDictionaryAttr({})};
    llvm::append_range(shifted, attrs);
    function.setAllArgAttrs(ArrayRef<Attribute>(shifted));
  }
  function.setPrivate();
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(builder.getContext(), LLVM::Linkage::Internal));
  for (Block &block : function.getBody())
    for (BlockArgument argument : block.getArguments())
      if (isa<ringcomm::TokenType>(argument.getType()))
        argument.setType(builder.getI64Type());

  exit = &function.getBody().emplaceBlock();
  Value status = exit->addArgument(builder.getI32Type(), loc);
  builder.setInsertionPointToStart(exit);
  func::ReturnOp::create(builder, loc, status);

  for (Operation *op : ops) {
    loc = op->getLoc();
    builder.setInsertionPoint(op);
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(op)
            .Case<ringcomm::RankOp>([&](auto rank) {
              lowerRingNumber(rank, Import::RingRank, rank.getAxes());
              return success();
            })
            .Case<ringcomm::SizeOp>([&](auto size) {
              lowerRingNumber(size, Import::RingSize, size.getAxes());
              return success();
            })
            .Case<memref::AllocOp>([&](auto alloc) { return lower(alloc); })
            .Case<func::ReturnOp>([&](auto ret) {
              func::ReturnOp::create(builder, loc, integer(0, 32));
              return success();
            })
            .Case<ringcomm::ShiftStartOp, ringcomm::WaitOp, ringrt::SpanBeginOp,
                  ringrt::SpanEndOp, ringrt::ParallelForOp, ringrt::TensorMapOp,
                  ringrt::AddressOp, ringrt::RequireOp, gpu::LaunchFuncOp,
                  memref::DeallocOp, func::CallOp>([&](auto other) {
              lower(other);
              return success();
            })
            .Default([](Operation *) { return failure(); });
    if (failed(result))
      return failure();
    op->erase();
  }
  return success();
}

namespace {
struct LowerRuntimeOps
    : ringattn::impl::LowerRuntimeOpsPassBase<LowerRuntimeOps> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!module->hasAttr(kGroupsAttr))
      module->setAttr(kGroupsAttr, collectGroups(module));
    LLVMTypeConverter converter(&getContext());
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (failed(FunctionLowering(function, module, converter).run()))
        return signalPassFailure();
    for (auto grid : llvm::make_early_inc_range(module.getOps<shard::GridOp>()))
      grid.erase();
  }
};
} // namespace

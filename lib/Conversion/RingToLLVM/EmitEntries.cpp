//===- EmitEntries.cpp - What the runtime calls ---------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Manifest.h"
#include "ringattn/Conversion/RingToLLVM/Passes.h"
#include "ringattn/Dialect/RingAttn/Transforms/EntrySignature.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "ringattn/Dialect/RingComm/Transforms/Passes.h"
#include "ringattn/Support/CPUDescription.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace ringattn {
#define GEN_PASS_DEF_EMITENTRIESPASS
#include "ringattn/Conversion/RingToLLVM/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

namespace {

/// Builds the wrapper of one entry.
class WrapperBuilder {
public:
  WrapperBuilder(func::FuncOp entry, EntrySignature signature)
      : entry(entry), signature(std::move(signature)), loc(entry.getLoc()),
        builder(entry.getContext()), converter(entry.getContext()) {}

  LogicalResult run();

private:
  LogicalResult verify();
  Value loadSize(int64_t position);
  Value ringRank(SeqShardingAttr sharding);
  Value ringSize(SeqShardingAttr sharding);
  Value makeMemRef(MemRefType type, int64_t buffer, const EntryValue &value,
                   ArrayRef<Value> globalSizes);

  func::FuncOp entry;
  EntrySignature signature;
  Location loc;
  OpBuilder builder;
  LLVMTypeConverter converter;
  Value buffers, dims;
};

} // namespace

Value WrapperBuilder::loadSize(int64_t position) {
  auto i64 = builder.getI64Type();
  Value address = LLVM::GEPOp::create(
      builder, loc, dims.getType(), i64, dims,
      ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(position))});
  Value size = LLVM::LoadOp::create(builder, loc, i64, address);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), size);
}

/// A row-major memref of `type` over the buffer that the runtime passed.
Value WrapperBuilder::makeMemRef(MemRefType type, int64_t buffer,
                                 const EntryValue &value,
                                 ArrayRef<Value> globalSizes) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value address = LLVM::GEPOp::create(
      builder, loc, pointer, pointer, buffers,
      ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(buffer))});
  Value data = LLVM::LoadOp::create(builder, loc, pointer, address);

  auto toI64 = [&](Value index) -> Value {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                      index);
  };
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    Value size = globalSizes[dim];
    if (value.sharding && value.dim == dim && type.isDynamicDim(dim))
      size = ShardLengthOp::create(builder, loc, size, ringSize(value.sharding),
                                   ringRank(value.sharding),
                                   value.sharding.getLayout());
    else if (!type.isDynamicDim(dim))
      size = arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim));
    sizes.push_back(toI64(size));
  }

  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, data);
  descriptor.setAlignedPtr(builder, loc, data);
  descriptor.setConstantOffset(builder, loc, 0);
  Value stride =
      arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(1));
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    descriptor.setSize(builder, loc, dim, sizes[dim]);
    descriptor.setStride(builder, loc, dim, stride);
    stride = builder.createOrFold<arith::MulIOp>(loc, stride, sizes[dim]);
  }
  return UnrealizedConversionCastOp::create(builder, loc, TypeRange{type},
                                            ValueRange{descriptor})
      .getResult(0);
}

Value WrapperBuilder::ringRank(SeqShardingAttr sharding) {
  return ringcomm::RankOp::create(
      builder, loc, sharding.getGrid(),
      builder.getDenseI64ArrayAttr(sharding.getAxes()));
}

Value WrapperBuilder::ringSize(SeqShardingAttr sharding) {
  int64_t size =
      ringcomm::getRingSize(entry, sharding.getGrid(), sharding.getAxes());
  if (!ShapedType::isDynamic(size))
    return arith::ConstantIndexOp::create(builder, loc, size);
  return ringcomm::SizeOp::create(
      builder, loc, sharding.getGrid(),
      builder.getDenseI64ArrayAttr(sharding.getAxes()));
}

/// Checks that the entry's arguments are those that its signature describes.
LogicalResult WrapperBuilder::verify() {
  size_t sizes = 0;
  for (const EntryValue &value : signature.arguments)
    sizes += value.type.getNumDynamicDims();
  size_t buffers = signature.arguments.size() + signature.results.size();
  if (entry.getNumArguments() != buffers + sizes)
    return entry.emitError()
           << "entry '" << entry.getName() << "' has "
           << entry.getNumArguments() << " arguments, expected "
           << buffers + sizes << " by its " << EntrySignature::kAttrName;
  auto emitArgument = [&](size_t index, Type type) {
    return entry.emitError()
           << "argument " << index << " of entry '" << entry.getName()
           << "' has type " << type << ", expected ";
  };
  for (auto [index, value] : llvm::enumerate(llvm::concat<const EntryValue>(
           signature.arguments, signature.results))) {
    Type type = entry.getArgumentTypes()[index];
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || memref.getRank() != value.type.getRank())
      return emitArgument(index, type)
             << "a memref of rank " << value.type.getRank();
  }
  for (size_t index = buffers; index < buffers + sizes; ++index)
    if (Type type = entry.getArgumentTypes()[index]; !type.isIndex())
      return emitArgument(index, type) << builder.getIndexType();
  return success();
}

LogicalResult WrapperBuilder::run() {
  if (failed(verify()))
    return failure();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  builder.setInsertionPointAfter(entry);
  auto wrapper =
      func::FuncOp::create(builder, loc, (entry.getName() + ".entry").str(),
                           builder.getFunctionType({pointer, pointer}, {}));
  wrapper.setPrivate();
  wrapper->setAttr(ringcomm::kEntryPointAttrName, entry.getNameAttr());
  Block *block = wrapper.addEntryBlock();
  builder.setInsertionPointToStart(block);
  buffers = block->getArgument(0);
  dims = block->getArgument(1);

  SmallVector<Value> operands, sizeOperands;
  int64_t position = 0;
  auto values = llvm::to_vector(
      llvm::concat<const EntryValue>(signature.arguments, signature.results));
  for (auto [index, value] : llvm::enumerate(values)) {
    SmallVector<Value> globalSizes;
    for (int64_t dim = 0; dim < value.type.getRank(); ++dim, ++position) {
      globalSizes.push_back(loadSize(position));
      if (index < signature.arguments.size() && value.type.isDynamicDim(dim))
        sizeOperands.push_back(globalSizes.back());
    }
    auto type = cast<MemRefType>(entry.getArgumentTypes()[index]);
    operands.push_back(makeMemRef(type, index, value, globalSizes));
  }
  llvm::append_range(operands, sizeOperands);
  func::CallOp::create(builder, loc, entry, operands);
  func::ReturnOp::create(builder, loc);
  entry->removeAttr(EntrySignature::kAttrName);
  entry.setPrivate();
  return success();
}

namespace {
struct EmitEntries : ringattn::impl::EmitEntriesPassBase<EmitEntries> {
  using Base::Base;

  LogicalResult initializeOptions(
      StringRef text,
      function_ref<LogicalResult(const Twine &)> errorHandler) override {
    if (failed(Base::initializeOptions(text, errorHandler)))
      return failure();
    llvm::Error error = describeCPU(targetCpu, targetFeatures).takeError();
    return error ? errorHandler(llvm::toString(std::move(error))) : success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (target == "cpu")
      for (Operation &op : *module.getBody())
        if (isa<gpu::GPUModuleOp, gpu::BinaryOp>(op)) {
          op.emitOpError() << "is code for GPUs, expected none as the target "
                              "is cpu";
          return signalPassFailure();
        }
    llvm::Expected<CPUDescription> cpu = describeCPU(targetCpu, targetFeatures);
    if (!cpu) {
      module.emitError() << llvm::toString(cpu.takeError());
      return signalPassFailure();
    }
    ArrayAttr groups = collectGroups(module);
    module->setAttr(kGroupsAttr, groups);
    FailureOr<std::string> manifest = buildManifest(
        module, groups, {target, cpu->name, cpu->requiredFeatures()});
    if (failed(manifest))
      return signalPassFailure();
    module->setAttr("ringattn.manifest",
                    StringAttr::get(&getContext(), *manifest));

    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (std::optional<EntrySignature> signature =
              EntrySignature::get(function))
        if (failed(WrapperBuilder(function, std::move(*signature)).run()))
          return signalPassFailure();
  }
};
} // namespace

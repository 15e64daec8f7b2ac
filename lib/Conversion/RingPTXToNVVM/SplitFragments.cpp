//===- SplitFragments.cpp - Vectors into what a register holds ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Conversion/RingPTXToNVVM/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ringattn {
#define GEN_PASS_DEF_SPLITFRAGMENTSPASS
#include "ringattn/Conversion/RingPTXToNVVM/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;

/// Elements of a part, or 0 for types that stay whole.
static int64_t getPartSize(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getRank() != 1 || vector.isScalable() ||
      !vector.getElementType().isIntOrFloat())
    return 0;
  unsigned bits = vector.getElementTypeBitWidth();
  if (bits == 32 || bits == 64 || bits == 1)
    return 1;
  return bits == 16 && vector.getNumElements() % 2 == 0 &&
                 vector.getNumElements() > 2
             ? 2
             : 0;
}

static Type getTypeOf(Type element, int64_t size) {
  return size == 1 ? element : VectorType::get(size, element);
}

static Type getPartType(Type type) {
  return getTypeOf(cast<VectorType>(type).getElementType(), getPartSize(type));
}

static bool isElementwise(Operation *op) {
  return isa<LLVM::FAddOp, LLVM::FSubOp, LLVM::FMulOp, LLVM::FDivOp,
             LLVM::FRemOp, LLVM::FNegOp, LLVM::AddOp, LLVM::SubOp, LLVM::MulOp,
             LLVM::SDivOp, LLVM::UDivOp, LLVM::SRemOp, LLVM::URemOp,
             LLVM::AndOp, LLVM::OrOp, LLVM::XOrOp, LLVM::ShlOp, LLVM::LShrOp,
             LLVM::AShrOp, LLVM::FCmpOp, LLVM::ICmpOp, LLVM::SelectOp,
             LLVM::FPTruncOp, LLVM::FPExtOp, LLVM::SIToFPOp, LLVM::UIToFPOp,
             LLVM::FPToSIOp, LLVM::FPToUIOp, LLVM::SExtOp, LLVM::ZExtOp,
             LLVM::TruncOp, LLVM::FreezeOp, LLVM::FMAOp, LLVM::FMulAddOp,
             LLVM::MaxNumOp, LLVM::MinNumOp, LLVM::MaximumOp, LLVM::MinimumOp,
             LLVM::FAbsOp, LLVM::CopySignOp, LLVM::SqrtOp, LLVM::Exp2Op,
             LLVM::ExpOp, LLVM::Log2Op, LLVM::LogOp, LLVM::SMaxOp, LLVM::SMinOp,
             LLVM::UMaxOp, LLVM::UMinOp, LLVM::AbsOp, LLVM::FFloorOp,
             LLVM::FCeilOp>(op);
}

namespace {
/// Splits the vectors of one function.
class Splitter {
public:
  explicit Splitter(LLVM::LLVMFuncOp function)
      : body(function.getBody()), b(function.getContext()) {}

  void run() {
    for (Block &block : llvm::drop_begin(body))
      splitArguments(block);
    SmallVector<Operation *> branches;
    for (Block *block : getBlocksSortedByDominance(body)) {
      for (Operation &op : llvm::make_early_inc_range(*block)) {
        b.setInsertionPoint(&op);
        if (isa<BranchOpInterface>(op))
          branches.push_back(&op);
        else if (splitOp(&op))
          replaced.push_back(&op);
        else
          putTogetherOperands(&op);
      }
    }
    for (Operation *branch : branches)
      splitBranch(cast<BranchOpInterface>(branch));
    for (Operation *op : llvm::reverse(replaced))
      op->erase();
    for (Block &block : llvm::drop_begin(body))
      block.eraseArguments([](BlockArgument argument) {
        return getPartSize(argument.getType()) != 0;
      });
  }

private:
  /// The parts of a block argument follow all arguments of before.
  void splitArguments(Block &block) {
    for (BlockArgument argument : llvm::to_vector(block.getArguments())) {
      Type type = argument.getType();
      int64_t size = getPartSize(type);
      if (size == 0)
        continue;
      int64_t count = cast<VectorType>(type).getNumElements() / size;
      SmallVector<Value> &values = parts[argument];
      for (int64_t i = 0; i < count; ++i)
        values.push_back(
            block.addArgument(getPartType(type), argument.getLoc()));
    }
  }

  void splitBranch(BranchOpInterface branch) {
    b.setInsertionPoint(branch);
    for (unsigned i = 0, e = branch->getNumSuccessors(); i < e; ++i) {
      MutableOperandRange operands =
          branch.getSuccessorOperands(i).getMutableForwardedOperands();
      SmallVector<Value> kept, added;
      for (Value operand : OperandRange(operands)) {
        if (getPartSize(operand.getType()) == 0)
          kept.push_back(operand);
        else
          llvm::append_range(added, getParts(operand));
      }
      llvm::append_range(kept, added);
      operands.assign(kept);
    }
  }

  Value index(Location loc, int64_t value) {
    return LLVM::ConstantOp::create(b, loc, b.getI32Type(),
                                    b.getI32IntegerAttr(value));
  }

  Value extract(Location loc, Value vector, int64_t i) {
    return LLVM::ExtractElementOp::create(b, loc, vector, index(loc, i));
  }

  /// A vector of the values, which may be vectors of the same type.
  Value concatenate(Location loc, Type element, ValueRange values) {
    SmallVector<Value> elements;
    for (Value value : values) {
      if (auto type = dyn_cast<VectorType>(value.getType()))
        for (int64_t i = 0; i < type.getNumElements(); ++i)
          elements.push_back(extract(loc, value, i));
      else
        elements.push_back(value);
    }
    Value vector = LLVM::PoisonOp::create(
        b, loc, VectorType::get(elements.size(), element));
    for (auto [i, value] : llvm::enumerate(elements))
      vector =
          LLVM::InsertElementOp::create(b, loc, vector, value, index(loc, i));
    return vector;
  }

  /// The parts of a vector; of one that stays, they are taken where it is made.
  ArrayRef<Value> getParts(Value vector) {
    auto [found, isNew] = parts.try_emplace(vector);
    if (!isNew)
      return found->second;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(vector);
    Location loc = vector.getLoc();
    int64_t size = getPartSize(vector.getType());
    auto type = cast<VectorType>(vector.getType());
    SmallVector<Value> values;
    for (int64_t i = 0; i < type.getNumElements(); i += size) {
      values.push_back(extract(loc, vector, i));
      if (size == 2)
        values.back() =
            concatenate(loc, type.getElementType(),
                        {values.back(), extract(loc, vector, i + 1)});
    }
    return parts[vector] = std::move(values);
  }

  /// Element `i` of a vector, from its parts.
  Value getElement(Location loc, Value vector, int64_t i) {
    int64_t size = getPartSize(vector.getType());
    if (size == 0)
      return extract(loc, vector, i);
    Value part = getParts(vector)[i / size];
    return size == 1 ? part : extract(loc, part, i % size);
  }

  /// Ops that keep their vectors.
  void putTogetherOperands(Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      auto found = parts.find(value);
      bool stays = !isa<BlockArgument>(value) && !isReplaced(value);
      if (found == parts.end() || stays)
        continue;
      operand.set(concatenate(
          op->getLoc(), cast<VectorType>(value.getType()).getElementType(),
          found->second));
    }
  }

  bool isReplaced(Value value) { return replacedValues.contains(value); }

  void setParts(Value vector, SmallVector<Value> values) {
    replacedValues.insert(vector);
    parts[vector] = std::move(values);
  }

  /// Whether the op is to be erased: its results have parts, or what they are.
  bool splitOp(Operation *op) {
    if (isElementwise(op))
      return splitElementwise(op);
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case<LLVM::ConstantOp, LLVM::UndefOp, LLVM::PoisonOp, LLVM::ZeroOp,
              LLVM::ExtractElementOp, LLVM::InsertElementOp,
              LLVM::ShuffleVectorOp, LLVM::BitcastOp>(
            [this](auto op) { return split(op); })
        .Default(false);
  }

  bool splitElementwise(Operation *op) {
    auto result = dyn_cast<VectorType>(op->getResult(0).getType());
    if (!result || getPartSize(result) == 0)
      return false;
    int64_t size = getPartSize(result);
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<VectorType>(operand.getType());
      // A select may have one condition for all.
      if (!type && isa<LLVM::SelectOp>(op))
        continue;
      int64_t other = type ? getPartSize(type) : 0;
      if (other == 0)
        return false;
      size = std::max(size, other);
    }
    Location loc = op->getLoc();
    Type element = result.getElementType();
    SmallVector<Value> values;
    for (int64_t i = 0; i < result.getNumElements(); i += size) {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands()) {
        auto type = dyn_cast<VectorType>(operand.getType());
        if (!type) {
          operands.push_back(operand);
          continue;
        }
        int64_t step = getPartSize(type);
        ArrayRef<Value> chosen = getParts(operand).slice(i / step, size / step);
        operands.push_back(
            chosen.size() == 1
                ? chosen.front()
                : concatenate(loc, type.getElementType(), chosen));
      }
      Operation *part = Operation::create(
          loc, op->getName(), getTypeOf(element, size), operands,
          op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
          BlockRange(), /*numRegions=*/0);
      b.insert(part);
      Value value = part->getResult(0);
      if (getPartSize(result) == size) {
        values.push_back(value);
        continue;
      }
      for (int64_t j = 0; j < size; ++j)
        values.push_back(extract(loc, value, j));
    }
    setParts(op->getResult(0), std::move(values));
    return true;
  }

  bool split(LLVM::ConstantOp op) {
    auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
    if (!elements || getPartSize(op.getType()) == 0)
      return false;
    int64_t size = getPartSize(op.getType());
    Type type = getPartType(op.getType());
    SmallVector<Attribute> attributes(elements.getValues<Attribute>());
    SmallVector<Value> values;
    for (size_t i = 0; i < attributes.size(); i += size) {
      Attribute attribute = attributes[i];
      if (size > 1)
        attribute = DenseElementsAttr::get(cast<VectorType>(type),
                                           ArrayRef(attributes).slice(i, size));
      values.push_back(LLVM::ConstantOp::create(b, op.getLoc(), type,
                                                cast<TypedAttr>(attribute)));
    }
    setParts(op, std::move(values));
    return true;
  }

  template <typename OpTy>
  bool splitUniform(OpTy op) {
    Type type = op.getType();
    int64_t size = getPartSize(type);
    if (size == 0)
      return false;
    Value part = OpTy::create(b, op.getLoc(), getPartType(type));
    setParts(op, SmallVector<Value>(
                     cast<VectorType>(type).getNumElements() / size, part));
    return true;
  }
  bool split(LLVM::UndefOp op) { return splitUniform(op); }
  bool split(LLVM::PoisonOp op) { return splitUniform(op); }
  bool split(LLVM::ZeroOp op) { return splitUniform(op); }

  bool split(LLVM::ExtractElementOp op) {
    APInt position;
    Value vector = op.getVector();
    if (getPartSize(vector.getType()) == 0 ||
        !matchPattern(op.getPosition(), m_ConstantInt(&position)))
      return false;
    int64_t i = position.getZExtValue();
    if (i >= cast<VectorType>(vector.getType()).getNumElements())
      return false;
    op.getResult().replaceAllUsesWith(getElement(op.getLoc(), vector, i));
    return true;
  }

  bool split(LLVM::InsertElementOp op) {
    APInt position;
    auto type = cast<VectorType>(op.getType());
    int64_t size = getPartSize(type);
    if (size == 0 || !matchPattern(op.getPosition(), m_ConstantInt(&position)))
      return false;
    int64_t i = position.getZExtValue();
    if (i >= type.getNumElements())
      return false;
    SmallVector<Value> values(getParts(op.getVector()));
    Value &part = values[i / size];
    part =
        size == 1
            ? op.getValue()
            : LLVM::InsertElementOp::create(b, op.getLoc(), part, op.getValue(),
                                            index(op.getLoc(), i % size))
                  .getResult();
    setParts(op, std::move(values));
    return true;
  }

  bool split(LLVM::ShuffleVectorOp op) {
    auto type = cast<VectorType>(op.getType());
    int64_t size = getPartSize(type);
    auto source = cast<VectorType>(op.getV1().getType());
    if (size == 0 && getPartSize(source) == 0)
      return false;
    Location loc = op.getLoc();
    int64_t half = source.getNumElements();
    ArrayRef<int32_t> mask = op.getMask();
    auto element = [&](int32_t i) -> Value {
      if (i < 0)
        return LLVM::PoisonOp::create(b, loc, type.getElementType());
      return i < half ? getElement(loc, op.getV1(), i)
                      : getElement(loc, op.getV2(), i - half);
    };
    // Pairs that stay pairs.
    auto pair = [&](int32_t i, int32_t j) -> Value {
      if (i % 2 == 0 && j == i + 1 && getPartSize(source) == 2 &&
          (i < half) == (j < half))
        return i < half ? getParts(op.getV1())[i / 2]
                        : getParts(op.getV2())[(i - half) / 2];
      return concatenate(loc, type.getElementType(), {element(i), element(j)});
    };
    SmallVector<Value> values;
    if (type.getNumElements() == 2 && size == 0) {
      op.getResult().replaceAllUsesWith(pair(mask[0], mask[1]));
      return true;
    }
    if (size == 0) {
      for (int32_t i : mask)
        values.push_back(element(i));
      op.getResult().replaceAllUsesWith(
          concatenate(loc, type.getElementType(), values));
      return true;
    }
    for (size_t i = 0; i < mask.size(); i += size)
      values.push_back(size == 1 ? element(mask[i])
                                 : pair(mask[i], mask[i + 1]));
    setParts(op, std::move(values));
    return true;
  }

  /// Part by part where parts have the same number of bits.
  bool split(LLVM::BitcastOp op) {
    Type from = op.getArg().getType(), to = op.getType();
    auto bits = [](Type type) {
      auto vector = dyn_cast<VectorType>(type);
      return vector ? getPartSize(type) * vector.getElementTypeBitWidth() : 0;
    };
    if (bits(from) == 0 || bits(from) != bits(to))
      return false;
    SmallVector<Value> values;
    for (Value part : llvm::to_vector(getParts(op.getArg())))
      values.push_back(
          LLVM::BitcastOp::create(b, op.getLoc(), getPartType(to), part));
    setParts(op, std::move(values));
    return true;
  }

  Region &body;
  OpBuilder b;
  llvm::DenseMap<Value, SmallVector<Value>> parts;
  llvm::DenseSet<Value> replacedValues;
  SmallVector<Operation *> replaced;
};

struct SplitFragments : ringattn::impl::SplitFragmentsPassBase<SplitFragments> {
  void runOnOperation() override {
    getOperation()->walk([](LLVM::LLVMFuncOp function) {
      if (!function.isExternal())
        Splitter(function).run();
    });
  }
};
} // namespace

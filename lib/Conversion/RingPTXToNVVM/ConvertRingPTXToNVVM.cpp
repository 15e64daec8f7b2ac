//===- ConvertRingPTXToNVVM.cpp - nvvm ops and inline assembly ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Conversion/RingPTXToNVVM/Passes.h"
#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ringattn {
#define GEN_PASS_DEF_CONVERTRINGPTXTONVVMPASS
#include "ringattn/Conversion/RingPTXToNVVM/Passes.h.inc"
} // namespace ringattn

using namespace mlir;
using namespace ringattn;
using namespace ringattn::ringptx;

namespace {
/// Builds at one place, with an index constant only where none is at hand.
class Emitter {
public:
  explicit Emitter(Operation *op) : b(op), loc(op->getLoc()) {}

  Value index(int64_t value) {
    Value &cached = indices[value];
    if (!cached)
      cached = LLVM::ConstantOp::create(b, loc, b.getI32Type(),
                                        b.getI32IntegerAttr(value));
    return cached;
  }

  SmallVector<Value> elements(Value vector) {
    SmallVector<Value> elements;
    int64_t size = cast<VectorType>(vector.getType()).getNumElements();
    for (int64_t i = 0; i < size; ++i)
      elements.push_back(
          LLVM::ExtractElementOp::create(b, loc, vector, index(i)));
    return elements;
  }

  Value vector(VectorType type, ValueRange elements) {
    Value vector = LLVM::PoisonOp::create(b, loc, type);
    for (auto [i, element] : llvm::enumerate(elements))
      vector = LLVM::InsertElementOp::create(b, loc, vector, element, index(i));
    return vector;
  }

  /// What the registers of a fragment hold: f32 stays f32 unless `asBits`,
  /// 16-bit elements are i32 in pairs.
  SmallVector<Value> registers(Value fragment, bool asBits) {
    auto type = cast<VectorType>(fragment.getType());
    SmallVector<Value> values = elements(fragment);
    bool paired = !type.getElementType().isF32();
    if (!paired && !asBits)
      return values;
    SmallVector<Value> registers;
    auto pair = VectorType::get(2, type.getElementType());
    for (size_t i = 0; i < values.size(); i += paired ? 2 : 1) {
      Value value =
          paired ? vector(pair, {values[i], values[i + 1]}) : values[i];
      registers.push_back(
          LLVM::BitcastOp::create(b, loc, b.getI32Type(), value));
    }
    return registers;
  }

  /// The fragment that such registers (f32, or i32 in pairs) hold.
  Value fragment(VectorType type, ArrayRef<Value> registers) {
    if (type.getElementType().isF32())
      return vector(type, registers);
    SmallVector<Value> values;
    auto pair = VectorType::get(2, type.getElementType());
    for (Value bits : registers)
      llvm::append_range(values,
                         elements(LLVM::BitcastOp::create(b, loc, pair, bits)));
    return vector(type, values);
  }

  SmallVector<Value> members(Value structure) {
    SmallVector<Value> members;
    auto type = cast<LLVM::LLVMStructType>(structure.getType());
    for (size_t i = 0, e = type.getBody().size(); i < e; ++i)
      members.push_back(LLVM::ExtractValueOp::create(b, loc, structure, i));
    return members;
  }

  /// Side-effecting assembly whose operands are `tied`, each to the output of
  /// its number, after `inputs`; returns the outputs.
  SmallVector<Value> assembly(StringRef text, ArrayRef<Value> inputs,
                              ArrayRef<Value> tied) {
    SmallVector<std::string> constraints;
    auto letter = [](Value value) {
      return value.getType().isF32()         ? "f"
             : value.getType().isInteger(64) ? "l"
                                             : "r";
    };
    for (Value value : tied)
      constraints.push_back(std::string("=") + letter(value));
    for (Value value : inputs)
      constraints.push_back(letter(value));
    for (size_t i = 0; i < tied.size(); ++i)
      constraints.push_back(std::to_string(i));
    SmallVector<Value> operands(inputs);
    llvm::append_range(operands, tied);
    SmallVector<Type> types(ValueRange(tied).getTypes());
    Type result = types.size() == 1
                      ? types.front()
                      : LLVM::LLVMStructType::getLiteral(b.getContext(), types);
    auto op = LLVM::InlineAsmOp::create(
        b, loc, result, operands, text, llvm::join(constraints, ","),
        /*has_side_effects=*/true, /*is_align_stack=*/false,
        LLVM::TailCallKind::None,
        LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT),
        /*operand_attrs=*/nullptr);
    if (types.size() == 1)
      return {op.getRes()};
    return members(op.getRes());
  }

  OpBuilder b;
  Location loc;

private:
  llvm::SmallDenseMap<int64_t, Value> indices;
};
} // namespace

static NVVM::WGMMATypes getNVVMType(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return NVVM::WGMMATypes::bf16;
  case ElementType::F16:
    return NVVM::WGMMATypes::f16;
  case ElementType::TF32:
    return NVVM::WGMMATypes::tf32;
  }
  llvm_unreachable("no such type");
}

/// Both matrices in shared memory.
static Value emitSharedProduct(Emitter &e, WgmmaOp op) {
  MLIRContext *context = op.getContext();
  SmallVector<Type> types(op.getN() / 2, e.b.getF32Type());
  auto type = LLVM::LLVMStructType::getLiteral(context, types);
  Value accumulator = LLVM::PoisonOp::create(e.b, e.loc, type);
  if (op.getAccumulate())
    for (auto [i, value] : llvm::enumerate(e.elements(op.getAccumulator())))
      accumulator =
          LLVM::InsertValueOp::create(e.b, e.loc, accumulator, value, i);
  NVVM::WGMMATypes element = getNVVMType(op.getType());
  // Row-major A and column-major B are the K-major ones.
  Value result = NVVM::WgmmaMmaAsyncOp::create(
      e.b, e.loc, type, accumulator, op.getA(), op.getB(),
      NVVM::MMAShapeAttr::get(context, 64, op.getN(), op.getK()), element,
      element, NVVM::WGMMATypes::f32,
      op.getAccumulate() ? NVVM::WGMMAScaleOut::one : NVVM::WGMMAScaleOut::zero,
      NVVM::WGMMAScaleIn::one, NVVM::WGMMAScaleIn::one,
      op.getTransposeA() ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      op.getTransposeB() ? NVVM::MMALayout::row : NVVM::MMALayout::col,
      /*satfinite=*/nullptr);
  return e.vector(op.getResult().getType(), e.members(result));
}

/// A in registers.
static Value emitFragmentProduct(Emitter &e, WgmmaOp op) {
  int64_t count = op.getN() / 2;
  std::string text;
  llvm::raw_string_ostream os(text);
  StringRef element = stringifyElementType(op.getType());
  os << "wgmma.mma_async.sync.aligned.m64n" << op.getN() << 'k' << op.getK()
     << ".f32." << element << '.' << element << " {";
  for (int64_t i = 0; i < count; ++i)
    os << (i == 0 ? "$" : ", $") << i;
  os << "}, {$" << count << ", $" << count + 1 << ", $" << count + 2 << ", $"
     << count + 3 << "}, $" << count + 4 << ", " << (op.getAccumulate() ? 1 : 0)
     << ", 1, 1";
  if (op.getType() != ElementType::TF32)
    os << ", " << (op.getTransposeB() ? 1 : 0);
  os << ';';
  SmallVector<Value> inputs = e.registers(op.getA(), /*asBits=*/true);
  inputs.push_back(op.getB());
  Value accumulator = op.getAccumulator();
  if (!op.getAccumulate())
    accumulator = LLVM::PoisonOp::create(e.b, e.loc, accumulator.getType());
  return e.vector(op.getResult().getType(),
                  e.assembly(text, inputs, e.elements(accumulator)));
}

static void convertWgmma(WgmmaOp op) {
  Emitter e(op);
  Value result =
      op.hasFragment() ? emitFragmentProduct(e, op) : emitSharedProduct(e, op);
  op.getResult().replaceAllUsesWith(result);
  op.erase();
}

static void convertWait(WgmmaWaitOp op) {
  Emitter e(op);
  if (op.getValues().empty()) {
    NVVM::WgmmaWaitGroupSyncOp::create(e.b, e.loc, op.getPending());
    op.erase();
    return;
  }
  SmallVector<Value> registers;
  SmallVector<size_t> counts;
  for (Value value : op.getValues()) {
    size_t before = registers.size();
    llvm::append_range(registers, e.registers(value, /*asBits=*/false));
    counts.push_back(registers.size() - before);
  }
  SmallVector<Value> outputs = e.assembly(
      "wgmma.wait_group.sync.aligned " + std::to_string(op.getPending()) + ";",
      {}, registers);
  ArrayRef<Value> rest = outputs;
  for (auto [result, count] : llvm::zip_equal(op.getResults(), counts)) {
    result.replaceAllUsesWith(
        e.fragment(cast<VectorType>(result.getType()), rest.take_front(count)));
    rest = rest.drop_front(count);
  }
  op.erase();
}

static void convertSchedulingBarrier(SchedulingBarrierOp op) {
  OpBuilder b(op);
  LLVM::InlineAsmOp::create(
      b, op.getLoc(), /*res=*/Type(), ValueRange(),
      "{ .reg .pred never; .reg .b32 blocks; mov.u32 blocks, %nctaid.x; "
      "setp.eq.u32 never, blocks, 0x7fffffff; @never trap; }",
      "", /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None, /*asm_dialect=*/nullptr,
      /*operand_attrs=*/nullptr);
  op.erase();
}

/// Applies `convert` to the scalar, or to each element.
static void
convertElements(Operation *op,
                llvm::function_ref<Value(Emitter &, Value)> convert) {
  Emitter e(op);
  Value input = op->getOperand(0), result;
  if (auto type = dyn_cast<VectorType>(input.getType())) {
    SmallVector<Value> values = e.elements(input);
    for (Value &value : values)
      value = convert(e, value);
    result = e.vector(type, values);
  } else {
    result = convert(e, input);
  }
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
}

static Value callIntrinsic(Emitter &e, StringRef name, Value value) {
  return LLVM::CallIntrinsicOp::create(e.b, e.loc, value.getType(),
                                       e.b.getStringAttr(name), value)
      .getResult(0);
}

static Value emitToTF32(Emitter &e, Value value) {
  Value bits = NVVM::ConvertFloatToTF32Op::create(
      e.b, e.loc, e.b.getI32Type(), value, NVVM::FPRoundingMode::RNA,
      NVVM::SaturationMode::NONE, /*relu=*/false);
  return LLVM::BitcastOp::create(e.b, e.loc, e.b.getF32Type(), bits);
}

namespace {
struct ConvertRingPTXToNVVM
    : ringattn::impl::ConvertRingPTXToNVVMPassBase<ConvertRingPTXToNVVM> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      llvm::TypeSwitch<Operation *>(op)
          .Case(convertWgmma)
          .Case(convertWait)
          .Case(convertSchedulingBarrier)
          .Case([](Ex2Op op) {
            convertElements(op, [](Emitter &e, Value value) {
              return callIntrinsic(e, "llvm.nvvm.ex2.approx.ftz.f32", value);
            });
          })
          .Case([](Lg2Op op) {
            convertElements(op, [](Emitter &e, Value value) {
              return callIntrinsic(e, "llvm.nvvm.lg2.approx.ftz.f", value);
            });
          })
          .Case([](RcpOp op) {
            convertElements(op, [](Emitter &e, Value value) -> Value {
              return NVVM::RcpApproxFtzF32Op::create(e.b, e.loc,
                                                     value.getType(), value);
            });
          })
          .Case([](ToTF32Op op) { convertElements(op, emitToTF32); });
    });
  }
};
} // namespace

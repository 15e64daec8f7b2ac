//===- HostArray.cpp - Arrays in host memory ------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/HostArray.h"

#include "ringattn/Support/Float16.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace ringattn;

int64_t ringattn::getByteSize(DType dtype) {
  switch (dtype) {
  case DType::F64:
  case DType::I64:
    return 8;
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F16:
  case DType::BF16:
  case DType::I16:
    return 2;
  case DType::I8:
  case DType::I1:
    return 1;
  }
  llvm_unreachable("unknown element type");
}

bool ringattn::isFloat(DType dtype) {
  return dtype == DType::F64 || dtype == DType::F32 || dtype == DType::F16 ||
         dtype == DType::BF16;
}

StringRef ringattn::getName(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return "f64";
  case DType::F32:
    return "f32";
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::I64:
    return "i64";
  case DType::I32:
    return "i32";
  case DType::I16:
    return "i16";
  case DType::I8:
    return "i8";
  case DType::I1:
    return "i1";
  }
  llvm_unreachable("unknown element type");
}

std::optional<DType> ringattn::parseDType(StringRef name) {
  return StringSwitch<std::optional<DType>>(name)
      .Case("f64", DType::F64)
      .Case("f32", DType::F32)
      .Case("f16", DType::F16)
      .Case("bf16", DType::BF16)
      .Cases({"i64", "index"}, DType::I64)
      .Case("i32", DType::I32)
      .Case("i16", DType::I16)
      .Case("i8", DType::I8)
      .Case("i1", DType::I1)
      .Default(std::nullopt);
}

std::string ringattn::formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t size : shape) {
    if (!text.empty())
      text += 'x';
    text += size < 0 ? "?" : std::to_string(size);
  }
  return text;
}

Expected<HostArray> HostArray::create(DType dtype, ArrayRef<int64_t> shape) {
  int64_t count = 1, bytes = 0;
  bool tooLarge = false;
  for (int64_t size : shape) {
    if (size < 0)
      return createStringError("array shape " + formatShape(shape) +
                               " has an unknown size, expected known sizes");
    // A size of 0 elsewhere must not hide an overflow, nor the reverse.
    tooLarge |= MulOverflow(count, std::max<int64_t>(size, 1), count) != 0;
  }
  tooLarge |= MulOverflow(count, getByteSize(dtype), bytes) != 0;
  if (tooLarge)
    return createStringError("array " + formatShape(shape) + " of " +
                             getName(dtype) +
                             " has 2^63 bytes or more, expected fewer");
  if (llvm::is_contained(shape, 0))
    count = bytes = 0;

  HostArray array;
  array.dtype = dtype;
  array.shape.assign(shape.begin(), shape.end());
  array.numElements = count;
  array.storage.reset(
      static_cast<std::byte *>(std::calloc(std::max<int64_t>(bytes, 1), 1)));
  if (!array.storage)
    return createStringError("out of memory: array " + formatShape(shape) +
                             " of " + getName(dtype) + " needs " +
                             Twine(bytes) + " bytes");
  return array;
}

double HostArray::get(int64_t index) const {
  switch (dtype) {
  case DType::F64:
    return as<double>()[index];
  case DType::F32:
    return as<float>()[index];
  case DType::F16:
    return halfToFloat(as<uint16_t>()[index]);
  case DType::BF16:
    return bfloat16ToFloat(as<uint16_t>()[index]);
  default:
    return static_cast<double>(getInt(index));
  }
}

int64_t HostArray::getInt(int64_t index) const {
  switch (dtype) {
  case DType::I64:
    return as<int64_t>()[index];
  case DType::I32:
    return as<int32_t>()[index];
  case DType::I16:
    return as<int16_t>()[index];
  case DType::I8:
    return as<int8_t>()[index];
  case DType::I1:
    return as<uint8_t>()[index] != 0;
  default:
    return static_cast<int64_t>(get(index));
  }
}

void HostArray::set(int64_t index, double value) {
  switch (dtype) {
  case DType::F64:
    as<double>()[index] = value;
    return;
  case DType::F32:
    as<float>()[index] = static_cast<float>(value);
    return;
  case DType::F16:
    as<uint16_t>()[index] = floatToHalf(static_cast<float>(value));
    return;
  case DType::BF16:
    as<uint16_t>()[index] = floatToBfloat16(static_cast<float>(value));
    return;
  case DType::I64:
    as<int64_t>()[index] = static_cast<int64_t>(value);
    return;
  case DType::I32:
    as<int32_t>()[index] = static_cast<int32_t>(value);
    return;
  case DType::I16:
    as<int16_t>()[index] = static_cast<int16_t>(value);
    return;
  case DType::I8:
    as<int8_t>()[index] = static_cast<int8_t>(value);
    return;
  case DType::I1:
    as<uint8_t>()[index] = value != 0;
    return;
  }
  llvm_unreachable("unknown element type");
}

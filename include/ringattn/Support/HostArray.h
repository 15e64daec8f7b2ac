//===- HostArray.h - Arrays in host memory ----------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_HOSTARRAY_H
#define RINGATTN_SUPPORT_HOSTARRAY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace ringattn {

/// Element types of the entry points. `index` is I64.
enum class DType { F64, F32, F16, BF16, I64, I32, I16, I8, I1 };

/// Bytes of one element (an i1 takes one byte, 0 or 1).
int64_t getByteSize(DType dtype);
bool isFloat(DType dtype);

/// The type's name in MLIR, such as `bf16`, and back.
llvm::StringRef getName(DType dtype);
std::optional<DType> parseDType(llvm::StringRef name);

/// A shape as in a type: `1x8x4096x64`; `?` for negative sizes, `scalar` for
/// rank 0.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// A dense row-major array that owns its memory. Move-only.
class HostArray {
public:
  HostArray() = default;

  /// A zeroed array. Fails on a negative size and when memory does not suffice.
  static llvm::Expected<HostArray> create(DType dtype,
                                          llvm::ArrayRef<int64_t> shape);

  DType getDType() const { return dtype; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getNumElements() const { return numElements; }
  int64_t getNumBytes() const { return numElements * getByteSize(dtype); }
  std::byte *data() { return storage.get(); }
  const std::byte *data() const { return storage.get(); }

  template <typename T>
  T *as() {
    return reinterpret_cast<T *>(storage.get());
  }
  template <typename T>
  const T *as() const {
    return reinterpret_cast<const T *>(storage.get());
  }

  /// Element `index` (row-major), widened exactly but for integers beyond 2^53.
  double get(int64_t index) const;
  /// Element `index` of an integer array; floats are truncated.
  int64_t getInt(int64_t index) const;
  /// Stores `value`, rounded to nearest even: 16-bit types through float.
  void set(int64_t index, double value);

private:
  struct Free {
    void operator()(std::byte *memory) const { std::free(memory); }
  };
  DType dtype = DType::F32;
  llvm::SmallVector<int64_t> shape;
  int64_t numElements = 0;
  std::unique_ptr<std::byte, Free> storage;
};

} // namespace ringattn

#endif // RINGATTN_SUPPORT_HOSTARRAY_H

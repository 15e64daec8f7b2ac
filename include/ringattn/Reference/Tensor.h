//===- Tensor.h - Float64 tensors -------------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_REFERENCE_TENSOR_H
#define RINGATTN_REFERENCE_TENSOR_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace ringattn::reference {

/// Which part of a tensor is evaluated: all of it, or the given positions of
/// one dimension (for all indices of the others).
struct RowSelection {
  int64_t dim = -1;
  std::vector<int64_t> positions;

  bool isWhole() const { return dim < 0; }
};

/// A row-major value of the global program, or a selection of its rows.
///
/// `allowed` is what an implementation that stays within the accuracy contract
/// may be off by, element by element (absolute; empty: nothing). An infinite
/// one says that the element may be anything, NaN included, as where the
/// implementation's number type overflows and double does not.
struct Tensor {
  llvm::SmallVector<int64_t> shape;
  bool isInteger = false;
  std::vector<double> values;
  std::vector<double> allowed;
  /// Sign-extended from the type's width, where `isInteger`.
  std::vector<int64_t> ints;

  int64_t getNumElements() const {
    int64_t count = 1;
    for (int64_t size : shape)
      count *= size;
    return count;
  }
};

} // namespace ringattn::reference

#endif // RINGATTN_REFERENCE_TENSOR_H

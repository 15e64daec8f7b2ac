//===- MatrixOperand.h - wgmma operands in shared memory --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A descriptor gives the start of the operand, two offsets and a swizzle. The
// hardware reads pieces of 16 bytes: T elements that are neighbours along the
// major dimension. Where piece and line they are in, by the layout:
//
//   K-major    row r, piece c of K:
//     plain      r % 8 * 16   + r / 8 * SBO + c * LBO
//     span S     r % 8 * S    + r / 8 * SBO + c * 16
//   MN-major   piece q of M or N, row k of K:
//     plain      k % 8 * 16   + k / 8 * LBO + q * SBO
//     span S     k % 8 * S    + k / 8 * SBO + q % P * 16 + q / P * LBO
//                with P = S / 16
//
// The start is added and the sum swizzled, as tensor copies do.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_MATRIXOPERAND_H
#define RINGRT_DEVICE_SIM_MATRIXOPERAND_H

#include "ringrt/sim.h"

#include <cstdint>
#include <string>

namespace ringrt::sim {

struct MatrixDescriptor {
  explicit MatrixDescriptor(uint64_t bits);

  uint32_t start, leading, stride;
  uint32_t baseOffset;
  /// The span of the swizzle in bytes, 0 without.
  uint32_t span;
  bool reservedBits;

  /// What makes the descriptor invalid or is not modelled, or nothing.
  std::string findError() const;
};

/// Shared addresses of an operand's pieces of 16 bytes.
class MatrixOperand {
public:
  /// `rows`: the extent of M or N.
  MatrixOperand(const MatrixDescriptor &descriptor, uint32_t rows, bool mnMajor)
      : d(descriptor), rows(rows), mnMajor(mnMajor) {}

  /// Calls `function(address, row, k)` with the first element of each piece;
  /// `elements` of them are in one and `k` goes up to `depth`.
  template <typename Function>
  void forEachPiece(uint32_t elements, uint32_t depth,
                    const Function &function) const {
    if (!mnMajor) {
      const uint32_t line = d.span ? d.span : 16;
      const uint32_t step = d.span ? 16 : d.leading;
      for (uint32_t r = 0; r < rows; ++r)
        for (uint32_t c = 0; c * elements < depth; ++c)
          function(address(r % 8 * line + r / 8 * d.stride + c * step), r,
                   c * elements);
      return;
    }
    const uint32_t line = d.span ? d.span : 16;
    const uint32_t across = line / 16;
    const uint32_t nextK = d.span ? d.stride : d.leading;
    const uint32_t nextRows = d.span ? d.leading : d.stride;
    for (uint32_t k = 0; k < depth; ++k)
      for (uint32_t q = 0; q * elements < rows; ++q)
        function(address(k % 8 * line + k / 8 * nextK + q % across * 16 +
                         q / across * nextRows),
                 q * elements, k);
  }

private:
  uint32_t address(uint32_t offset) const {
    const uint32_t sum = d.start + offset;
    return d.span ? sum ^ (sum >> 7 & (d.span / 16 - 1)) << 4 : sum;
  }

  const MatrixDescriptor &d;
  uint32_t rows;
  bool mnMajor;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_MATRIXOPERAND_H

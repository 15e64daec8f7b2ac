//===- MatrixOperand.cpp - wgmma operands in shared memory ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/MatrixOperand.h"
#include "core/Status.h"

using namespace ringrt;
using namespace ringrt::sim;

/// A field of 14 bits that holds a multiple of 16.
static uint32_t field(uint64_t bits, int low) {
  return static_cast<uint32_t>(bits >> low & 0x3fff) << 4;
}

MatrixDescriptor::MatrixDescriptor(uint64_t bits)
    : start(field(bits, 0)), leading(field(bits, 16)), stride(field(bits, 32)),
      baseOffset(static_cast<uint32_t>(bits >> 49 & 7)) {
  static constexpr uint32_t spans[] = {0, 128, 64, 32};
  span = spans[bits >> 62];
  constexpr uint64_t fields = uint64_t(0x3fff) | uint64_t(0x3fff) << 16 |
                              uint64_t(0x3fff) << 32 | uint64_t(7) << 49 |
                              uint64_t(3) << 62;
  reservedBits = (bits & ~fields) != 0;
}

std::string MatrixDescriptor::findError() const {
  if (reservedBits)
    return "reserved bits are set";
  if (baseOffset != 0)
    return formatString("base offset %u: only 0 is modelled, patterns start "
                        "at multiples of 1024 bytes",
                        baseOffset);
  return "";
}

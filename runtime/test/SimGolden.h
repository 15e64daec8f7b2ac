//===- SimGolden.h - Golden vectors of wgmma and tensor copies --*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What goes in and what must come out, from the layouts that the PTX ISA draws,
// without a word of the simulator's code: a device can be given the same
// vectors. All values are small integers, so that no order of summation and no
// rounding shows.
//
// Swizzled layouts are described here by atoms of 8 rows: with a span of 128
// bytes, piece c of 16 bytes of row r is in place c ^ r of that row; with 64
// bytes two rows share a line of 128, and c goes to c ^ (r / 2); with 32, four
// rows do and c goes to c ^ (r / 4).
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TEST_SIMGOLDEN_H
#define RINGRT_TEST_SIMGOLDEN_H

#include "ringrt/sim.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace ringrt::test {

/// One wgmma. Operands lie in tiles of shared memory that may be deeper than
/// the instruction: it starts `k0` elements along K.
struct WgmmaCase {
  const char *name;
  int32_t n;
  rs_type type;
  bool accumulate;
  bool registersA;
  bool transposeA, transposeB;
  /// Span of the swizzle of A and B: 0, 32, 64, 128.
  uint32_t spanA, spanB;
  uint32_t k0;
  /// tf32: the bits that the hardware does not read are not zeros.
  bool noisy = false;
};

inline std::vector<WgmmaCase> wgmmaCases() {
  return {
      {"QK, 128-byte swizzle", 128, RS_BF16, false, false, false, false, 128,
       128, 0},
      {"QK, third step of K", 128, RS_BF16, false, false, false, false, 128,
       128, 32},
      {"PV, B is N-major", 128, RS_BF16, true, true, false, true, 0, 128, 0},
      {"PV, fourth step of K", 64, RS_BF16, true, true, false, true, 0, 128,
       48},
      {"n = 8", 8, RS_BF16, false, false, false, false, 128, 128, 0},
      {"n = 16", 16, RS_F16, true, false, false, false, 128, 128, 16},
      {"n = 88", 88, RS_BF16, true, false, false, false, 128, 128, 48},
      {"n = 176", 176, RS_BF16, false, false, false, false, 128, 128, 16},
      {"n = 176, N-major", 176, RS_F16, true, true, false, true, 0, 128, 32},
      {"n = 256", 256, RS_F16, true, false, false, false, 128, 128, 0},
      {"n = 256, N-major", 256, RS_BF16, true, false, false, true, 128, 128, 0},
      {"A is M-major", 64, RS_BF16, false, false, true, false, 128, 128, 16},
      {"both MN-major", 96, RS_F16, true, false, true, true, 128, 128, 16},
      {"64-byte swizzle", 64, RS_BF16, true, false, false, false, 64, 64, 16},
      {"64-byte swizzle, MN-major", 64, RS_BF16, true, false, true, true, 64,
       64, 16},
      {"32-byte swizzle", 40, RS_BF16, true, false, false, false, 32, 32, 0},
      {"32-byte swizzle, MN-major", 48, RS_BF16, true, false, true, true, 32,
       32, 0},
      {"no swizzle", 64, RS_BF16, true, false, false, false, 0, 0, 0},
      {"no swizzle, MN-major", 64, RS_F16, true, false, true, true, 0, 0, 0},
      {"tf32", 64, RS_TF32, true, false, false, false, 128, 128, 8},
      {"tf32, A in registers", 32, RS_TF32, false, true, false, false, 0, 128,
       24},
      {"tf32, no swizzle", 24, RS_TF32, true, false, false, false, 0, 0, 0},
      {"tf32, low bits", 64, RS_TF32, true, false, false, false, 128, 128, 8,
       true},
      {"tf32, low bits, A in registers", 32, RS_TF32, false, true, false, false,
       0, 128, 24, true},
  };
}

/// The elements, by row of A, column of B and depth; the accumulators.
inline int valueA(uint32_t m, uint32_t k) {
  return static_cast<int>((m * 7 + k * 3 + m * k) % 15) - 7;
}
inline int valueB(uint32_t k, uint32_t n) {
  return static_cast<int>((k * 5 + n * 3 + n / 8 * k) % 13) - 6;
}
inline int valueC(uint32_t m, uint32_t n) {
  return static_cast<int>(m) - 2 * static_cast<int>(n);
}

/// The bits of a small integer in `type`; of tf32 with noise in the bits that
/// the hardware does not read, if asked for.
inline uint32_t encodeElement(int value, rs_type type, bool noisy = false) {
  const auto single = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &single, sizeof(bits));
  if (type == RS_TF32)
    return noisy ? bits | (static_cast<uint32_t>(value) * 2654435761u >> 19)
                 : bits;
  if (type == RS_BF16)
    return bits >> 16;
  if (value == 0)
    return 0;
  int exponent;
  const float fraction = std::frexp(std::fabs(single), &exponent);
  return (value < 0 ? 0x8000u : 0u) |
         static_cast<uint32_t>(exponent - 1 + 15) << 10 |
         static_cast<uint32_t>((2 * fraction - 1) * 1024);
}

/// A tile of an operand: where its elements are and what describes it.
struct OperandTile {
  uint32_t rows, depth; // of the tile
  uint32_t bytes;       // of an element
  uint32_t span;
  bool mnMajor;

  uint32_t elementsIn(uint32_t width) const { return width / bytes; }
  /// Piece c of line r of an atom.
  uint32_t inAtom(uint32_t r, uint32_t c) const {
    switch (span) {
    case 128:
      return r * 128 + (c ^ r) * 16;
    case 64:
      return r * 64 + (c ^ r / 2) * 16;
    case 32:
      return r * 32 + (c ^ r / 4) * 16;
    }
    return r * 16;
  }
  /// Offset of the element at (row, k).
  uint32_t offset(uint32_t row, uint32_t k) const {
    const uint32_t line = span ? span : 16, atom = 8 * line;
    const uint32_t wide = elementsIn(line), piece = elementsIn(16);
    if (!mnMajor) {
      // Atoms of 8 rows, one after the other; then the next part of K.
      const uint32_t column = k % wide;
      return k / wide * (rows / 8 * atom) + row / 8 * atom +
             inAtom(row % 8, column / piece) + column % piece * bytes;
    }
    // Atoms of 8 steps of K, one after the other; then the next part of M or N.
    const uint32_t column = row % wide;
    return row / wide * (depth / 8 * atom) + k / 8 * atom +
           inAtom(k % 8, column / piece) + column % piece * bytes;
  }
  uint32_t size() const {
    const uint32_t wide = elementsIn(span ? span : 16);
    return mnMajor ? (rows + wide - 1) / wide * wide * depth * bytes
                   : rows * ((depth + wide - 1) / wide * wide) * bytes;
  }
  /// The fields for an instruction that starts at `k0`, relative to the tile.
  uint32_t start(uint32_t k0) const {
    const uint32_t line = span ? span : 16;
    return mnMajor ? k0 / 8 * 8 * line : k0 * bytes;
  }
  uint32_t leading() const {
    const uint32_t atom = 8 * (span ? span : 16);
    if (!mnMajor)
      return span ? 16 : rows / 8 * atom; // not used with a swizzle
    return span ? depth / 8 * atom : atom;
  }
  uint32_t stride() const {
    const uint32_t atom = 8 * (span ? span : 16);
    if (!mnMajor || span)
      return atom;
    return depth / 8 * atom;
  }
  uint64_t mode() const {
    return span == 128 ? 1 : span == 64 ? 2 : span == 32 ? 3 : 0;
  }
};

/// Everything one case needs, for tiles at multiples of 1024.
struct WgmmaVectors {
  rs_wgmma what;
  uint32_t depth;
  OperandTile a, b;
  std::vector<uint8_t> imageA, imageB;
  /// By thread of the warpgroup.
  uint32_t registersA[128][4] = {};
  std::vector<float> before[128], after[128];
};

inline void putElement(std::vector<uint8_t> &image, uint32_t offset,
                       uint32_t bits, uint32_t bytes) {
  std::memcpy(&image[offset], &bits, bytes);
}

inline WgmmaVectors makeVectors(const WgmmaCase &test) {
  WgmmaVectors v;
  const uint32_t bytes = test.type == RS_TF32 ? 4 : 2;
  v.depth = test.type == RS_TF32 ? 8 : 16;
  v.what = {
      test.n, test.type, test.accumulate, test.transposeA, test.transposeB,
      0,      0};
  const auto n = static_cast<uint32_t>(test.n);
  auto tile = [&](uint32_t rows, uint32_t span, bool mnMajor) {
    const uint32_t wide = (span ? span : 16) / bytes;
    const uint32_t needed = test.k0 + v.depth;
    const uint32_t depth = (needed + wide - 1) / wide * wide;
    return OperandTile{rows, mnMajor ? needed : depth, bytes, span, mnMajor};
  };
  auto encode = [&](int value) {
    return encodeElement(value, test.type, test.noisy);
  };
  v.a = tile(64, test.spanA, test.transposeA);
  v.b = tile(n, test.spanB, test.transposeB);
  v.imageA.assign(v.a.size(), 0x55);
  v.imageB.assign(v.b.size(), 0x55);
  for (uint32_t k = 0; k < v.depth; ++k) {
    for (uint32_t m = 0; m < 64; ++m)
      putElement(v.imageA, v.a.offset(m, test.k0 + k), encode(valueA(m, k)),
                 bytes);
    for (uint32_t column = 0; column < n; ++column)
      putElement(v.imageB, v.b.offset(column, test.k0 + k),
                 encode(valueB(k, column)), bytes);
  }
  for (uint32_t t = 0; t < 128; ++t) {
    const uint32_t warp = t / 32, lane = t % 32;
    for (uint32_t i = 0; i < 4; ++i) {
      // Registers 0 and 2 hold the upper 8 rows of the warp's 16, 2 and 3 the
      // right half of K.
      const uint32_t m = 16 * warp + lane / 4 + (i == 1 || i == 3 ? 8 : 0);
      const uint32_t right = i >= 2;
      if (test.type == RS_TF32) {
        v.registersA[t][i] = encode(valueA(m, lane % 4 + (right ? 4 : 0)));
        continue;
      }
      const uint32_t k = 2 * (lane % 4) + (right ? 8 : 0);
      v.registersA[t][i] = encode(valueA(m, k)) | encode(valueA(m, k + 1))
                                                      << 16;
    }
    for (uint32_t i = 0; i < n / 2; ++i) {
      const uint32_t m = 16 * warp + lane / 4 + (i & 2 ? 8 : 0);
      const uint32_t column = i / 4 * 8 + 2 * (lane % 4) + (i & 1);
      int sum = test.accumulate ? valueC(m, column) : 0;
      for (uint32_t k = 0; k < v.depth; ++k)
        sum += valueA(m, k) * valueB(k, column);
      v.before[t].push_back(static_cast<float>(valueC(m, column)));
      v.after[t].push_back(static_cast<float>(sum));
    }
  }
  return v;
}

/// One load of a box. Element (i, j, ...) of the tensor, dimension 0 first, is
/// 1 + its position in a dense tensor, modulo 2^16 for 2-byte elements.
struct TensorCase {
  const char *name;
  uint32_t rank;
  uint32_t elementBytes;
  uint64_t size[5];
  uint32_t box[5];
  int32_t at[5];
  uint32_t swizzle;
};

inline std::vector<TensorCase> tensorCases() {
  return {
      {"inside, 128-byte swizzle", 2, 2, {128, 64}, {64, 16}, {64, 8}, 128},
      {"right and bottom edge", 2, 2, {100, 37}, {64, 16}, {64, 32}, 128},
      {"left and top edge", 2, 2, {128, 64}, {64, 16}, {-24, -5}, 128},
      {"all four edges", 2, 2, {40, 10}, {64, 16}, {-8, -2}, 128},
      {"nothing inside", 2, 2, {64, 16}, {64, 8}, {64, -100}, 128},
      {"far away", 2, 2, {64, 16}, {64, 8}, {-2147483647 - 1, 2147483647}, 128},
      {"odd element offset", 2, 2, {67, 9}, {64, 8}, {5, -1}, 128},
      {"64-byte swizzle", 2, 2, {64, 20}, {32, 16}, {8, 10}, 64},
      {"32-byte swizzle", 2, 2, {64, 40}, {16, 32}, {-2, 20}, 32},
      {"no swizzle", 2, 2, {64, 40}, {24, 5}, {50, 37}, 0},
      {"rank 1", 1, 4, {1000}, {64}, {970}, 0},
      {"rank 3, f32", 3, 4, {40, 6, 5}, {32, 4, 2}, {16, 4, -1}, 128},
      {"rank 4, as attention uses it",
       4,
       2,
       {128, 50, 3, 2},
       {64, 32, 1, 1},
       {64, 32, 2, 1},
       128},
      {"rank 4, no such head",
       4,
       2,
       {128, 50, 3, 2},
       {64, 8, 1, 1},
       {0, 0, 3, 0},
       128},
      {"rank 5", 5, 2, {16, 3, 4, 3, 5}, {8, 2, 3, 2, 2}, {8, 2, -1, 2, 4}, 0},
      // The last: a device might not take it as it is meant here.
      {"rows shorter than the span", 2, 2, {64, 40}, {32, 16}, {16, 0}, 128},
  };
}

/// Elements of a row of `test` in memory: a multiple of 16 bytes.
inline uint64_t rowElements(const TensorCase &test) {
  const uint64_t in16 = 16 / test.elementBytes;
  return (test.size[0] + in16 - 1) / in16 * in16;
}

/// The tensor; what pads its rows is 0xee everywhere.
inline std::vector<uint8_t> makeTensor(const TensorCase &test) {
  uint64_t rows = 1;
  for (uint32_t d = 1; d < test.rank; ++d)
    rows *= test.size[d];
  std::vector<uint8_t> data(rows * rowElements(test) * test.elementBytes, 0xee);
  for (uint64_t r = 0; r < rows; ++r)
    for (uint64_t i = 0; i < test.size[0]; ++i) {
      const auto value = static_cast<uint32_t>(1 + r * test.size[0] + i);
      std::memcpy(&data[(r * rowElements(test) + i) * test.elementBytes],
                  &value, test.elementBytes);
    }
  return data;
}

inline rs_tensor_map makeMap(const TensorCase &test, const void *base) {
  rs_tensor_map map = {};
  map.base = reinterpret_cast<uint64_t>(base);
  uint64_t stride = rowElements(test) * test.elementBytes;
  for (uint32_t d = 0; d < test.rank; ++d) {
    map.size[d] = test.size[d];
    map.box[d] = test.box[d];
    if (d > 0) {
      map.stride[d - 1] = stride;
      stride *= test.size[d];
    }
  }
  map.rank = static_cast<uint16_t>(test.rank);
  map.element_bytes = static_cast<uint16_t>(test.elementBytes);
  map.swizzle = static_cast<uint16_t>(test.swizzle);
  return map;
}

/// Calls `function(offset, inside, value)` for every element of the box: its
/// place relative to a destination that is a multiple of 1024, whether it is in
/// the tensor, and its value.
template <typename Function>
void forEachBoxElement(const TensorCase &test, const Function &function) {
  uint32_t rows = 1;
  for (uint32_t d = 1; d < test.rank; ++d)
    rows *= test.box[d];
  const uint32_t rowBytes = test.box[0] * test.elementBytes;
  const uint32_t pitch = test.swizzle ? test.swizzle : rowBytes;
  OperandTile atom{8, 8, test.elementBytes, test.swizzle, false};
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t i = 0; i < test.box[0]; ++i) {
      uint32_t rest = row;
      bool inside = int64_t(test.at[0]) + i >= 0 &&
                    uint64_t(int64_t(test.at[0]) + i) < test.size[0];
      uint64_t position = 0, scale = test.size[0];
      for (uint32_t d = 1; d < test.rank; ++d) {
        const int64_t at = int64_t(test.at[d]) + rest % test.box[d];
        rest /= test.box[d];
        inside &= at >= 0 && uint64_t(at) < test.size[d];
        position += uint64_t(at) * scale;
        scale *= test.size[d];
      }
      position += uint64_t(int64_t(test.at[0]) + i);
      const uint32_t byte = i * test.elementBytes;
      const uint32_t offset =
          test.swizzle ? row / 8 * 8 * pitch + atom.inAtom(row % 8, byte / 16) +
                             byte % 16
                       : row * pitch + byte;
      function(offset, inside,
               inside ? static_cast<uint32_t>(1 + position) : 0u);
    }
}

inline uint32_t boxBytes(const TensorCase &test) {
  uint32_t bytes = test.elementBytes;
  for (uint32_t d = 0; d < test.rank; ++d)
    bytes *= test.box[d];
  return bytes;
}

} // namespace ringrt::test

#endif // RINGRT_TEST_SIMGOLDEN_H

//===- SimInstructions.h - Golden vectors of instructions -------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What goes in and what must come out of what the compiler emits besides
// products and tensor copies (SimGolden.h), from the text of the PTX ISA: the
// simulator and a device are judged by the same numbers.
//
// A vector is one block. Each thread takes `inputs` words and gives `outputs`.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TEST_SIMINSTRUCTIONS_H
#define RINGRT_TEST_SIMINSTRUCTIONS_H

#include "ringrt/sim.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace ringrt::test {

enum class Instruction {
  ToTF32,     // cvt.rna.tf32.f32
  PackBF16,   // cvt.rn.bf16x2.f32 d, in[0], in[1]
  PackF16,    // cvt.rn.f16x2.f32 d, in[0], in[1]
  Ex2,        // ex2.approx.ftz.f32
  Lg2,        // lg2.approx.ftz.f32
  Shuffle,    // shfl.sync of in[0]
  Elect,      // elect.sync twice: how many lanes were elected; by both
  Barriers,   // bar.sync and bar.arrive: what another warp has written
  Pipeline,   // mbarrier: what another warp has written, four phases
  Parity,     // mbarrier.test_wait.parity after each of a phase's events
  MaxRegister // setmaxnreg: in[0]
};

/// What must come out: these bits (of `mask`), any NaN, or a number and how far
/// from it the result may be.
struct Word {
  enum Kind { Bits, NaN, Near } kind = Bits;
  uint32_t bits = 0, mask = UINT32_MAX;
  double value = 0, error = 0;

  static Word exactly(uint32_t bits, uint32_t mask = UINT32_MAX) {
    return {Bits, bits, mask, 0, 0};
  }
  static Word notANumber() { return {NaN, 0x7fffffff, UINT32_MAX, 0, 0}; }
  static Word near(double value, double error) {
    const auto single = static_cast<float>(value);
    Word word{Near, 0, UINT32_MAX, value, error};
    std::memcpy(&word.bits, &single, sizeof(single));
    return word;
  }
  bool matches(uint32_t is) const {
    if (kind == Bits)
      return ((is ^ bits) & mask) == 0;
    float single;
    std::memcpy(&single, &is, sizeof(single));
    return kind == NaN ? std::isnan(single)
                       : std::fabs(double(single) - value) <= error;
  }
};

inline uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

struct InstructionCase {
  const char *name;
  Instruction instruction;
  uint32_t threads = 128, inputs = 1, outputs = 1;
  /// Of a shuffle: the operands b and c.
  rs_shuffle shuffle = RS_SHFL_BFLY;
  uint32_t lane = 0, clamp = 31;
  /// By thread.
  std::vector<uint32_t> in{};
  std::vector<Word> out{};

  /// The next thread, of an instruction with one number.
  void add(float x, Word word) {
    in.push_back(bitsOf(x));
    out.push_back(word);
  }
};

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// To nearest, ties away from zero, to 10 bits of mantissa; what the 13 bits
/// below hold is nobody's business: products do not read them.
inline InstructionCase makeToTF32() {
  static constexpr float inf = std::numeric_limits<float>::infinity();
  static constexpr float table[][2] = {
      {0, 0},
      {-0.0f, -0.0f},
      {3, 3},
      {-5.5f, -5.5f},
      {1 + 0x1p-11f, 1 + 0x1p-10f},
      {-1 - 0x1p-11f, -1 - 0x1p-10f},
      {1 + 0x3p-11f, 1 + 0x2p-10f},
      {1 + 0x1.ffep-12f, 1},
      {1 + 0x1p-12f, 1},
      {-1 - 0x1p-12f, -1},
      {0x1.ffep+3f, 0x1p4f},
      {0x1.ffdffep-20f, 0x1.ffcp-20f},
      {0x1.ff8p100f, 0x1.ff8p100f},
      {0x1.ffbfp-100f, 0x1.ffcp-100f},
      {inf, inf},
      {-inf, -inf},
  };
  InstructionCase test{"cvt.rna.tf32", Instruction::ToTF32, 32};
  for (uint32_t t = 0; t < test.threads; ++t) {
    const float *row = table[t % std::size(table)];
    const float sign = t < std::size(table) ? 1 : -1;
    test.add(sign * row[0], Word::exactly(bitsOf(sign * row[1]), 0xffffe000));
  }
  test.in[31] = 0x7fc12345;
  test.out[31] = Word::notANumber();
  return test;
}

/// The first operand is the upper half of the result.
inline InstructionCase makePack(bool brain) {
  struct Row {
    float upper, lower;
    uint32_t bf16, f16;
  };
  static constexpr Row table[] = {
      {1, 2, 0x3f804000, 0x3c004000},
      {2, 1, 0x40003f80, 0x40003c00},
      {-3, 0.5f, 0xc0403f00, 0xc2003800},
      {0, -0.0f, 0x00008000, 0x00008000},
      // Ties to even, of 7 and of 10 bits.
      {1 + 0x1p-8f, 1 + 0x3p-8f, 0x3f803f82, 0x3c043c0c},
      {1 + 0x1p-11f, 1 + 0x3p-11f, 0x3f803f80, 0x3c003c02},
      {1 + 0x1.0002p-8f, -1 - 0x1.0002p-8f, 0x3f81bf81, 0x3c04bc04},
      {1 + 0x1.002p-11f, -1 - 0x1.002p-11f, 0x3f80bf80, 0x3c01bc01},
      {std::numeric_limits<float>::infinity(), -65504, 0x7f80c780, 0x7c00fbff},
      {65519, 65520, 0x47804780, 0x7bff7c00},
      // Subnormal numbers of f16, and of bf16.
      {0x1p-24f, -0x1p-15f, 0x3380b800, 0x00018200},
      {0x1.8p-24f, 0x1p-25f, 0x33c03300, 0x00020000},
      {0x1p-127f, -0x1p-133f, 0x00408001, 0x00008000},
      {0x1.fffffep127f, -0x1.fffffep127f, 0x7f80ff80, 0x7c00fc00},
      {100, 0.1f, 0x42c83dcd, 0x56402e66},
      {-0.3f, 1e-3f, 0xbe9a3a83, 0xb4cd1419},
  };
  InstructionCase test{brain ? "cvt.rn.bf16x2" : "cvt.rn.f16x2",
                       brain ? Instruction::PackBF16 : Instruction::PackF16, 32,
                       2};
  for (uint32_t t = 0; t < test.threads; ++t) {
    const Row &row = table[t % std::size(table)];
    const uint32_t expected = brain ? row.bf16 : row.f16;
    const bool swapped = t >= std::size(table);
    test.in.push_back(bitsOf(swapped ? row.lower : row.upper));
    test.in.push_back(bitsOf(swapped ? row.upper : row.lower));
    test.out.push_back(
        Word::exactly(swapped ? expected << 16 | expected >> 16 : expected));
  }
  return test;
}

/// Two units in the last place: a relative 2^-22.
inline InstructionCase makeEx2() {
  static constexpr float inf = std::numeric_limits<float>::infinity();
  InstructionCase test{"ex2.approx.ftz", Instruction::Ex2};
  test.add(0, Word::exactly(bitsOf(1)));
  test.add(-0.0f, Word::exactly(bitsOf(1)));
  test.add(inf, Word::exactly(bitsOf(inf)));
  test.add(-inf, Word::exactly(0));
  test.add(std::numeric_limits<float>::quiet_NaN(), Word::notANumber());
  // Subnormal numbers and results are zeros.
  test.add(0x1p-127f, Word::exactly(bitsOf(1)));
  test.add(-0x1p-127f, Word::exactly(bitsOf(1)));
  test.add(-127, Word::exactly(0));
  test.add(-0x1p127f, Word::exactly(0));
  test.add(0x1p127f, Word::exactly(bitsOf(inf)));
  test.add(128, Word::exactly(bitsOf(inf)));
  for (int i = 0; test.in.size() < test.threads; ++i) {
    // From 12 down to -115.
    const float x = 12.0f - static_cast<float>(i) * 1.0947265625f;
    const double exact = std::exp2(double(x));
    test.add(x, Word::near(exact, exact * 0x1p-22));
  }
  return test;
}

/// An absolute 2^-22 between 1/2 and 2, elsewhere a relative one.
inline InstructionCase makeLg2() {
  static constexpr float inf = std::numeric_limits<float>::infinity();
  InstructionCase test{"lg2.approx.ftz", Instruction::Lg2};
  test.add(0, Word::exactly(bitsOf(-inf)));
  test.add(-0.0f, Word::exactly(bitsOf(-inf)));
  test.add(0x1p-127f, Word::exactly(bitsOf(-inf))); // subnormal
  test.add(-0x1p-127f, Word::exactly(bitsOf(-inf)));
  test.add(inf, Word::exactly(bitsOf(inf)));
  test.add(-inf, Word::notANumber());
  test.add(-3, Word::notANumber());
  test.add(std::numeric_limits<float>::quiet_NaN(), Word::notANumber());
  for (int i = 0; test.in.size() < test.threads; ++i) {
    // Sums of probabilities: 1 to 2^15; then 0.5 to 2, and everywhere.
    const double power = i < 60   ? i * 0.2512
                         : i < 90 ? (i - 75) / 15.5
                                  : (i - 105) * 8.3;
    const auto x = static_cast<float>(std::exp2(power));
    const double exact = std::log2(double(x));
    const bool close = x >= 0.5f && x <= 2;
    test.add(x,
             Word::near(exact, close ? 0x1p-22 : std::fabs(exact) * 0x1p-22));
  }
  return test;
}

//===----------------------------------------------------------------------===//
// Warps and barriers
//===----------------------------------------------------------------------===//

/// Lane l gets the word of lane `source(l)`.
template <typename Source>
InstructionCase makeShuffle(const char *name, rs_shuffle kind, uint32_t lane,
                            uint32_t clamp, const Source &source) {
  InstructionCase test{name, Instruction::Shuffle, 64, 1, 1, kind, lane, clamp};
  for (uint32_t t = 0; t < test.threads; ++t) {
    test.in.push_back(100 + t);
    test.out.push_back(Word::exactly(100 + t / 32 * 32 + source(t % 32)));
  }
  return test;
}

/// Warp 0 writes late, and goes on; the others see what it wrote. Meanwhile
/// each half of the block has a barrier of its own.
constexpr uint32_t barrierRounds = 3;
/// Word r of thread t is 1000 * r + 7 * lane + 1.
inline uint32_t barrierWord(uint32_t round, uint32_t lane) {
  return 1000 * round + 7 * lane + 1;
}
inline InstructionCase makeBarriers() {
  InstructionCase test{"bar.sync and bar.arrive", Instruction::Barriers, 128, 1,
                       barrierRounds};
  for (uint32_t t = 0; t < test.threads; ++t) {
    test.in.push_back(0);
    for (uint32_t round = 0; round < barrierRounds; ++round)
      test.out.push_back(Word::exactly(barrierWord(round, 31 - t % 32)));
  }
  return test;
}

/// Warp 0 fills, warp 1 drains, as the producer and a consumer of a stage do.
constexpr uint32_t pipelinePhases = 4;
inline InstructionCase makePipeline() {
  InstructionCase test{"mbarrier: phases of two warps", Instruction::Pipeline,
                       64, 1, pipelinePhases};
  for (uint32_t t = 0; t < test.threads; ++t) {
    test.in.push_back(0);
    for (uint32_t phase = 0; phase < pipelinePhases; ++phase)
      test.out.push_back(
          Word::exactly(t < 32 ? 0 : barrierWord(phase, 31 - t % 32)));
  }
  return test;
}

/// A barrier for two arrivals. After each event: is the phase of parity 0
/// complete, is that of parity 1?
struct ParityStep {
  enum Event { None, Arrive, Expect } event;
  bool even, odd;
};
/// What `Expect` announces; nothing of it comes.
constexpr uint32_t expectedBytes = 16;
inline std::vector<ParityStep> paritySteps() {
  return {
      // The phase before the first counts as complete.
      {ParityStep::None, false, true},
      {ParityStep::Arrive, false, true},
      {ParityStep::Arrive, true, false},
      {ParityStep::Arrive, true, false},
      {ParityStep::Arrive, false, true},
      {ParityStep::Expect, false, true},
      // All have arrived, the bytes have not.
      {ParityStep::Arrive, false, true},
  };
}
inline InstructionCase makeParity() {
  const auto steps = paritySteps();
  InstructionCase test{"mbarrier: parity, arrivals, expect_tx",
                       Instruction::Parity, 32, 1,
                       static_cast<uint32_t>(2 * steps.size())};
  for (uint32_t t = 0; t < test.threads; ++t) {
    test.in.push_back(0);
    for (const ParityStep &step : steps)
      for (bool complete : {step.even, step.odd})
        test.out.push_back(Word::exactly(t == 0 && complete));
  }
  return test;
}

inline std::vector<InstructionCase> instructionCases() {
  std::vector<InstructionCase> cases = {makeToTF32(), makePack(true),
                                        makePack(false), makeEx2(), makeLg2()};
  for (uint32_t distance : {1u, 2u, 16u})
    cases.push_back(makeShuffle(distance == 1   ? "shfl.sync.bfly 1"
                                : distance == 2 ? "shfl.sync.bfly 2"
                                                : "shfl.sync.bfly 16",
                                RS_SHFL_BFLY, distance, 31,
                                [=](uint32_t l) { return l ^ distance; }));
  cases.push_back(makeShuffle("shfl.sync.idx 0", RS_SHFL_IDX, 0, 31,
                              [](uint32_t) { return 0; }));
  cases.push_back(makeShuffle("shfl.sync.idx 5", RS_SHFL_IDX, 5, 31,
                              [](uint32_t) { return 5; }));
  // Segments of 8 lanes: mask 24 in bits 8-12.
  cases.push_back(makeShuffle("shfl.sync.idx 3 of 8", RS_SHFL_IDX, 3,
                              24 << 8 | 31,
                              [](uint32_t l) { return l / 8 * 8 + 3; }));
  InstructionCase elect{"elect.sync", Instruction::Elect, 128, 1, 2};
  elect.in.assign(elect.threads, 0);
  elect.out.assign(2 * elect.threads, Word::exactly(1));
  cases.push_back(elect);
  cases.push_back(makeBarriers());
  cases.push_back(makePipeline());
  cases.push_back(makeParity());
  InstructionCase registers{"setmaxnreg", Instruction::MaxRegister, 384};
  for (uint32_t t = 0; t < registers.threads; ++t) {
    registers.in.push_back(3 * t);
    registers.out.push_back(Word::exactly(3 * t));
  }
  cases.push_back(registers);
  return cases;
}

} // namespace ringrt::test

#endif // RINGRT_TEST_SIMINSTRUCTIONS_H

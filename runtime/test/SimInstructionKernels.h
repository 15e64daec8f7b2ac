//===- SimInstructionKernels.h - Golden vectors, simulated ------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of SimInstructions.h as the simulator runs them: what
// tools/gpu-check/GoldenInstructions.cpp has in PTX. Instructions on numbers
// are not the simulator's, but the compiler's (test/Unit/Sim); here the host
// computes them.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TEST_SIMINSTRUCTIONKERNELS_H
#define RINGRT_TEST_SIMINSTRUCTIONKERNELS_H

#include "SimInstructions.h"

namespace ringrt::test {

constexpr uint32_t instructionSharedBytes = 4096;
/// Registers of a thread at launch, and after: 24 + 2 * 240 = 3 * 168.
constexpr uint32_t launchRegisters = 168, fewRegisters = 24,
                   manyRegisters = 240;

inline float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

inline float flushed(float value) {
  return std::fabs(value) < 0x1p-126f ? std::copysign(0.0f, value) : value;
}

/// To nearest, ties to even: the upper half of an f32's bits, or an f16's.
inline uint32_t rounded(float value, bool brain) {
  const uint32_t bits = bitsOf(value), sign = bits >> 31 << 15;
  if (std::isnan(value))
    return 0x7fff;
  if (brain)
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const double magnitude = std::fabs(value);
  if (magnitude == 0)
    return sign;
  if (magnitude >= 65520)
    return sign | 0x7c00;
  int exponent;
  std::frexp(magnitude, &exponent);
  // Units of the last place: 2^-24, or relative to the exponent.
  const int unit = std::max(exponent - 11, -24);
  const auto count =
      static_cast<uint32_t>(std::nearbyint(std::ldexp(magnitude, -unit)));
  return sign | (count + static_cast<uint32_t>(unit + 24) * 1024);
}

inline uint32_t computeNumber(Instruction instruction, const uint32_t *in) {
  const float x = floatOf(in[0]);
  switch (instruction) {
  case Instruction::ToTF32:
    return std::isnan(x) ? in[0] : (in[0] + 0x1000) & 0xffffe000;
  case Instruction::Ex2:
    return bitsOf(flushed(std::exp2(flushed(x))));
  case Instruction::Lg2:
    return bitsOf(flushed(std::log2(std::fabs(x) < 0x1p-126f ? 0 : x)));
  default: {
    const bool brain = instruction == Instruction::PackBF16;
    return rounded(x, brain) << 16 | rounded(floatOf(in[1]), brain);
  }
  }
}

/// One thread of the block. Dynamic shared memory starts at `base`.
inline void simulateInstruction(rs_thread *thread, uint32_t base,
                                const InstructionCase &test, const uint32_t *in,
                                uint32_t *out) {
  const rs_ops *ops = thread->ops;
  const uint32_t tid = ops->sreg(thread, RS_TID_X), lane = tid % 32;
  const uint32_t warp = tid / 32, all = UINT32_MAX;
  auto load = [&](uint32_t address) {
    uint32_t value;
    ops->shared_load(thread, 0, address, &value, 4);
    return value;
  };
  auto store = [&](uint32_t address, uint32_t value) {
    ops->shared_store(thread, 0, address, &value, 4);
  };
  auto count = [&](uint32_t flag) {
    for (uint32_t distance = 1; distance < 32; distance *= 2)
      flag += ops->shfl(thread, 0, all, flag, distance, 31, RS_SHFL_BFLY);
    return flag;
  };
  switch (test.instruction) {
  case Instruction::Shuffle:
    out[0] =
        ops->shfl(thread, 0, all, in[0], test.lane, test.clamp, test.shuffle);
    return;
  case Instruction::Elect: {
    const uint32_t once = ops->elect(thread, 0, all);
    const uint32_t again = ops->elect(thread, 0, all);
    out[0] = count(once);
    out[1] = count(once & again);
    return;
  }
  case Instruction::Barriers:
    for (uint32_t round = 0; round < barrierRounds; ++round) {
      if (warp == 0) {
        store(base + 4 * lane, barrierWord(round, lane));
        ops->bar_arrive(thread, 0, 3, 128);
      } else {
        ops->bar_sync(thread, 0, 3, 128);
        out[round] = load(base + 4 * (31 - lane));
      }
      ops->bar_sync(thread, 0, 1 + warp / 2, 64);
      if (warp == 0)
        out[round] = load(base + 4 * (31 - lane));
      ops->bar_sync(thread, 0, 0, 0);
    }
    return;
  case Instruction::Pipeline: {
    const uint32_t full = base, empty = base + 8, data = base + 128;
    if (tid == 0) {
      ops->mbarrier_init(thread, 0, full, 32);
      ops->mbarrier_init(thread, 0, empty, 32);
      ops->fence(thread, 0, RS_FENCE_MBARRIER_INIT);
    }
    ops->bar_sync(thread, 0, 0, 0);
    for (uint32_t phase = 0; phase < pipelinePhases; ++phase) {
      out[phase] = 0;
      if (warp == 0) {
        ops->mbarrier_wait(thread, 0, empty, (phase & 1) ^ 1);
        store(data + 4 * lane, barrierWord(phase, lane));
        ops->mbarrier_arrive(thread, 0, full);
      } else {
        ops->mbarrier_wait(thread, 0, full, phase & 1);
        out[phase] = load(data + 4 * (31 - lane));
        ops->mbarrier_arrive(thread, 0, empty);
      }
    }
    return;
  }
  case Instruction::Parity: {
    // It cannot ask, only wait: where it must not wait for ever.
    std::memset(out, 0, test.outputs * sizeof(*out));
    if (tid != 0)
      return;
    ops->mbarrier_init(thread, 0, base, 2);
    ops->fence(thread, 0, RS_FENCE_MBARRIER_INIT);
    for (const ParityStep &step : paritySteps()) {
      if (step.event == ParityStep::Arrive)
        ops->mbarrier_arrive(thread, 0, base);
      if (step.event == ParityStep::Expect)
        ops->mbarrier_expect_tx(thread, 0, base, expectedBytes);
      for (uint32_t parity : {0u, 1u}) {
        *out = parity ? step.odd : step.even;
        if (*out++)
          ops->mbarrier_wait(thread, 0, base, parity);
      }
    }
    return;
  }
  case Instruction::MaxRegister:
    ops->setmaxnreg(thread, 0, tid >= 128,
                    tid < 128 ? fewRegisters : manyRegisters);
    out[0] = in[0];
    return;
  default:
    out[0] = computeNumber(test.instruction, in);
  }
}

} // namespace ringrt::test

#endif // RINGRT_TEST_SIMINSTRUCTIONKERNELS_H

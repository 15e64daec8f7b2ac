//===- SimInstructionTest.cpp - Golden vectors of instructions ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimHarness.h"
#include "SimInstructionKernels.h"

#include "gtest/gtest.h"

using namespace ringrt;
using namespace ringrt::test;

namespace {

class SimInstructionGolden : public ::testing::TestWithParam<InstructionCase> {
};

TEST_P(SimInstructionGolden, Computes) {
  const InstructionCase &test = GetParam();
  ASSERT_EQ(test.in.size(), test.threads * test.inputs);
  ASSERT_EQ(test.out.size(), test.threads * test.outputs);
  SimOptions options;
  options.threads = test.threads;
  options.registers = launchRegisters;
  options.shared = instructionSharedBytes;
  std::vector<uint32_t> got;
  for (options.seed = 0; options.seed < 6; ++options.seed) {
    got.assign(test.out.size(), 0xeeeeeeee);
    ASSERT_EQ(simulate(options,
                       [&](SimThread &t) {
                         simulateInstruction(t.get(), t.base, test,
                                             &test.in[t.tid * test.inputs],
                                             &got[t.tid * test.outputs]);
                       }),
              "");
    for (uint32_t i = 0; i < got.size(); ++i)
      EXPECT_TRUE(test.out[i].matches(got[i]))
          << "word " << i << ": got 0x" << std::hex << got[i] << ", expected 0x"
          << test.out[i].bits;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, SimInstructionGolden,
                         ::testing::ValuesIn(instructionCases()),
                         [](const auto &info) {
                           return testName(info.param.name);
                         });

// Where a device must say that a phase is not complete, a wait never ends.
TEST(SimInstruction, IncompletePhases) {
  SimOptions options;
  options.threads = 32;
  const auto steps = paritySteps();
  for (size_t last = 0; last < steps.size(); ++last)
    for (uint32_t parity : {0u, 1u}) {
      const bool complete = parity ? steps[last].odd : steps[last].even;
      const std::string message = simulate(options, [&](SimThread &t) {
        if (t.tid != 0)
          return;
        t.init(t.base, 2);
        t.fence(RS_FENCE_MBARRIER_INIT);
        for (size_t i = 0; i <= last; ++i) {
          if (steps[i].event == ParityStep::Arrive)
            t.arrive(t.base);
          if (steps[i].event == ParityStep::Expect)
            t.expect(t.base, expectedBytes);
        }
        t.wait(t.base, parity);
      });
      EXPECT_EQ(message.empty(), complete) << last << " " << parity << message;
    }
}

} // namespace

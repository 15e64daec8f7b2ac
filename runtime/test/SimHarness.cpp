//===- SimHarness.cpp - Programs for the simulated GPU --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimHarness.h"

#include "gtest/gtest.h"

#include <cctype>
#include <deque>

using namespace ringrt;
using namespace ringrt::test;

namespace {

/// Lines first, then labels.
struct Locations {
  static constexpr uint32_t lines = 4000, all = 4200;
  const char *texts[all] = {};
  std::deque<std::string> owned;
  uint32_t used = lines;

  Locations() {
    for (uint32_t line = 0; line < lines; ++line) {
      owned.push_back("line " + std::to_string(line));
      texts[line] = owned.back().c_str();
    }
  }
  uint32_t find(const char *label) {
    for (uint32_t i = lines; i < used; ++i)
      if (std::strcmp(texts[i], label) == 0)
        return i;
    texts[used] = label;
    return used++;
  }
};

Locations &locations() {
  static Locations table;
  return table;
}

void kernel(rs_thread *thread, const void *const *arguments) {
  SimThread self(thread);
  (*static_cast<const SimProgram *>(arguments[0]))(self);
}

} // namespace

SimThread &SimThread::at(const char *text) {
  label = text ? locations().find(text) : 0;
  return *this;
}

std::string ringrt::test::simulate(const SimOptions &options,
                                   const SimProgram &program) {
  rs_kernel code = {};
  code.name = "test";
  code.function = kernel;
  code.threads = options.threads;
  code.registers = options.registers;
  code.num_locations = Locations::all;
  code.locations = locations().texts;
  const void *arguments[] = {&program};
  rs_launch launch = {};
  launch.struct_size = sizeof(launch);
  std::memcpy(launch.grid, options.grid, sizeof(launch.grid));
  launch.shared_bytes = options.shared;
  launch.seed = options.seed;
  launch.arguments = arguments;
  launch.arrays = options.arrays.empty() ? nullptr : options.arrays.data();
  launch.num_arrays = options.arrays.size();
  char message[2048] = "not written";
  const int32_t status = rs_run(&code, &launch, message, sizeof(message));
  EXPECT_EQ(status, message[0] ? 1 : 0);
  return message;
}

std::string ringrt::test::testName(const std::string &name) {
  std::string letters;
  for (char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)))
      letters += c;
  return letters;
}

void ringrt::test::expectRuns(const SimOptions &options,
                              const SimProgram &program, uint64_t seeds) {
  SimOptions own = options;
  for (own.seed = 0; own.seed < seeds; ++own.seed)
    ASSERT_EQ(simulate(own, program), "") << "seed " << own.seed;
}

void ringrt::test::expectFails(const SimOptions &options,
                               const SimProgram &program,
                               std::initializer_list<const char *> parts,
                               uint64_t seeds) {
  SimOptions own = options;
  for (own.seed = 0; own.seed < seeds; ++own.seed) {
    const std::string message = simulate(own, program);
    ASSERT_NE(message, "") << "seed " << own.seed;
    for (const char *part : parts)
      ASSERT_NE(message.find(part), std::string::npos)
          << "seed " << own.seed << ": no '" << part << "' in: " << message;
    ASSERT_EQ(message.find('\n'), std::string::npos);
  }
}

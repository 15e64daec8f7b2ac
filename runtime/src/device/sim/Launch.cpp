//===- Launch.cpp - Runs a simulated grid ---------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Status.h"
#include "device/sim/Block.h"

#include <cstdio>
#include <exception>
#include <numeric>

using namespace ringrt;
using namespace ringrt::sim;

/// Registers of a multiprocessor.
static constexpr uint32_t maxRegisters = 65536;

/// What makes the launch impossible, or nothing.
static std::string findError(const rs_kernel *kernel, const rs_launch *launch) {
  if (!kernel || !launch || !kernel->function || !kernel->name)
    return "rs_run: kernel, name, function and launch are needed";
  if (launch->struct_size < sizeof(rs_launch))
    return "rs_run: rs_launch.struct_size is too small";
  const std::string prefix = formatString("kernel '%s': ", kernel->name);
  if (kernel->threads == 0 || kernel->threads % warpSize != 0 ||
      kernel->threads > maxThreads)
    return prefix + formatString("%u threads: expected a multiple of %u up to "
                                 "%u",
                                 kernel->threads, warpSize, maxThreads);
  if (kernel->registers == 0 || kernel->registers > 255 ||
      (kernel->registers + 7) / 8 * 8 * kernel->threads > maxRegisters)
    return prefix +
           formatString("%u registers for each of %u threads: expected "
                        "1 to 255, and at most %u in all",
                        kernel->registers, kernel->threads, maxRegisters);
  if (launch->shared_bytes > maxSharedBytes)
    return prefix + formatString("%u bytes of shared memory: at most %u",
                                 launch->shared_bytes, maxSharedBytes);
  return "";
}

namespace {
/// The order of `count` blocks: ascending for seed 0, else every k-th from some
/// block on.
class Order {
public:
  Order(uint64_t count, uint64_t seed) : count(count) {
    if (seed == 0 || count < 2)
      return;
    Random random(mix(seed));
    first = random.next() % count;
    do
      step = random.next() % count;
    while (std::gcd(step, count) != 1);
  }
  uint64_t operator[](uint64_t i) const {
    return static_cast<uint64_t>(
        (static_cast<unsigned __int128>(step) * i + first) % count);
  }

private:
  uint64_t count, first = 0, step = 1;
};
} // namespace

static std::string runGrid(const rs_kernel &kernel, const rs_launch &launch) {
  Window window;
  Stacks stacks;
  if (!window.map(launch.shared_bytes) || !stacks.allocate(kernel.threads))
    return formatString("kernel '%s': no memory for the simulated block",
                        kernel.name);
  GlobalMemory global(launch);
  const uint32_t *grid = launch.grid;
  const uint64_t count = uint64_t(grid[0]) * grid[1] * grid[2];
  const Order order(count, launch.seed);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = order[i];
    Block block(kernel, launch, window, stacks, global,
                {static_cast<uint32_t>(at % grid[0]),
                 static_cast<uint32_t>(at / grid[0] % grid[1]),
                 static_cast<uint32_t>(at / grid[0] / grid[1])});
    if (!block.run())
      return block.failure();
  }
  return "";
}

extern "C" __attribute__((visibility("default"))) int32_t
rs_run(const rs_kernel *kernel, const rs_launch *launch, char *message,
       size_t size) {
  std::string text;
  try {
    text = findError(kernel, launch);
    if (text.empty())
      text = runGrid(*kernel, *launch);
  } catch (const std::exception &error) {
    text = std::string("rs_run: ") + error.what();
  }
  if (message && size)
    std::snprintf(message, size, "%s", text.c_str());
  return text.empty() ? 0 : 1;
}

//===- FakeGolden.cpp - Golden vectors on the simulator -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeGolden.h"

#include "../../../runtime/test/SimGolden.h"
#include "../../../runtime/test/SimInstructionKernels.h"
#include "../../../tools/gpu-check/Golden.h"

#include <cstdlib>

using namespace gpucheck;
using namespace ringrt::test;

/// The vector that is running.
static size_t goldenIndex;

template <typename T>
static T argument(const void *const *arguments, int index) {
  return *static_cast<const T *>(arguments[index]);
}

/// The threads copy words between the memory at `global` and shared memory.
static void copyWords(rs_thread *thread, uint64_t global, uint32_t bytes,
                      uint32_t shared, bool toShared) {
  const rs_ops *ops = thread->ops;
  for (uint32_t i = 4 * ops->sreg(thread, RS_TID_X); i < bytes; i += 512) {
    void *word = reinterpret_cast<void *>(global + i);
    if (toShared)
      ops->shared_store(thread, 0, shared + i, word, 4);
    else
      ops->shared_load(thread, 0, shared + i, word, 4);
  }
}

static uint32_t sharedBase(rs_thread *thread) {
  return static_cast<uint32_t>(
      reinterpret_cast<uintptr_t>(thread->ops->shared_base(thread)));
}

static void publish(rs_thread *thread) {
  thread->ops->fence(thread, 0, RS_FENCE_PROXY_ASYNC);
  thread->ops->bar_sync(thread, 0, 0, 0);
}

static void runProduct(rs_thread *thread, const void *const *arguments) {
  const rs_ops *ops = thread->ops;
  const WgmmaCase test = wgmmaCases()[goldenIndex];
  const auto count = static_cast<uint32_t>(test.n) / 2;
  const uint32_t base = sharedBase(thread);
  const uint32_t tid = ops->sreg(thread, RS_TID_X);
  copyWords(thread, argument<uint64_t>(arguments, 0),
            argument<uint32_t>(arguments, 1), base, true);
  copyWords(thread, argument<uint64_t>(arguments, 2),
            argument<uint32_t>(arguments, 3), base + goldenOffsetB, true);
  publish(thread);
  const auto *a =
      reinterpret_cast<uint32_t *>(argument<uint64_t>(arguments, 6)) + 4 * tid;
  auto *sums =
      reinterpret_cast<float *>(argument<uint64_t>(arguments, 7)) + count * tid;
  const rs_wgmma what = {
      test.n, test.type, test.accumulate, test.transposeA, test.transposeB,
      0,      0};
  ops->fence(thread, 0, RS_FENCE_WGMMA);
  ops->wgmma(thread, 0, &what, sums, test.registersA ? a : nullptr,
             argument<uint64_t>(arguments, 4) + (base >> 4),
             argument<uint64_t>(arguments, 5) + (base >> 4));
  ops->wgmma_commit(thread, 0);
  ops->wgmma_wait(thread, 0, 0, sums, count);
}

/// The barrier lies behind the largest box.
static constexpr uint32_t barrierOffset = 128 * 1024;

static void runCopy(rs_thread *thread, const void *const *arguments,
                    bool store) {
  const rs_ops *ops = thread->ops;
  const auto *map = static_cast<const rs_tensor_map *>(arguments[0]);
  int32_t at[5];
  for (int d = 0; d < 5; ++d)
    at[d] = argument<int32_t>(arguments, 1 + d);
  const auto image = argument<uint64_t>(arguments, 6);
  const auto imageBytes = argument<uint32_t>(arguments, 7);
  const uint32_t base = sharedBase(thread), barrier = base + barrierOffset;
  const bool first = ops->sreg(thread, RS_TID_X) == 0;
  copyWords(thread, image, imageBytes, base, true);
  if (first && !store) {
    ops->mbarrier_init(thread, 0, barrier, 1);
    ops->fence(thread, 0, RS_FENCE_MBARRIER_INIT);
  }
  publish(thread);
  if (store) {
    if (!first)
      return;
    ops->tma_store(thread, 0, base, map, at, 0);
    ops->bulk_commit(thread, 0);
    ops->bulk_wait(thread, 0, 0, 0);
    return;
  }
  if (first) {
    ops->mbarrier_expect_tx(thread, 0, barrier,
                            argument<uint32_t>(arguments, 8));
    ops->tma_load(thread, 0, base, map, at, barrier);
  }
  ops->mbarrier_wait(thread, 0, barrier, 0);
  copyWords(thread, image, imageBytes, base, false);
}

static void runLoad(rs_thread *thread, const void *const *arguments) {
  runCopy(thread, arguments, false);
}
static void runStore(rs_thread *thread, const void *const *arguments) {
  runCopy(thread, arguments, true);
}

static void runInstruction(rs_thread *thread, const void *const *arguments) {
  static std::vector<InstructionCase> cases = instructionCases();
  const InstructionCase &test = cases[goldenIndex];
  const uint32_t tid = thread->ops->sreg(thread, RS_TID_X);
  simulateInstruction(
      thread, sharedBase(thread), test,
      reinterpret_cast<uint32_t *>(argument<uint64_t>(arguments, 0)) +
          test.inputs * tid,
      reinterpret_cast<uint32_t *>(argument<uint64_t>(arguments, 1)) +
          test.outputs * tid);
}

rs_kernel findGoldenKernel(const std::string &name) {
  static const char *const locations[] = {"golden vector"};
  size_t split = name.find('_');
  goldenIndex = static_cast<size_t>(std::atoi(name.c_str() + split + 1));
  std::string kind = name.substr(0, split);
  if (kind == "instruction")
    return {name.c_str(),
            runInstruction,
            instructionCases()[goldenIndex].threads,
            launchRegisters,
            1,
            locations};
  rs_kernel_fn function = kind == "wgmma"  ? runProduct
                          : kind == "load" ? runLoad
                                           : runStore;
  return {name.c_str(), function, 128, 200, 1, locations};
}

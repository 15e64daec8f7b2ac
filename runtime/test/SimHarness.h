//===- SimHarness.h - Programs for the simulated GPU ------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A test's program is a function of a simulated thread. Each instruction's
// location is its line, or the label that `at` set; messages quote it.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TEST_SIMHARNESS_H
#define RINGRT_TEST_SIMHARNESS_H

#include "ringrt/sim.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace ringrt::test {

constexpr uint32_t allLanes = UINT32_MAX;

/// A case's name as one of a test, which has letters and digits only.
std::string testName(const std::string &name);

class SimThread {
public:
  explicit SimThread(rs_thread *thread) : thread(thread) {
    tid = thread->ops->sreg(thread, RS_TID_X);
    lane = tid % 32;
    warp = tid / 32;
    group = tid / 128;
    base = static_cast<uint32_t>(
        reinterpret_cast<uintptr_t>(thread->ops->shared_base(thread)));
  }

  /// What the following instructions are called; null: their lines.
  SimThread &at(const char *label);

  uint32_t sreg(rs_sreg which) const {
    return thread->ops->sreg(thread, which);
  }
  uint32_t shfl(rs_shuffle kind, uint32_t value, uint32_t b, uint32_t c = 31,
                uint32_t mask = allLanes, int line = __builtin_LINE()) {
    return ops().shfl(thread, where(line), mask, value, b, c, kind);
  }
  bool elect(uint32_t mask = allLanes, int line = __builtin_LINE()) {
    return ops().elect(thread, where(line), mask) != 0;
  }
  void warpSync(uint32_t mask = allLanes, int line = __builtin_LINE()) {
    ops().warp_sync(thread, where(line), mask);
  }
  void increaseRegisters(uint32_t count, int line = __builtin_LINE()) {
    ops().setmaxnreg(thread, where(line), 1, count);
  }
  void decreaseRegisters(uint32_t count, int line = __builtin_LINE()) {
    ops().setmaxnreg(thread, where(line), 0, count);
  }

  void sync(uint32_t id = 0, uint32_t threads = 0,
            int line = __builtin_LINE()) {
    ops().bar_sync(thread, where(line), id, threads);
  }
  void arriveAt(uint32_t id, uint32_t threads, int line = __builtin_LINE()) {
    ops().bar_arrive(thread, where(line), id, threads);
  }

  void init(uint32_t bar, uint32_t count, int line = __builtin_LINE()) {
    ops().mbarrier_init(thread, where(line), bar, count);
  }
  void invalidate(uint32_t bar, int line = __builtin_LINE()) {
    ops().mbarrier_invalidate(thread, where(line), bar);
  }
  void arrive(uint32_t bar, int line = __builtin_LINE()) {
    ops().mbarrier_arrive(thread, where(line), bar);
  }
  void expect(uint32_t bar, uint32_t bytes, int line = __builtin_LINE()) {
    ops().mbarrier_expect_tx(thread, where(line), bar, bytes);
  }
  void wait(uint32_t bar, uint32_t parity, int line = __builtin_LINE()) {
    ops().mbarrier_wait(thread, where(line), bar, parity);
  }

  void fence(rs_fence kind, int line = __builtin_LINE()) {
    ops().fence(thread, where(line), kind);
  }
  template <typename T>
  T load(uint32_t address, int line = __builtin_LINE()) {
    T value;
    ops().shared_load(thread, where(line), address, &value, sizeof(T));
    return value;
  }
  template <typename T>
  void store(uint32_t address, const T &value, int line = __builtin_LINE()) {
    ops().shared_store(thread, where(line), address, &value, sizeof(T));
  }
  /// Tells of an access; natural alignment unless said otherwise.
  void global(const void *address, uint32_t bytes, rs_access kind,
              uint32_t alignment = 0, int line = __builtin_LINE()) {
    ops().global_access(thread, where(line), address, bytes,
                        alignment ? alignment : bytes, kind);
  }
  void ldmatrix(uint32_t address, uint32_t *registers, int32_t count,
                bool transpose = false, int line = __builtin_LINE()) {
    ops().ldmatrix(thread, where(line), address, registers, count, transpose);
  }
  void stmatrix(uint32_t address, const uint32_t *registers, int32_t count,
                bool transpose = false, int line = __builtin_LINE()) {
    ops().stmatrix(thread, where(line), address, registers, count, transpose);
  }

  void tmaLoad(uint32_t to, const rs_tensor_map &map, const int32_t *at,
               uint32_t bar, int line = __builtin_LINE()) {
    ops().tma_load(thread, where(line), to, &map, at, bar);
  }
  void tmaStore(uint32_t from, const rs_tensor_map &map, const int32_t *at,
                bool add = false, int line = __builtin_LINE()) {
    ops().tma_store(thread, where(line), from, &map, at, add);
  }
  void bulkCommit(int line = __builtin_LINE()) {
    ops().bulk_commit(thread, where(line));
  }
  void bulkWait(uint32_t pending, bool read = false,
                int line = __builtin_LINE()) {
    ops().bulk_wait(thread, where(line), pending, read);
  }

  void wgmma(const rs_wgmma &what, float *accumulators, uint64_t a, uint64_t b,
             int line = __builtin_LINE()) {
    ops().wgmma(thread, where(line), &what, accumulators, nullptr, a, b);
  }
  void wgmma(const rs_wgmma &what, float *accumulators, const uint32_t *a,
             uint64_t b, int line = __builtin_LINE()) {
    ops().wgmma(thread, where(line), &what, accumulators, a, 0, b);
  }
  void wgmmaCommit(int line = __builtin_LINE()) {
    ops().wgmma_commit(thread, where(line));
  }
  void wgmmaWait(uint32_t pending, float *values, uint32_t count,
                 int line = __builtin_LINE()) {
    ops().wgmma_wait(thread, where(line), pending, values, count);
  }

  rs_thread *get() const { return thread; }

  uint32_t tid, lane, warp, group;
  /// Where dynamic shared memory starts.
  uint32_t base;

private:
  const rs_ops &ops() const { return *thread->ops; }
  uint32_t where(int line) const {
    return label ? label : static_cast<uint32_t>(line);
  }

  rs_thread *thread;
  uint32_t label = 0;
};

using SimProgram = std::function<void(SimThread &)>;

struct SimOptions {
  uint32_t threads = 128;
  uint32_t shared = 64 * 1024;
  uint64_t seed = 0;
  uint32_t registers = 128;
  uint32_t grid[3] = {1, 1, 1};
  /// None: all memory may be accessed.
  std::vector<rs_array> arrays;
};

/// Runs the program; returns the message, empty on success.
std::string simulate(const SimOptions &options, const SimProgram &program);

/// Runs it with several seeds, 0 among them, and expects no failure.
void expectRuns(const SimOptions &options, const SimProgram &program,
                uint64_t seeds = 12);
/// Expects that every seed fails and that the message has all of `parts`.
void expectFails(const SimOptions &options, const SimProgram &program,
                 std::initializer_list<const char *> parts,
                 uint64_t seeds = 12);

/// A descriptor of shared memory at `start`; swizzle: 1 128, 2 64, 3 32 bytes.
inline uint64_t descriptor(uint32_t start, uint32_t leading, uint32_t stride,
                           uint64_t swizzle = 1) {
  return uint64_t(start & 0x3ffff) >> 4 | uint64_t(leading >> 4) << 16 |
         uint64_t(stride >> 4) << 32 | swizzle << 62;
}

} // namespace ringrt::test

#endif // RINGRT_TEST_SIMHARNESS_H

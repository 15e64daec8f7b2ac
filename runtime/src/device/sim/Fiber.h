//===- Fiber.h - Stacks that a thread switches between ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A switch saves the registers that the ABI makes a call preserve, and nothing
// else: a few nanoseconds on x86-64, ucontext elsewhere. Sanitizers are told.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_FIBER_H
#define RINGRT_DEVICE_SIM_FIBER_H

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RINGRT_SIM_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define RINGRT_SIM_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(RINGRT_SIM_ASAN)
#define RINGRT_SIM_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(RINGRT_SIM_TSAN)
#define RINGRT_SIM_TSAN 1
#endif
#if !defined(__x86_64__)
#define RINGRT_SIM_UCONTEXT 1
#endif
#if RINGRT_SIM_UCONTEXT
#include <ucontext.h>
#endif

namespace ringrt::sim {

/// One flow of control: the host's, or one on a stack of its own.
class Fiber {
public:
  Fiber() = default;
  ~Fiber();
  Fiber(const Fiber &) = delete;
  Fiber &operator=(const Fiber &) = delete;

  /// Makes the next switch to this fiber call `entry(argument)`, which must
  /// never return. What was on the stack is forgotten.
  void start(void *stack, size_t bytes, void (*entry)(void *), void *argument);

  /// Leaves `from`, which a later switch resumes, for `to`. `last`: nothing
  /// will ever resume `from`.
  static void swap(Fiber &from, Fiber &to, bool last = false);

private:
  static void enter(void *fiber);
  void arrived();

  void *stackPointer = nullptr;
  void (*entry)(void *) = nullptr;
  void *argument = nullptr;
#if RINGRT_SIM_UCONTEXT
  ucontext_t context;
#endif
#if RINGRT_SIM_ASAN
  const void *bottom = nullptr;
  size_t size = 0;
  void *fakeStack = nullptr;
#endif
#if RINGRT_SIM_TSAN
  void *tsan = nullptr;
  bool ownsTsan = false;
#endif
};

/// Equal stacks, each with a guard page below it.
class Stacks {
public:
  Stacks() = default;
  ~Stacks();
  Stacks(const Stacks &) = delete;
  Stacks &operator=(const Stacks &) = delete;

  /// False if the system has no room.
  bool allocate(size_t count);
  void *bottom(size_t index) const;
  /// Bytes of a stack. The tops of stacks differ in their cache sets.
  size_t bytes(size_t index) const;

private:
  char *region = nullptr;
  size_t mapped = 0;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_FIBER_H

//===- Fiber.cpp - Stacks that a thread switches between ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/Fiber.h"

#include <sys/mman.h>
#include <unistd.h>

// The sanitizers' headers are a package of their own, their functions are not.
#if RINGRT_SIM_ASAN
extern "C" {
void __asan_unpoison_memory_region(const volatile void *address, size_t bytes);
void __sanitizer_start_switch_fiber(void **save, const void *bottom,
                                    size_t bytes);
void __sanitizer_finish_switch_fiber(void *save, const void **oldBottom,
                                     size_t *oldBytes);
}
#endif
#if RINGRT_SIM_TSAN
extern "C" {
void *__tsan_get_current_fiber();
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
}
#endif

#if !RINGRT_SIM_UCONTEXT
// ringrt_sim_switch(void **save, void *stack) keeps what the System V ABI makes
// a call preserve on the stack. A new stack returns into ringrt_sim_begin.
asm(R"(
  .text
  .p2align 4
  .hidden ringrt_sim_switch
  .globl ringrt_sim_switch
  .type ringrt_sim_switch, @function
ringrt_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size ringrt_sim_switch, .-ringrt_sim_switch
  .p2align 4
  .hidden ringrt_sim_begin
  .globl ringrt_sim_begin
  .type ringrt_sim_begin, @function
ringrt_sim_begin:
  movq %r12, %rdi
  callq *%r13
  ud2
  .size ringrt_sim_begin, .-ringrt_sim_begin
)");
extern "C" __attribute__((visibility("hidden"))) void
ringrt_sim_switch(void **save, void *stack);
extern "C" __attribute__((visibility("hidden"))) void ringrt_sim_begin();
#endif

using namespace ringrt;
using namespace ringrt::sim;

#if RINGRT_SIM_ASAN || RINGRT_SIM_TSAN
static constexpr size_t stackBytes = 512 * 1024;
#else
static constexpr size_t stackBytes = 128 * 1024;
#endif

Fiber::~Fiber() {
#if RINGRT_SIM_TSAN
  if (ownsTsan)
    __tsan_destroy_fiber(tsan);
#endif
}

void Fiber::start(void *stack, size_t bytes, void (*function)(void *),
                  void *value) {
  entry = function;
  argument = value;
#if RINGRT_SIM_ASAN
  // Frames that were left for good have poisoned the stack.
  __asan_unpoison_memory_region(stack, bytes);
  bottom = stack;
  size = bytes;
  fakeStack = nullptr;
#endif
#if RINGRT_SIM_TSAN
  if (ownsTsan)
    __tsan_destroy_fiber(tsan);
  tsan = __tsan_create_fiber(0);
  ownsTsan = true;
#endif
#if RINGRT_SIM_UCONTEXT
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = bytes;
  context.uc_link = nullptr;
  auto self = reinterpret_cast<uintptr_t>(this);
  using Function = void (*)();
  auto low = static_cast<unsigned>(self);
  auto high = static_cast<unsigned>(static_cast<uint64_t>(self) >> 32);
  void (*trampoline)(unsigned, unsigned) = [](unsigned low, unsigned high) {
    enter(reinterpret_cast<void *>(
        static_cast<uintptr_t>(static_cast<uint64_t>(high) << 32 | low)));
  };
  makecontext(&context, reinterpret_cast<Function>(trampoline), 2, low, high);
#else
  auto top = reinterpret_cast<uintptr_t>(stack) + bytes;
  auto **slot = reinterpret_cast<void **>(top & ~uintptr_t(15));
  // At ringrt_sim_begin the stack is aligned to 16, as before any call.
  *--slot = nullptr;
  *--slot = nullptr;
  *--slot = reinterpret_cast<void *>(&ringrt_sim_begin);
  *--slot = nullptr;                          // rbp
  *--slot = nullptr;                          // rbx
  *--slot = this;                             // r12
  *--slot = reinterpret_cast<void *>(&enter); // r13
  *--slot = nullptr;                          // r14
  *--slot = nullptr;                          // r15
  stackPointer = slot;
#endif
}

void Fiber::enter(void *fiber) {
  auto *self = static_cast<Fiber *>(fiber);
  self->arrived();
  self->entry(self->argument);
  __builtin_trap();
}

#if RINGRT_SIM_ASAN
/// Whom the running fiber was switched to from.
static thread_local Fiber *left = nullptr;
#endif

void Fiber::arrived() {
#if RINGRT_SIM_ASAN
  // The first switch tells where the host's stack is.
  const void *oldBottom = nullptr;
  size_t oldSize = 0;
  __sanitizer_finish_switch_fiber(fakeStack, &oldBottom, &oldSize);
  if (left && !left->bottom) {
    left->bottom = oldBottom;
    left->size = oldSize;
  }
#endif
}

void Fiber::swap(Fiber &from, Fiber &to, bool last) {
  (void)last;
#if RINGRT_SIM_ASAN
  left = &from;
  __sanitizer_start_switch_fiber(last ? nullptr : &from.fakeStack, to.bottom,
                                 to.size);
#endif
#if RINGRT_SIM_TSAN
  from.tsan = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to.tsan, 0);
#endif
#if RINGRT_SIM_UCONTEXT
  swapcontext(&from.context, &to.context);
#else
  ringrt_sim_switch(&from.stackPointer, to.stackPointer);
#endif
  from.arrived();
}

Stacks::~Stacks() {
  if (region)
    munmap(region, mapped);
}

bool Stacks::allocate(size_t count) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  mapped = count * stackBytes;
  void *memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  region = static_cast<char *>(memory);
  for (size_t i = 0; i < count; ++i)
    if (mprotect(region + i * stackBytes, page, PROT_NONE) != 0)
      return false;
  return true;
}

void *Stacks::bottom(size_t index) const {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return region + index * stackBytes + page;
}

size_t Stacks::bytes(size_t index) const {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return stackBytes - page - index % 61 * 192;
}

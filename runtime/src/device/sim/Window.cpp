//===- Window.cpp - The shared window of a simulated block ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/Window.h"

#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace ringrt;
using namespace ringrt::sim;

static constexpr uint64_t windowAlignment = uint64_t(1) << 32;

Window::~Window() {
  if (base)
    munmap(base, mapped);
}

bool Window::map(uint32_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t wanted = (sharedBegin + bytes + page - 1) / page * page;
  // An aligned part of an address range that is given back around it.
  void *range = mmap(nullptr, windowAlignment + wanted, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED)
    return false;
  auto *first = static_cast<char *>(range);
  const uint64_t low = reinterpret_cast<uint64_t>(first) % windowAlignment;
  char *aligned = low == 0 ? first : first + (windowAlignment - low);
  if (aligned != first)
    munmap(first, static_cast<size_t>(aligned - first));
  if (char *rest = aligned + wanted; rest < first + windowAlignment + wanted)
    munmap(rest, static_cast<size_t>(first + windowAlignment + wanted - rest));
  base = aligned;
  mapped = wanted;
  size = bytes;
  return mprotect(base, mapped, PROT_READ | PROT_WRITE) == 0;
}

void Window::poison() {
  if (size)
    poison(begin(), size);
}

void Window::poison(uint32_t address, uint32_t bytes) {
  std::memset(at(address), 0xff, bytes);
}

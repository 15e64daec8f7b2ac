//===- Window.h - The shared window of a simulated block --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The window starts at a multiple of 4 GiB, so that the low half of a host
// address in it is the shared address: descriptors get the bits that they have
// on the device. A block's dynamic memory starts at 1024, not at 0.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_WINDOW_H
#define RINGRT_DEVICE_SIM_WINDOW_H

#include <cstddef>
#include <cstdint>

namespace ringrt::sim {

/// Dynamic shared memory of a block on sm_90, and where it starts.
constexpr uint32_t maxSharedBytes = 232448;
constexpr uint32_t sharedBegin = 1024;

class Window {
public:
  Window() = default;
  ~Window();
  Window(const Window &) = delete;
  Window &operator=(const Window &) = delete;

  /// False if the system has no room.
  bool map(uint32_t bytes);

  uint32_t begin() const { return sharedBegin; }
  uint32_t end() const { return sharedBegin + size; }
  bool contains(uint64_t address, uint64_t bytes) const {
    return address >= begin() && bytes <= size && address + bytes <= end();
  }
  char *at(uint32_t address) const { return base + address; }
  /// Memory that nobody wrote is all ones: NaN in every type.
  void poison();
  void poison(uint32_t address, uint32_t bytes);

private:
  char *base = nullptr;
  uint32_t size = 0;
  size_t mapped = 0;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_WINDOW_H

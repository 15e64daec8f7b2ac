//===- GlobalMemory.h - Who may touch which global bytes --------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accesses must be to the arrays of the launch. Blocks of a grid are not
// ordered: what one writes, no other may touch. Within a block, a write must be
// ordered before what follows; reads before a write are not remembered by
// thread. Atomic accesses are compared with nothing.
//
// Entries are per 2 bytes. Of single bytes only the place is checked: they are
// elements of arrays around attention, of which a thread has its own.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_DEVICE_SIM_GLOBALMEMORY_H
#define RINGRT_DEVICE_SIM_GLOBALMEMORY_H

#include "device/sim/Thread.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace ringrt::sim {

class GlobalMemory {
public:
  explicit GlobalMemory(const rs_launch &launch);

  void access(Thread &thread, uint32_t where, uint64_t address, uint64_t bytes,
              rs_access kind);
  /// Fails for an address that is no multiple of `alignment`.
  void checkAligned(Thread &thread, uint32_t where, uint64_t address,
                    uint32_t alignment);

private:
  static constexpr uint64_t cellBytes = 2, pageBytes = 4096;

  struct Cell {
    /// Blocks, by their number in the grid from 1; 0: none.
    uint32_t writer = 0, reader = 0;
    /// Of the writer.
    uint32_t where = 0;
    int32_t epoch = 0;
    uint32_t thread = 0;
  };
  struct Page {
    Cell cells[pageBytes / cellBytes];
  };

  Page &pageOf(uint64_t address);
  bool inArray(uint64_t begin, uint64_t end);
  std::string place(uint64_t address) const;
  std::string blockName(const Block &block, uint32_t number) const;
  void checkWritten(Thread &thread, uint32_t where, uint64_t address,
                    uint32_t self, const Cell &cell, const char *verb);

  const rs_launch &launch;
  /// By address.
  std::vector<rs_array> arrays;
  const rs_array *last = nullptr;
  std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
  uint64_t lastNumber = UINT64_MAX;
  Page *lastPage = nullptr;
};

} // namespace ringrt::sim

#endif // RINGRT_DEVICE_SIM_GLOBALMEMORY_H

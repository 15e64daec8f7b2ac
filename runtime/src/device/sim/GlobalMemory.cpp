//===- GlobalMemory.cpp - Who may touch which global bytes ----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/GlobalMemory.h"
#include "core/Status.h"
#include "device/sim/Block.h"

#include <algorithm>

using namespace ringrt;
using namespace ringrt::sim;

/// More blocks than one have read.
static constexpr uint32_t several = UINT32_MAX;

static const char *verbOf(rs_access kind) {
  switch (kind) {
  case RS_READ:
    return "reads";
  case RS_WRITE:
    return "writes";
  case RS_ATOMIC:
    break;
  }
  return "updates";
}

GlobalMemory::GlobalMemory(const rs_launch &launch)
    : launch(launch), arrays(launch.arrays, launch.arrays + launch.num_arrays) {
  std::sort(arrays.begin(), arrays.end(),
            [](const rs_array &a, const rs_array &b) {
              return a.address < b.address;
            });
}

bool GlobalMemory::inArray(uint64_t begin, uint64_t end) {
  auto has = [&](const rs_array &array) {
    return begin >= array.address && end <= array.address + array.bytes;
  };
  if (last && has(*last))
    return true;
  for (const rs_array &array : arrays)
    if (has(array)) {
      last = &array;
      return true;
    }
  return false;
}

/// Relative to the array that it is in or behind, if any.
std::string GlobalMemory::place(uint64_t address) const {
  const rs_array *array = arrays.empty() ? nullptr : &arrays.front();
  for (const rs_array &next : arrays)
    if (next.address <= address)
      array = &next;
  if (!array)
    return formatString("0x%llx", static_cast<unsigned long long>(address));
  return formatString("offset %lld of an array of %llu bytes",
                      static_cast<long long>(address - array->address),
                      static_cast<unsigned long long>(array->bytes));
}

std::string GlobalMemory::blockName(const Block &block, uint32_t number) const {
  const uint32_t *grid = block.launch.grid;
  const uint32_t index = number - 1;
  return formatString("block (%u, %u, %u)", index % grid[0],
                      index / grid[0] % grid[1], index / grid[0] / grid[1]);
}

GlobalMemory::Page &GlobalMemory::pageOf(uint64_t address) {
  const uint64_t number = address / pageBytes;
  if (number != lastNumber) {
    std::unique_ptr<Page> &page = pages[number];
    if (!page)
      page = std::make_unique<Page>();
    lastNumber = number;
    lastPage = page.get();
  }
  return *lastPage;
}

void GlobalMemory::checkAligned(Thread &thread, uint32_t where,
                                uint64_t address, uint32_t alignment) {
  if (address % alignment != 0)
    thread.block->fail(
        thread, where,
        formatString("the global address %s is %u bytes after a multiple of "
                     "%u, expected such a multiple",
                     thread.block->keep(place(address)),
                     static_cast<uint32_t>(address % alignment), alignment));
}

void GlobalMemory::checkWritten(Thread &thread, uint32_t where,
                                uint64_t address, uint32_t self,
                                const Cell &cell, const char *verb) {
  Block &block = *thread.block;
  if (cell.writer != self)
    block.fail(thread, where,
               formatString("%s global memory at %s which %s writes at %s: "
                            "blocks of a grid are not ordered",
                            verb, block.keep(place(address)),
                            block.keep(blockName(block, cell.writer)),
                            block.at(cell.where)));
  if (cell.thread != thread.index && thread.clock[cell.thread] < cell.epoch)
    block.fail(thread, where,
               formatString("%s global memory at %s which %s writes at %s: a "
                            "barrier must come between",
                            verb, block.keep(place(address)),
                            block.name(block.threads[cell.thread]),
                            block.at(cell.where)));
}

void GlobalMemory::access(Thread &thread, uint32_t where, uint64_t address,
                          uint64_t bytes, rs_access kind) {
  Block &block = *thread.block;
  if (launch.arrays && !inArray(address, address + bytes))
    block.fail(thread, where,
               formatString("%s %llu bytes of global memory at %s, expected "
                            "them in an array of the launch",
                            verbOf(kind),
                            static_cast<unsigned long long>(bytes),
                            block.keep(place(address))));
  if (kind == RS_ATOMIC || bytes < cellBytes)
    return;
  const uint32_t self =
      1 + block.id[0] +
      launch.grid[0] * (block.id[1] + launch.grid[1] * block.id[2]);
  for (uint64_t at = address / cellBytes * cellBytes; at < address + bytes;
       at += cellBytes) {
    Cell &cell = pageOf(at).cells[at % pageBytes / cellBytes];
    if (cell.writer != 0)
      checkWritten(thread, where, std::max(at, address), self, cell,
                   verbOf(kind));
    if (kind == RS_READ) {
      if (cell.reader != self)
        cell.reader = cell.reader == 0 ? self : several;
      continue;
    }
    if (cell.reader != 0 && cell.reader != self)
      block.fail(
          thread, where,
          formatString(
              "writes global memory at %s which %s: blocks of a grid "
              "are not ordered",
              block.keep(place(std::max(at, address))),
              cell.reader == several
                  ? "several blocks read"
                  : block.keep(blockName(block, cell.reader) + " reads")));
    cell.writer = self;
    cell.where = where;
    cell.thread = thread.index;
    cell.epoch = thread.epoch();
  }
}

//===- Instructions.cpp - The table of instructions -----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Status.h"
#include "device/sim/Block.h"
#include "device/sim/WarpOps.h"

#include <cstring>

using namespace ringrt;
using namespace ringrt::sim;

static Thread &self(rs_thread *thread) {
  return *static_cast<Thread *>(thread);
}

static uint32_t sreg(rs_thread *thread, int32_t which) {
  const Block &block = blockOf(thread);
  switch (which) {
  case RS_TID_X:
    return self(thread).index;
  case RS_NTID_X:
    return block.kernel.threads;
  case RS_CTAID_X:
  case RS_CTAID_Y:
  case RS_CTAID_Z:
    return block.id[which - RS_CTAID_X];
  case RS_NCTAID_X:
  case RS_NCTAID_Y:
  case RS_NCTAID_Z:
    return block.launch.grid[which - RS_NCTAID_X];
  case RS_LANEID:
    return self(thread).lane();
  }
  blockOf(thread).fail(formatString("%s reads the special register %d, which "
                                    "is not modelled",
                                    blockOf(thread).name(self(thread)), which));
}

static void *sharedBase(rs_thread *thread) {
  return blockOf(thread).window.at(blockOf(thread).window.begin());
}

static uint32_t shfl(rs_thread *thread, uint32_t where, uint32_t mask,
                     uint32_t value, uint32_t lane, uint32_t clamp,
                     int32_t kind) {
  return shuffle(self(thread), where, mask, value, lane, clamp, kind);
}

static uint32_t electOne(rs_thread *thread, uint32_t where, uint32_t mask) {
  return elect(self(thread), where, mask);
}

static void setMaxNReg(rs_thread *thread, uint32_t where, int32_t increase,
                       uint32_t registers) {
  blockOf(thread).registers.setMax(self(thread), where, increase != 0,
                                   registers);
}

static void barSync(rs_thread *thread, uint32_t where, uint32_t id,
                    uint32_t threads) {
  blockOf(thread).barriers.execute(self(thread), Op::BarSync, where, id,
                                   threads);
}

static void barArrive(rs_thread *thread, uint32_t where, uint32_t id,
                      uint32_t threads) {
  blockOf(thread).barriers.execute(self(thread), Op::BarArrive, where, id,
                                   threads);
}

static void mbarrierInit(rs_thread *thread, uint32_t where, uint32_t bar,
                         uint32_t count) {
  blockOf(thread).mbarriers.init(self(thread), where, bar, count);
}

static void mbarrierInvalidate(rs_thread *thread, uint32_t where,
                               uint32_t bar) {
  blockOf(thread).mbarriers.invalidate(self(thread), where, bar);
}

static void mbarrierArrive(rs_thread *thread, uint32_t where, uint32_t bar) {
  blockOf(thread).mbarriers.arrive(self(thread), where, bar, 0);
}

static void mbarrierExpectTx(rs_thread *thread, uint32_t where, uint32_t bar,
                             uint32_t bytes) {
  blockOf(thread).mbarriers.arrive(self(thread), where, bar, bytes);
}

static void mbarrierWait(rs_thread *thread, uint32_t where, uint32_t bar,
                         uint32_t parity) {
  blockOf(thread).mbarriers.wait(self(thread), where, bar, parity);
}

/// A fence ends an epoch, so that what comes after it is not taken for fenced.
static void fence(rs_thread *caller, uint32_t where, int32_t kind) {
  Thread &thread = self(caller);
  switch (kind) {
  case RS_FENCE_PROXY_ASYNC:
    thread.proxyFences.push_back(thread.epoch());
    thread.initFences.push_back(thread.epoch()++);
    return;
  case RS_FENCE_MBARRIER_INIT:
    thread.initFences.push_back(thread.epoch()++);
    return;
  case RS_FENCE_WGMMA:
    blockOf(caller).wgmmas.fence(thread, where);
    return;
  }
  blockOf(caller).fail(thread, where, formatString("fence of kind %d", kind));
}

static void checkAccess(Thread &thread, uint32_t where, uint32_t address,
                        uint32_t bytes) {
  if (bytes == 0 || bytes > 16 || (bytes & (bytes - 1)) != 0)
    thread.block->fail(thread, where,
                       formatString("access of %u bytes: expected 1, 2, 4, 8 "
                                    "or 16",
                                    bytes));
  if (address % bytes != 0)
    thread.block->fail(thread, where,
                       formatString("address 0x%x is not a multiple of the %u "
                                    "bytes accessed",
                                    address, bytes));
}

static void sharedLoad(rs_thread *caller, uint32_t where, uint32_t address,
                       void *value, uint32_t bytes) {
  Thread &thread = self(caller);
  Block &block = blockOf(caller);
  block.scheduler.mayYield(thread);
  checkAccess(thread, where, address, bytes);
  block.shadow.load(thread, where, address, bytes);
  std::memcpy(value, block.window.at(address), bytes);
}

static void sharedStore(rs_thread *caller, uint32_t where, uint32_t address,
                        const void *value, uint32_t bytes) {
  Thread &thread = self(caller);
  Block &block = blockOf(caller);
  checkAccess(thread, where, address, bytes);
  block.wgmmas.checkNoTag(thread, where, "stores", value, bytes / 4);
  block.shadow.store(thread, where, address, bytes);
  std::memcpy(block.window.at(address), value, bytes);
  block.scheduler.mayYield(thread);
}

static void ldmatrix(rs_thread *thread, uint32_t where, uint32_t address,
                     uint32_t *registers, int32_t count, int32_t transpose) {
  loadMatrices(self(thread), where, address, registers, count, transpose != 0);
}

static void stmatrix(rs_thread *thread, uint32_t where, uint32_t address,
                     const uint32_t *registers, int32_t count,
                     int32_t transpose) {
  storeMatrices(self(thread), where, address, registers, count, transpose != 0);
}

static void tmaLoad(rs_thread *thread, uint32_t where, uint32_t destination,
                    const rs_tensor_map *map, const int32_t *coordinates,
                    uint32_t bar) {
  blockOf(thread).copies.load(self(thread), where, destination, map,
                              coordinates, bar);
}

static void tmaStore(rs_thread *thread, uint32_t where, uint32_t source,
                     const rs_tensor_map *map, const int32_t *coordinates,
                     int32_t add) {
  blockOf(thread).copies.store(self(thread), where, source, map, coordinates,
                               add != 0);
}

static void bulkCommit(rs_thread *thread, uint32_t where) {
  blockOf(thread).copies.commit(self(thread), where);
}

static void bulkWait(rs_thread *thread, uint32_t where, uint32_t pending,
                     int32_t read) {
  blockOf(thread).copies.wait(self(thread), where, pending, read != 0);
}

static void wgmma(rs_thread *thread, uint32_t where, const rs_wgmma *what,
                  float *accumulators, const uint32_t *a, uint64_t descriptorA,
                  uint64_t descriptorB) {
  blockOf(thread).wgmmas.issue(self(thread), where, what, accumulators, a,
                               descriptorA, descriptorB);
}

static void wgmmaCommit(rs_thread *thread, uint32_t where) {
  blockOf(thread).wgmmas.commit(self(thread), where);
}

static void wgmmaWait(rs_thread *thread, uint32_t where, uint32_t pending,
                      float *values, uint32_t count) {
  blockOf(thread).wgmmas.wait(self(thread), where, pending, values, count);
}

static void sync(rs_thread *thread, uint32_t where, uint32_t mask) {
  warpSync(self(thread), where, mask);
}

static void writeRegisters(rs_thread *thread, uint32_t where,
                           uint32_t registers) {
  blockOf(thread).wgmmas.writeRegisters(self(thread), where, registers);
}

static void globalAccess(rs_thread *thread, uint32_t where, const void *at,
                         uint32_t bytes, uint32_t alignment, int32_t kind) {
  GlobalMemory &memory = blockOf(thread).global;
  const auto address = reinterpret_cast<uintptr_t>(at);
  memory.checkAligned(self(thread), where, address, alignment);
  memory.access(self(thread), where, address, bytes,
                static_cast<rs_access>(kind));
}

const rs_ops ringrt::sim::instructions = {
    sizeof(rs_ops), sreg,
    sharedBase,     shfl,
    electOne,       setMaxNReg,
    barSync,        barArrive,
    mbarrierInit,   mbarrierInvalidate,
    mbarrierArrive, mbarrierExpectTx,
    mbarrierWait,   fence,
    sharedLoad,     sharedStore,
    ldmatrix,       stmatrix,
    tmaLoad,        tmaStore,
    bulkCommit,     bulkWait,
    wgmma,          wgmmaCommit,
    wgmmaWait,      sync,
    writeRegisters, globalAccess,
};

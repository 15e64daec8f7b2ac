//===- Harness.cpp - Worlds and hand-written modules for tests ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"
#include "core/World.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

namespace ringrt::test {

namespace {

/// A query and an entry carry no closure, so every module that is alive at one
/// time has functions of its own.
constexpr size_t numSlots = 4;

struct Slot {
  bool used = false;
  std::string manifest;
  Entry entry;
  rr_entry_point point;
  rr_module_header header;
};
std::array<Slot, numSlots> slots;

template <size_t Index>
int32_t runSlot(rr_ctx *ctx, void *const *buffers, const int64_t *dims) {
  return slots[Index].entry(ctx, buffers, dims);
}

template <size_t Index>
const rr_module_header *querySlot(uint32_t) {
  return &slots[Index].header;
}

template <size_t... Index>
void fillSlot(size_t slot, rr_module_query_fn &query,
              std::index_sequence<Index...>) {
  static constexpr rr_entry_fn entries[] = {runSlot<Index>...};
  static constexpr rr_module_query_fn queries[] = {querySlot<Index>...};
  slots[slot].point = {"main", entries[slot]};
  query = queries[slot];
}

} // namespace

TestModule::TestModule(const std::string &manifest, Entry entry) : slot(0) {
  while (slot < numSlots && slots[slot].used)
    ++slot;
  if (slot == numSlots)
    throw std::logic_error("too many test modules at one time");
  Slot &mine = slots[slot];
  mine.used = true;
  mine.manifest = manifest;
  mine.entry = std::move(entry);
  rr_module_query_fn query;
  fillSlot(slot, query, std::make_index_sequence<numSlots>());
  mine.header = {};
  mine.header.struct_size = sizeof(rr_module_header);
  mine.header.abi_version = RR_ABI_VERSION;
  mine.header.manifest = mine.manifest.data();
  mine.header.manifest_size = mine.manifest.size();
  mine.header.entries = &mine.point;
  mine.header.num_entries = 1;
  EXPECT_EQ(rr_module_from_query(query, &module), RR_OK)
      << rr_last_error(nullptr);
}

TestModule::~TestModule() {
  rr_module_close(module);
  slots[slot].used = false;
}

std::string ringManifest(const std::string &arguments,
                         const std::string &results,
                         const std::string &gridShape,
                         const std::string &groups) {
  return "{\"abi\":1,\"target\":\"cpu\",\"grid\":{\"name\":\"ring\","
         "\"shape\":" +
         gridShape + "},\"groups\":" + groups +
         ",\"entries\":[{\"name\":\"main\",\"arguments\":" + arguments +
         ",\"results\":" + results + "}]}";
}

Ranks::Ranks(const WorldOptions &options, const TestModule &module,
             const std::vector<int64_t> &dims) {
  rr_world_options raw;
  rr_world_options_init(&raw);
  raw.size = options.size;
  raw.transport = options.transport;
  raw.threads = options.threads;
  raw.timeout_seconds = options.timeout;
  raw.link_bandwidth = options.bandwidth;
  raw.link_latency = options.latency;
  raw.trace = options.trace;
  if (rr_world_create(&raw, &theWorld) != RR_OK)
    throw std::runtime_error(rr_last_error(nullptr));
  hooks().availableMemory = options.availableMemory;
  for (int32_t rank = 0; rank < options.size; ++rank) {
    rr_context *context = nullptr;
    if (rr_context_create(theWorld, module.get(), rank, &context) != RR_OK) {
      destroy();
      throw std::runtime_error(rr_last_error(nullptr));
    }
    contexts.push_back(context);
    if (rr_bind(context, "main", dims.data(), dims.size()) != RR_OK) {
      std::string message = rr_last_error(context);
      destroy();
      throw std::runtime_error(message);
    }
  }
}

Ranks::~Ranks() { destroy(); }

void Ranks::destroy() {
  for (rr_context *context : contexts)
    rr_context_destroy(context);
  rr_world_destroy(theWorld);
}

Hooks &Ranks::hooks() { return theWorld->impl->hooks; }

void Ranks::onEach(const std::function<void(int32_t)> &function) const {
  std::vector<std::thread> threads;
  for (int32_t rank = 0; rank < size(); ++rank)
    threads.emplace_back([&function, rank] { function(rank); });
  for (std::thread &thread : threads)
    thread.join();
}

std::vector<int32_t> Ranks::execute(std::vector<int32_t> subset) const {
  std::vector<int32_t> statuses(size(), -1);
  std::vector<bool> runs(size(), subset.empty());
  for (int32_t rank : subset)
    runs[rank] = true;
  onEach([&](int32_t rank) {
    if (runs[rank])
      statuses[rank] = rr_execute(contexts[rank]);
  });
  return statuses;
}

rr_statistics Ranks::stats(int32_t rank) const {
  rr_statistics statistics;
  statistics.struct_size = sizeof(statistics);
  EXPECT_EQ(rr_stats(contexts[rank], &statistics), RR_OK);
  return statistics;
}

int64_t ringRank(rr_ctx *ctx) {
  int64_t rank = -1;
  ctx->imports->ring_rank(ctx, 0, &rank);
  return rank;
}

int64_t ringSize(rr_ctx *ctx) {
  int64_t size = -1;
  ctx->imports->ring_size(ctx, 0, &size);
  return size;
}

int32_t shiftOnce(rr_ctx *ctx, int64_t sendBytes, int64_t recvBytes) {
  const rr_imports *rr = ctx->imports;
  char send[64] = {}, recv[64];
  int64_t token;
  RR_TRY(rr->ring_shift_start(ctx, 0, send, sendBytes, recv, recvBytes, 1,
                              ringSize(ctx), &token));
  return rr->ring_wait(ctx, token, nullptr);
}

int32_t shiftOften(rr_ctx *ctx, int64_t count) {
  for (int64_t hop = 0; hop < count; ++hop)
    RR_TRY(shiftOnce(ctx, 8, 8));
  return RR_OK;
}

int32_t slottedRing(rr_ctx *ctx, const std::function<int32_t(int64_t)> &atHop) {
  const rr_imports *rr = ctx->imports;
  int64_t size = ringSize(ctx);
  constexpr int64_t bytes = 100000;
  void *slots[2] = {};
  int32_t code = RR_OK;
  for (void *&slot : slots)
    if (code == RR_OK)
      code = rr->buf_alloc(ctx, bytes, 64, &slot);
  if (code == RR_OK)
    memset(slots[0], 1, bytes);
  for (int64_t hop = 0; code == RR_OK && hop < size; ++hop) {
    int64_t token = -1;
    bool exchanges = hop + 1 < size;
    if (exchanges)
      code = rr->ring_shift_start(ctx, 0, slots[0], bytes, slots[1], bytes, 1,
                                  size, &token);
    if (code == RR_OK)
      code = atHop(hop);
    if (code == RR_OK)
      code = rr->check_cancel(ctx);
    if (code == RR_OK && exchanges)
      code = rr->ring_wait(ctx, token, nullptr);
    std::swap(slots[0], slots[1]);
  }
  // After a failure exchanges may still be in flight here.
  for (void *slot : slots)
    if (slot)
      rr->buf_free(ctx, slot);
  return code;
}

} // namespace ringrt::test

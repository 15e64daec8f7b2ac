//===- ShardTest.cpp - Shards, rings and the binding of sizes -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"
#include "core/Shards.h"
#include "core/Topology.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <sys/mman.h>

using namespace ringrt;
using namespace ringrt::test;

namespace {

int32_t doNothing(rr_ctx *, void *const *, const int64_t *) { return RR_OK; }

std::string tensor(const std::string &dtype, const std::string &shape, int dim,
                   const std::string &layout) {
  return "[{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"sharding\":{\"dim\":" + std::to_string(dim) +
         ",\"group\":0,\"layout\":" + layout + "}}]";
}

TEST(Shard, ScatterAndGatherRoundTrip) {
  const std::string layouts[] = {"\"contiguous\"", "\"zigzag\"",
                                 "\"striped\",\"granularity\":1",
                                 "\"striped\",\"granularity\":3"};
  const std::map<std::string, size_t> dtypes = {
      {"i1", 1}, {"bf16", 2}, {"f16", 2}, {"f32", 4}, {"f64", 8}};
  std::mt19937 random(11);
  for (const std::string &layout : layouts)
    for (const auto &[dtype, bytes] : dtypes)
      for (int dim = 0; dim < 3; ++dim) {
        std::vector<int64_t> dims = {int64_t(1 + random() % 9),
                                     int64_t(1 + random() % 9),
                                     int64_t(1 + random() % 9)};
        dims[dim] = 1 + random() % 40;
        SCOPED_TRACE(layout + " " + dtype + " " + formatList(dims));
        int32_t size = 1 + random() % 5;
        TestModule module(
            ringManifest(tensor(dtype, "[-1,-1,-1]", dim, layout)), doNothing);
        WorldOptions options;
        options.size = size;
        Ranks ranks(options, module, dims);

        size_t total = dims[0] * dims[1] * dims[2] * bytes;
        std::vector<uint8_t> global(total), back(total, 0);
        for (uint8_t &byte : global)
          byte = random();
        size_t local = 0;
        for (int32_t rank = 0; rank < size; ++rank) {
          void *data;
          size_t shardBytes;
          ASSERT_EQ(rr_shard(ranks[rank], 0, &data, &shardBytes), RR_OK);
          EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u);
          local += shardBytes;
          ASSERT_EQ(rr_scatter(ranks[rank], 0, global.data()), RR_OK);
          ASSERT_EQ(rr_gather(ranks[rank], 0, back.data()), RR_OK);
        }
        EXPECT_EQ(local, total);
        EXPECT_EQ(back, global);
      }
}

TEST(Shard, SizesOfACallAreChecked) {
  std::string two = R"([{"dtype":"f32","shape":[-1,4]},
                        {"dtype":"f32","shape":[-1,-1]}])";
  std::string manifest = ringManifest(two);
  size_t results = manifest.find("\"results\"");
  ASSERT_NE(results, std::string::npos);
  manifest.insert(results, R"("equal":[
      [{"argument":1,"dim":0},{"argument":0,"dim":0}],
      [{"argument":1,"dim":1},8]],)");
  TestModule module(manifest, doNothing);
  rr_world_options options;
  rr_world_options_init(&options);
  options.size = 1;
  rr_world *world;
  rr_context *context;
  ASSERT_EQ(rr_world_create(&options, &world), RR_OK);
  ASSERT_EQ(rr_context_create(world, module.get(), 0, &context), RR_OK);
  auto refused = [&](std::vector<int64_t> dims) -> std::string {
    EXPECT_EQ(rr_bind(context, "main", dims.data(), dims.size()),
              RR_INVALID_ARGUMENT);
    return rr_last_error(context);
  };
  EXPECT_NE(refused({2, 4, 3, 8})
                .find("argument 1, dimension 0: the size is 3, expected 2 as "
                      "in argument 0, dimension 0"),
            std::string::npos);
  EXPECT_NE(refused({2, 4, 2, 9})
                .find("argument 1, dimension 1: the size is 9, expected 8"),
            std::string::npos);
  EXPECT_NE(refused({0, 4, 0, 8}).find("the size is 0, expected at least 1"),
            std::string::npos);
  const int64_t good[] = {2, 4, 2, 8};
  EXPECT_EQ(rr_bind(context, "main", good, 4), RR_OK);
  rr_context_destroy(context);
  rr_world_destroy(world);
}

TEST(Shard, RowsComeInLayoutOrder) {
  TestModule module(ringManifest(tensor("i32", "[2,-1]", 1, "\"zigzag\"")),
                    doNothing);
  WorldOptions options;
  options.size = 2;
  Ranks ranks(options, module, {2, 7});
  int32_t global[14];
  for (int i = 0; i < 14; ++i)
    global[i] = i;
  // Chunks of two: rank 0 has the first and the last, which is cut.
  const std::vector<std::vector<int32_t>> expected = {
      {0, 1, 6, 7, 8, 13}, {2, 3, 4, 5, 9, 10, 11, 12}};
  for (int32_t rank = 0; rank < 2; ++rank) {
    void *data;
    size_t bytes;
    ASSERT_EQ(rr_scatter(ranks[rank], 0, global), RR_OK);
    ASSERT_EQ(rr_shard(ranks[rank], 0, &data, &bytes), RR_OK);
    auto *values = static_cast<int32_t *>(data);
    EXPECT_EQ(std::vector<int32_t>(values, values + bytes / 4), expected[rank]);
  }
}

TEST(Shard, OffsetsExceed32Bits) {
  // A sparse array of 6 GiB, of which the shard is a page near the end.
  constexpr int64_t rows = int64_t(6) << 18, rowBytes = 4096;
  TensorSpec spec;
  spec.dtype = "i8";
  spec.elementBytes = 1;
  spec.shape.resize(2);
  spec.sharding = ShardingSpec{0, 0, {LayoutKind::Striped, 1}};
  Ring ring;
  ring.members.resize(rows);
  ring.index = rows - 1;
  Shard shard;
  ASSERT_TRUE(planShard(spec, {rows, rowBytes}, {ring}, "test", shard).ok());
  EXPECT_EQ(shard.globalBytes, rows * rowBytes);
  EXPECT_EQ(shard.bytes, rowBytes);
  void *global = mmap(nullptr, rows * rowBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (global == MAP_FAILED)
    GTEST_SKIP() << "no address space for 6 GiB";
  std::vector<char> local(rowBytes, 'x');
  shard.data = local.data();
  gatherShard(shard, global);
  EXPECT_EQ(static_cast<char *>(global)[rows * rowBytes - 1], 'x');
  static_cast<char *>(global)[rows * rowBytes - 1] = 'y';
  scatterShard(shard, global);
  EXPECT_EQ(local[rowBytes - 1], 'y');
  munmap(global, rows * rowBytes);
}

TEST(Shard, SizesAreChecked) {
  TestModule module(
      ringManifest(
          R"([{"dtype":"f32","shape":[-1,8],"sharding":null},)"
          R"({"dtype":"bf16","shape":[3],"sharding":null}])",
          R"([{"dtype":"f64","shape":[{"argument":0,"dim":0},2],"sharding":null}])"),
      doNothing);
  WorldOptions options;
  Ranks ranks(options, module, {5, 8, 3});
  size_t bytes;
  void *data;
  ASSERT_EQ(rr_shard(ranks[0], 2, &data, &bytes), RR_OK);
  EXPECT_EQ(bytes, 5u * 2 * 8);
  EXPECT_EQ(rr_shard(ranks[0], 3, &data, &bytes), RR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ranks.error(0), "there is no shard 3");

  auto bindFails = [&](std::vector<int64_t> dims, const std::string &message) {
    EXPECT_EQ(rr_bind(ranks[0], "main", dims.data(), dims.size()),
              RR_INVALID_ARGUMENT);
    EXPECT_CONTAINS(ranks.error(0), message);
  };
  bindFails({5, 8}, "takes 3 sizes");
  bindFails({5, 9, 3}, "argument 0, dimension 1: the module was compiled for "
                       "size 8, got 9");
  bindFails({-5, 8, 3}, "argument 0, dimension 0: the size is -5");
  bindFails({INT64_MAX, 8, 3}, "does not fit 64 bits");
  EXPECT_EQ(rr_bind(ranks[0], "other", nullptr, 0), RR_NOT_FOUND);
  EXPECT_CONTAINS(ranks.error(0), "available: main");
  // A failed check leaves the binding as it was.
  EXPECT_EQ(rr_execute(ranks[0]), RR_OK);
}

TEST(Shard, PeakCountsShardsAndScratch) {
  TestModule module(ringManifest(tensor("f32", "[-1]", 0, "\"contiguous\"")),
                    [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
                      void *slot, *none;
                      RR_TRY(
                          ctx->imports->buf_alloc(ctx, 1 << 20, 4096, &slot));
                      EXPECT_EQ(reinterpret_cast<uintptr_t>(slot) % 4096, 0u);
                      RR_TRY(ctx->imports->buf_alloc(ctx, 0, 64, &none));
                      EXPECT_NE(none, nullptr);
                      RR_TRY(ctx->imports->buf_free(ctx, slot));
                      RR_TRY(ctx->imports->buf_alloc(ctx, 1 << 19, 64, &slot));
                      return RR_OK; // The runtime frees the rest.
                    });
  WorldOptions options;
  options.size = 2;
  Ranks ranks(options, module, {11});
  for (int repeat = 0; repeat < 3; ++repeat)
    for (int32_t status : ranks.execute())
      EXPECT_EQ(status, RR_OK);
  EXPECT_EQ(ranks.stats(0).peak_bytes, (1 << 20) + 6 * 4);
  EXPECT_EQ(ranks.stats(1).peak_bytes, (1 << 20) + 5 * 4);
}

TEST(Topology, WorldAndGridMustFit) {
  auto statusOn = [](const std::string &shape, int32_t size,
                     std::string &message) {
    TestModule module(ringManifest("[]", "[]", shape), doNothing);
    rr_world_options options;
    rr_world_options_init(&options);
    options.size = size;
    rr_world *world = nullptr;
    EXPECT_EQ(rr_world_create(&options, &world), RR_OK);
    rr_context *context = nullptr;
    int32_t status = rr_context_create(world, module.get(), 0, &context);
    message = rr_last_error(nullptr);
    rr_context_destroy(context);
    rr_world_destroy(world);
    return status;
  };
  std::string message;
  EXPECT_EQ(statusOn("[4]", 4, message), RR_OK);
  EXPECT_EQ(statusOn("[2,-1]", 6, message), RR_OK);
  EXPECT_EQ(statusOn("[4]", 3, message), RR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(message, "[4] has 4 ranks, the world has 3");
  EXPECT_EQ(statusOn("[2,-1]", 5, message), RR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(message, "a multiple of 2 ranks, the world has 5");

  TestModule unsharded(R"({"abi":1,"target":"cpu","grid":null,"groups":[],)"
                       R"("entries":[{"name":"main","arguments":[],)"
                       R"("results":[]}]})",
                       doNothing);
  WorldOptions options;
  options.size = 2;
  EXPECT_THROW(Ranks(options, unsharded), std::runtime_error);
  EXPECT_CONTAINS(rr_last_error(nullptr),
                  "the module has no grid, so it runs on 1 rank; the world "
                  "has 2");
}

} // namespace

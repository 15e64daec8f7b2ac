//===- MemoryTest.cpp - What does not fit is refused ----------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"
#include "device/cpu/HostMemory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace ringrt;
using namespace ringrt::test;

namespace {

constexpr int64_t MiB = int64_t(1) << 20;

/// A /proc and /sys of a test's own.
class AvailableMemory : public ::testing::Test {
protected:
  void SetUp() override {
    root = std::filesystem::temp_directory_path() /
           ("ringrt-memory." + std::to_string(getpid()));
    write("/proc/meminfo", "MemTotal:  9000 kB\nMemFree:  1 kB\n"
                           "MemAvailable:  4000 kB\nSwapFree:  96 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root); }

  void write(const std::string &path, const std::string &text) {
    std::filesystem::path full = root.string() + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  int64_t available() const { return availableMemory(root.string()); }

  std::filesystem::path root;
};

TEST_F(AvailableMemory, IsTheSystems) { EXPECT_EQ(available(), 4096 * 1024); }

TEST_F(AvailableMemory, OfControlGroupsVersion2) {
  write("/proc/self/cgroup", "0::/outer/inner\n");
  std::string outer = "/sys/fs/cgroup/outer/", inner = outer + "inner/";
  write(inner + "memory.max", "max\n");
  write(inner + "memory.current", "1000\n");
  EXPECT_EQ(available(), 4096 * 1024);
  // The limit of a group is one for those in it; its page cache can go.
  write(outer + "memory.max", "300000\n");
  write(outer + "memory.current", "250000\n");
  write(outer + "memory.stat",
        "anon 5\ninactive_file 100000\nactive_file 20000\n");
  EXPECT_EQ(available(), 300000 - 250000 + 120000);
  write(inner + "memory.max", "900\n");
  EXPECT_EQ(available(), 0);
}

TEST_F(AvailableMemory, OfControlGroupsVersion1) {
  write("/proc/self/cgroup", "8:cpu,memory:/on/the/host\n0::/\n");
  std::string group = "/sys/fs/cgroup/memory/";
  // In a container the root of the mount is the process's own group.
  write(group + "memory.limit_in_bytes", "9223372036854771712\n");
  write(group + "memory.usage_in_bytes", "7000\n");
  EXPECT_EQ(available(), 4096 * 1024);
  write(group + "memory.limit_in_bytes", "10000\n");
  write(group + "memory.stat", "inactive_file 1\ntotal_inactive_file 500\n");
  EXPECT_EQ(available(), 3500);
}

TEST(AvailableMemoryOfThisMachine, IsKnown) {
  EXPECT_GT(rr_available_memory(), 0);
  EXPECT_LT(rr_available_memory(), int64_t(1) << 50);
}

TEST(MemoryBudget, CountsWhatIsHeldButNotFilled) {
  Hooks hooks;
  int64_t system = 10 * MiB;
  hooks.availableMemory = [&] { return system; };
  MemoryBudget budget(hooks);
  int64_t available = 0;
  EXPECT_TRUE(budget.take(6 * MiB, available));
  EXPECT_FALSE(budget.take(6 * MiB, available));
  EXPECT_EQ(available, 4 * MiB);
  // What is filled is gone from the system as well, and counts once.
  system = 4 * MiB;
  EXPECT_TRUE(budget.take(4 * MiB, available));
  EXPECT_FALSE(budget.fits(1 * MiB, available));
  budget.give(4 * MiB);
  // Somebody else takes some.
  system = 3 * MiB;
  EXPECT_FALSE(budget.take(4 * MiB, available));
  EXPECT_EQ(available, 3 * MiB);
  budget.give(6 * MiB);
  system = 20 * MiB;
  EXPECT_TRUE(budget.take(20 * MiB, available));
}

TEST(MemoryBudget, IsSharedByTheRanks) {
  TestModule module(
      ringManifest(R"([{"dtype":"i8","shape":[-1],"sharding":null}])"),
      [](rr_ctx *ctx, void *const *, const int64_t *) -> int32_t {
        void *slot;
        return ctx->imports->buf_alloc(ctx, 4 * MiB, 64, &slot);
      });
  WorldOptions options;
  options.size = 2;
  options.availableMemory = [] { return 10 * MiB; };
  Ranks ranks(options, module, {8});
  int64_t dims[] = {6 * MiB};
  EXPECT_EQ(rr_bind(ranks[0], "main", dims, 1), RR_OK);
  EXPECT_EQ(rr_bind(ranks[1], "main", dims, 1), RR_RESOURCE_EXHAUSTED);
  EXPECT_CONTAINS(ranks.error(1),
                  "rank 1 cannot allocate 6291456 bytes for its shards");
  EXPECT_CONTAINS(ranks.error(1), "bytes of memory are available");

  dims[0] = 2 * MiB;
  for (int32_t rank : {0, 1})
    EXPECT_EQ(rr_bind(ranks[rank], "main", dims, 1), RR_OK);
  std::vector<int32_t> statuses = ranks.execute();
  int32_t failed = statuses[0] == RR_RESOURCE_EXHAUSTED ? 0 : 1;
  EXPECT_EQ(statuses[failed], RR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(statuses[1 - failed], RR_ABORTED);
  EXPECT_CONTAINS(ranks.error(failed), "cannot allocate 4194304 bytes");
  // What the first binding left behind does not count against the second.
  ranks.hooks().availableMemory = [] { return 13 * MiB; };
  for (int32_t status : ranks.execute())
    EXPECT_EQ(status, RR_OK) << ranks.error(0) << ranks.error(1);
}

} // namespace

//===- SimCopyTest.cpp - Tensor copies of the simulated GPU ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimGolden.h"
#include "SimHarness.h"

#include "gtest/gtest.h"

#include <cstdlib>

using namespace ringrt;
using namespace ringrt::test;

namespace {

/// Memory that a tensor map may describe.
class Tensor {
public:
  explicit Tensor(size_t bytes)
      : data(std::aligned_alloc(128, (bytes + 127) / 128 * 128)) {
    std::memset(data, 0, (bytes + 127) / 128 * 128);
  }
  explicit Tensor(const std::vector<uint8_t> &bytes) : Tensor(bytes.size()) {
    std::memcpy(data, bytes.data(), bytes.size());
  }
  ~Tensor() { std::free(data); }
  Tensor(const Tensor &) = delete;

  void *data;
};

/// A map has to be aligned to 64.
struct alignas(64) Map : rs_tensor_map {
  explicit Map(const rs_tensor_map &map) : rs_tensor_map(map) {}
};

/// One barrier at the base, whose users are synchronised.
void setUp(SimThread &t) {
  if (t.tid == 0) {
    t.init(t.base, 1);
    t.fence(RS_FENCE_MBARRIER_INIT);
  }
  t.sync();
}

class SimCopyGolden : public ::testing::TestWithParam<TensorCase> {};

TEST_P(SimCopyGolden, Loads) {
  const TensorCase &test = GetParam();
  const Tensor tensor(makeTensor(test));
  for (bool nan : {false, true}) {
    Map map(makeMap(test, tensor.data));
    map.fill_nan = nan;
    int wrong = 0, count = 0;
    expectRuns(
        {},
        [&](SimThread &t) {
          setUp(t);
          const uint32_t to = t.base + 1024;
          if (t.tid == 0) {
            t.tmaLoad(to, map, test.at, t.base);
            t.expect(t.base, boxBytes(test));
          }
          t.wait(t.base, 0);
          if (t.tid != 77)
            return;
          forEachBoxElement(test, [&](uint32_t offset, bool inside,
                                      uint32_t value) {
            ++count;
            if (test.elementBytes == 2) {
              const uint32_t fill = nan ? 0x7fff : 0;
              wrong += t.load<uint16_t>(to + offset) !=
                       (inside ? value & 0xffff : fill);
            } else {
              const uint32_t fill = nan ? 0x7fffffff : 0;
              wrong += t.load<uint32_t>(to + offset) != (inside ? value : fill);
            }
          });
        },
        4);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(count * test.elementBytes, 4 * boxBytes(test));
  }
}

TEST_P(SimCopyGolden, Stores) {
  const TensorCase &test = GetParam();
  std::vector<uint8_t> expected = makeTensor(test);
  // The box gets its values, everything else keeps 0xee.
  const std::vector<uint8_t> full = expected;
  Tensor tensor(expected.size());
  std::memset(tensor.data, 0xee, expected.size());
  const Map map(makeMap(test, tensor.data));
  expectRuns(
      {},
      [&](SimThread &t) {
        const uint32_t from = t.base + 1024;
        if (t.tid != 0)
          return;
        forEachBoxElement(test, [&](uint32_t offset, bool, uint32_t value) {
          if (test.elementBytes == 2)
            t.store<uint16_t>(from + offset, static_cast<uint16_t>(value));
          else
            t.store<uint32_t>(from + offset, value);
        });
        t.fence(RS_FENCE_PROXY_ASYNC);
        t.tmaStore(from, map, test.at);
        t.bulkCommit();
        t.bulkWait(0);
      },
      4);
  // Which elements of the tensor the box covers.
  uint64_t inside = 0, touched = 0;
  forEachBoxElement(test, [&](uint32_t, bool in, uint32_t) { inside += in; });
  const auto *now = static_cast<const uint8_t *>(tensor.data);
  for (size_t i = 0; i < full.size(); i += test.elementBytes) {
    const bool kept = std::all_of(now + i, now + i + test.elementBytes,
                                  [](uint8_t byte) { return byte == 0xee; });
    if (kept)
      continue;
    ++touched;
    EXPECT_EQ(std::memcmp(now + i, &full[i], test.elementBytes), 0) << i;
  }
  EXPECT_EQ(touched, inside);
}

INSTANTIATE_TEST_SUITE_P(Cases, SimCopyGolden,
                         ::testing::ValuesIn(tensorCases()),
                         [](const auto &info) {
                           return testName(info.param.name);
                         });

const TensorCase small = {"", 2, 4, {32, 64}, {32, 8}, {0, 8}, 128};

TEST(SimCopy, ReduceAdd) {
  Tensor tensor(32 * 64 * 4);
  const Map map(makeMap(small, tensor.data));
  SimOptions options;
  options.grid[0] = 3;
  expectRuns(
      options,
      [&](SimThread &t) {
        const uint32_t from = t.base;
        for (uint32_t i = t.tid; i < 256; i += 128)
          t.store<float>(from + 4 * i, 2.5f);
        t.fence(RS_FENCE_PROXY_ASYNC);
        t.sync();
        if (t.tid == 0) {
          t.tmaStore(from, map, small.at, /*add=*/true);
          t.tmaStore(from, map, small.at, /*add=*/true);
          t.bulkCommit();
          t.bulkWait(0, /*read=*/true);
        }
      },
      2);
  const auto *sums = static_cast<const float *>(tensor.data);
  for (int i = 0; i < 32 * 64; ++i)
    EXPECT_EQ(sums[i], i / 32 >= 8 && i / 32 < 16 ? 2 * 3 * 2 * 2.5f : 0.0f);
}

/// Runs `program` with a map of the small tensor and expects a failure.
void fails(const std::function<void(SimThread &, const Map &)> &program,
           std::initializer_list<const char *> parts) {
  const Tensor tensor(makeTensor(small));
  const Map map(makeMap(small, tensor.data));
  expectFails({}, [&](SimThread &t) { program(t, map); }, parts);
}

TEST(SimCopy, MissingWait) {
  fails(
      [](SimThread &t, const Map &map) {
        setUp(t);
        if (t.tid == 0) {
          t.expect(t.base, 1024);
          t.at("load").tmaLoad(t.base + 1024, map, small.at, t.base);
        }
        t.at("sync").sync();
        t.at("read").load<uint32_t>(t.base + 1024);
      },
      {"'load'", "'read'", "a wait for that phase must come between"});
  // Waiting for the phase before does not do.
  fails(
      [](SimThread &t, const Map &map) {
        setUp(t);
        if (t.tid == 0) {
          t.expect(t.base, 1024);
          t.at("load").tmaLoad(t.base + 1024, map, small.at, t.base);
        }
        t.at("flipped").wait(t.base, 1);
        t.at("read").load<uint32_t>(t.base + 1024);
      },
      {"'"});
}

TEST(SimCopy, TooFewBytesExpected) {
  fails(
      [](SimThread &t, const Map &map) {
        setUp(t);
        if (t.tid == 0) {
          t.expect(t.base, 512);
          t.at("load").tmaLoad(t.base + 1024, map, small.at, t.base);
        }
        t.at("wait").wait(t.base, 0);
      },
      {"deadlock", "'wait'", "-512 bytes"});
  fails(
      [](SimThread &t, const Map &map) {
        setUp(t);
        if (t.tid == 0) {
          t.arrive(t.base);
          t.at("load").tmaLoad(t.base + 1024, map, small.at, t.base);
        }
        t.at("wait").wait(t.base, 0);
        t.at("read").load<uint32_t>(t.base + 1024);
      },
      {"'read': reads shared memory 0x800"});
}

TEST(SimCopy, NobodyWaits) {
  fails(
      [](SimThread &t, const Map &map) {
        setUp(t);
        if (t.tid == 0) {
          t.expect(t.base, 1024);
          t.at("load").tmaLoad(t.base + 1024, map, small.at, t.base);
        }
      },
      {"'load'", "nobody waited"});
}

TEST(SimCopy, BarrierInitNotFenced) {
  fails(
      [](SimThread &t, const Map &map) {
        if (t.tid == 0) {
          t.at("init").init(t.base, 1);
          t.at(nullptr).expect(t.base, 1024);
          t.at("load").tmaLoad(t.base + 1024, map, small.at, t.base);
        }
      },
      {"'init'", "'load'", "fence.mbarrier_init"});
}

TEST(SimCopy, OverwritesWhatIsRead) {
  fails(
      [](SimThread &t, const Map &map) {
        setUp(t);
        for (uint32_t i = 0; i < 2; ++i) {
          if (t.tid == 0) {
            t.at(nullptr).expect(t.base, 1024);
            t.at("load").tmaLoad(t.base + 1024, map, small.at, t.base);
          }
          t.at(nullptr).wait(t.base, i);
          t.at("read").load<uint32_t>(t.base + 1024 + 4 * t.tid);
        }
      },
      {"'read'", "'load'"});
}

TEST(SimCopy, StoreWithoutFence) {
  fails(
      [](SimThread &t, const Map &map) {
        for (uint32_t i = t.tid; i < 256; i += 128)
          t.at("write").store<float>(t.base + 4 * i, 0);
        t.at(nullptr).sync();
        if (t.tid == 0)
          t.at("store").tmaStore(t.base, map, small.at);
      },
      {"'write'", "'store'", "fence.proxy.async"});
  // A fence of another thread than the writer's.
  fails(
      [](SimThread &t, const Map &map) {
        for (uint32_t i = t.tid; i < 256; i += 128)
          t.at("write").store<float>(t.base + 4 * i, 0);
        t.at(nullptr).sync();
        t.fence(RS_FENCE_PROXY_ASYNC);
        if (t.tid == 0)
          t.at("store").tmaStore(t.base, map, small.at);
      },
      {"'write'", "'store'", "fence.proxy.async"});
}

TEST(SimCopy, SourceChangesTooEarly) {
  auto program = [](SimThread &t, const Map &map, bool wait) {
    for (uint32_t i = t.tid; i < 256; i += 128)
      t.store<float>(t.base + 4 * i, 0);
    t.fence(RS_FENCE_PROXY_ASYNC);
    t.sync();
    if (t.tid == 0) {
      t.at("store").tmaStore(t.base, map, small.at);
      t.at(nullptr).bulkCommit();
      if (wait)
        t.bulkWait(0, /*read=*/true);
    }
    t.at(nullptr).sync();
    t.at("again").store<float>(t.base + 4 * t.tid, 1);
    if (t.tid == 0)
      t.at(nullptr).bulkWait(0);
  };
  fails([&](SimThread &t, const Map &map) { program(t, map, false); },
        {"'store'", "'again'", "wait_group"});
  Tensor tensor(makeTensor(small));
  const Map map(makeMap(small, tensor.data));
  expectRuns({}, [&](SimThread &t) { program(t, map, true); });
  fails(
      [](SimThread &t, const Map &map) {
        for (uint32_t i = t.tid; i < 256; i += 128)
          t.store<float>(t.base + 4 * i, 0);
        t.fence(RS_FENCE_PROXY_ASYNC);
        t.sync();
        if (t.tid == 0)
          t.at("store").tmaStore(t.base, map, small.at);
      },
      {"'store'", "without a wait_group"});
}

TEST(SimCopy, BadMaps) {
  const Tensor tensor(makeTensor(small));
  auto with = [&](const std::function<void(rs_tensor_map &)> &change,
                  const char *part, uint32_t offset = 1024) {
    Map map(makeMap(small, tensor.data));
    change(map);
    expectFails(
        {},
        [&](SimThread &t) {
          setUp(t);
          if (t.tid == 0)
            t.tmaLoad(t.base + offset, map, small.at, t.base);
        },
        {part}, 1);
  };
  auto same = [](rs_tensor_map &) {};
  with([](auto &m) { m.rank = 6; }, "rank 6");
  with([](auto &m) { m.base += 8; }, "multiple of 16");
  with([](auto &m) { m.stride[0] += 8; }, "stride");
  with([](auto &m) { m.box[0] = 64; }, "rows of 256 bytes");
  with([](auto &m) { m.box[1] = 257; }, "box of 257");
  with([](auto &m) { m.box[0] = 2; }, "rows of 8 bytes");
  with([](auto &m) { m.swizzle = 16; }, "swizzle of 16");
  with([](auto &m) { m.element_bytes = 3; }, "3 bytes an element");
  with([](auto &m) { m.size[1] = 0; }, "size 0");
  with(same, "not a multiple of 128", 1040);
  with(same, "outside", 64 * 1024 - 512);
  with(same, "live mbarrier", 0);
  Map map(makeMap(small, tensor.data));
  const auto *skewed = reinterpret_cast<const rs_tensor_map *>(
      reinterpret_cast<const char *>(&map) + 16);
  expectFails(
      {},
      [&](SimThread &t) {
        setUp(t);
        t.tmaLoad(t.base + 1024, *skewed, small.at, t.base);
      },
      {"multiple of 64"}, 1);
}

} // namespace

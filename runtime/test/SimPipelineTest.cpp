//===- SimPipelineTest.cpp - An attention kernel on the simulator ---------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A producer warp loads Q, K and V through two stages; two warpgroups compute
// softmax(Q K^T) V and store it through shared memory. The same program with
// one thing wrong must fail under every seed, and say where.
//
//===----------------------------------------------------------------------===//

#include "SimHarness.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace ringrt;
using namespace ringrt::test;

namespace {

enum class Fault {
  None,
  NoWaitForK,
  NoWaitForV,
  FlippedPhase,
  NoWaitForEmpty,
  EarlyReleaseOfK,
  EarlyReleaseOfV,
  NoSecondFence,
  NoWgmmaWait,
  NoProxyFence,
  NoStoreBarrier,
  NoStoreWait,
  MissingArrival,
};

constexpr uint32_t headDim = 64, tileKeys = 64, tiles = 5, stages = 2;
constexpr uint32_t keys = tileKeys * tiles, queries = 128;
constexpr uint32_t boxBytes = 64 * 64 * 2;

uint16_t toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float fromBf16(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

uint32_t pack(float low, float high) {
  return toBf16(low) | static_cast<uint32_t>(toBf16(high)) << 16;
}

/// A matrix of 64 columns and its tensor map, whose boxes are 64 x 64.
struct Matrix {
  explicit Matrix(uint32_t rows) : data(new (std::align_val_t(128)) Row[rows]) {
    map.base = reinterpret_cast<uint64_t>(data);
    map.size[0] = headDim;
    map.size[1] = rows;
    map.stride[0] = sizeof(Row);
    map.box[0] = map.box[1] = 64;
    map.rank = 2;
    map.element_bytes = 2;
    map.swizzle = 128;
  }
  ~Matrix() { ::operator delete[](data, std::align_val_t(128)); }
  Matrix(const Matrix &) = delete;

  using Row = uint16_t[headDim];
  alignas(64) rs_tensor_map map = {};
  Row *data;
};

struct Problem {
  Matrix q{queries}, k{keys}, v{keys}, o{queries};

  Problem() {
    uint32_t state = 1;
    auto fill = [&](Matrix &m, uint32_t rows) {
      for (uint32_t r = 0; r < rows; ++r)
        for (uint16_t &x : m.data[r]) {
          state = state * 1664525 + 1013904223;
          x = toBf16(static_cast<float>(static_cast<int32_t>(state)) *
                     0x1p-31f);
        }
    };
    fill(q, queries);
    fill(k, keys);
    fill(v, keys);
    fill(o, queries);
  }

  /// The largest difference from the result in double precision.
  double error() const {
    double worst = 0;
    for (uint32_t i = 0; i < queries; ++i) {
      std::vector<double> p(keys);
      double most = -INFINITY, sum = 0;
      for (uint32_t j = 0; j < keys; ++j) {
        for (uint32_t d = 0; d < headDim; ++d)
          p[j] += double(fromBf16(q.data[i][d])) * fromBf16(k.data[j][d]);
        most = std::max(most, p[j]);
      }
      for (double &x : p)
        sum += x = std::exp(x - most);
      for (uint32_t d = 0; d < headDim; ++d) {
        double value = 0;
        for (uint32_t j = 0; j < keys; ++j)
          value += p[j] / sum * fromBf16(v.data[j][d]);
        const double difference = std::fabs(value - fromBf16(o.data[i][d]));
        worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
      }
    }
    return worst;
  }
};

/// Places in shared memory.
struct Layout {
  explicit Layout(uint32_t base) : base(base) {}
  uint32_t fullQ() const { return base; }
  uint32_t fullK(uint32_t s) const { return base + 8 + 8 * s; }
  uint32_t fullV(uint32_t s) const { return base + 24 + 8 * s; }
  uint32_t emptyK(uint32_t s) const { return base + 40 + 8 * s; }
  uint32_t emptyV(uint32_t s) const { return base + 56 + 8 * s; }
  uint32_t q(uint32_t group) const { return base + 1024 + group * boxBytes; }
  uint32_t k(uint32_t s) const { return q(2) + s * boxBytes; }
  uint32_t v(uint32_t s) const { return k(stages) + s * boxBytes; }
  uint32_t end() const { return v(stages); }
  uint32_t base;
};

void produce(SimThread &t, const Layout &l, const Problem &p, Fault fault) {
  t.at("producer registers").decreaseRegisters(24);
  if (t.warp != 0 || !t.at("elect").elect())
    return;
  t.at("expect Q").expect(l.fullQ(), 2 * boxBytes);
  for (int32_t group = 0; group < 2; ++group) {
    const int32_t at[] = {0, 64 * group};
    t.at("load Q").tmaLoad(l.q(group), p.q.map, at, l.fullQ());
  }
  for (uint32_t i = 0; i < tiles; ++i) {
    const uint32_t s = i % stages, phase = i / stages % 2;
    const int32_t at[] = {0, static_cast<int32_t>(i * tileKeys)};
    if (fault != Fault::NoWaitForEmpty)
      t.at("wait for empty K").wait(l.emptyK(s), phase ^ 1);
    t.at("expect K").expect(l.fullK(s), boxBytes);
    t.at("load K").tmaLoad(l.k(s), p.k.map, at, l.fullK(s));
    t.at("wait for empty V").wait(l.emptyV(s), phase ^ 1);
    t.at("expect V").expect(l.fullV(s), boxBytes);
    t.at("load V").tmaLoad(l.v(s), p.v.map, at, l.fullV(s));
  }
}

/// Stores the normalised result where Q was and copies it out.
void storeResult(SimThread &t, const Layout &l, const Problem &p, Fault fault,
                 const float *o, const float *sum) {
  const uint32_t group = t.group - 1, in = t.tid % 128;
  const uint32_t row = in / 32 * 16 + in % 32 / 4;
  // All warps must be done with Q.
  t.at("end of Q").sync(1 + group, 128);
  for (uint32_t i = 0; i < 32; i += 2) {
    const uint32_t r = row + (i & 2 ? 8 : 0), half = i & 2 ? 1 : 0;
    // Columns 8 c + 2 (lane % 4) and the next: piece c of the row.
    const uint32_t piece = (i / 4) ^ (r % 8);
    t.at("store O").store<uint32_t>(
        l.q(group) + r * 128 + piece * 16 + t.lane % 4 * 4,
        pack(o[i] / sum[half], o[i + 1] / sum[half]));
  }
  if (fault != Fault::NoProxyFence)
    t.at("proxy fence").fence(RS_FENCE_PROXY_ASYNC);
  if (fault != Fault::NoStoreBarrier)
    t.at("store barrier").sync(1 + group, 128);
  if (t.warp % 4 == 0 && t.at("elect").elect()) {
    const int32_t at[] = {0, static_cast<int32_t>(64 * group)};
    t.at("copy O").tmaStore(l.q(group), p.o.map, at);
    t.at("commit").bulkCommit();
    if (fault != Fault::NoStoreWait)
      t.at("wait for copy").bulkWait(0, /*read=*/true);
  }
}

void consume(SimThread &t, const Layout &l, const Problem &p, Fault fault) {
  t.at("consumer registers").increaseRegisters(240);
  const uint32_t group = t.group - 1;
  float o[32] = {}, most[2] = {-INFINITY, -INFINITY}, sum[2] = {};
  t.at("wait for Q").wait(l.fullQ(), 0);
  const uint64_t q = descriptor(l.q(group), 16, 1024);
  for (uint32_t i = 0; i < tiles; ++i) {
    const uint32_t s = i % stages, phase = i / stages % 2;
    if (fault != Fault::NoWaitForK)
      t.at("wait for K")
          .wait(l.fullK(s), phase ^ (fault == Fault::FlippedPhase));
    const uint64_t k = descriptor(l.k(s), 16, 1024);
    float scores[32];
    t.at("fence").fence(RS_FENCE_WGMMA);
    for (uint32_t step = 0; step < headDim / 16; ++step)
      t.at("QK").wgmma({tileKeys, RS_BF16, step > 0, 0, 0, 0, 0}, scores,
                       q + 2 * step, k + 2 * step);
    t.at("commit QK").wgmmaCommit();
    if (fault == Fault::EarlyReleaseOfK)
      t.at("release K").arrive(l.emptyK(s));
    if (fault != Fault::NoWgmmaWait)
      t.at("wait for QK").wgmmaWait(0, scores, 32);
    if (fault != Fault::EarlyReleaseOfK &&
        !(fault == Fault::MissingArrival && t.tid == 200 && i == 1))
      t.at("release K").arrive(l.emptyK(s));

    uint32_t packed[16];
    for (uint32_t half = 0; half < 2; ++half) {
      float now = most[half];
      for (uint32_t r = 0; r < 32; ++r)
        if ((r / 2 & 1) == half)
          now = std::max(now, scores[r]);
      for (uint32_t lane : {1, 2}) {
        uint32_t bits;
        std::memcpy(&bits, &now, 4);
        bits = t.at("row maximum").shfl(RS_SHFL_BFLY, bits, lane);
        float other;
        std::memcpy(&other, &bits, 4);
        now = std::max(now, other);
      }
      const float scale = std::exp(most[half] - now);
      most[half] = now;
      sum[half] *= scale;
      for (uint32_t r = 0; r < 32; ++r)
        if ((r / 2 & 1) == half) {
          o[r] *= scale;
          scores[r] = std::exp(scores[r] - now);
          sum[half] += scores[r];
        }
    }
    for (uint32_t r = 0; r < 16; ++r)
      packed[r] = pack(scores[2 * r], scores[2 * r + 1]);

    if (fault != Fault::NoWaitForV)
      t.at("wait for V").wait(l.fullV(s), phase);
    const uint64_t v = descriptor(l.v(s), tileKeys * 128, 1024);
    if (fault != Fault::NoSecondFence)
      t.at("second fence").fence(RS_FENCE_WGMMA);
    for (uint32_t step = 0; step < tileKeys / 16; ++step)
      t.at("PV").wgmma({headDim, RS_BF16, 1, 0, 1, 0, 0}, o, packed + 4 * step,
                       v + 128 * step);
    t.at("commit PV").wgmmaCommit();
    if (fault == Fault::EarlyReleaseOfV)
      t.at("release V").arrive(l.emptyV(s));
    t.at("wait for PV").wgmmaWait(0, o, 32);
    if (fault != Fault::EarlyReleaseOfV)
      t.at("release V").arrive(l.emptyV(s));
  }
  for (float &half : sum)
    for (uint32_t lane : {1, 2}) {
      uint32_t bits;
      std::memcpy(&bits, &half, 4);
      bits = t.at("row sum").shfl(RS_SHFL_BFLY, bits, lane);
      float other;
      std::memcpy(&other, &bits, 4);
      half += other;
    }
  storeResult(t, l, p, fault, o, sum);
}

SimProgram attention(const Problem &p, Fault fault) {
  return [&p, fault](SimThread &t) {
    const Layout l(t.base);
    if (t.tid == 0) {
      t.at("init").init(l.fullQ(), 1);
      for (uint32_t s = 0; s < stages; ++s) {
        t.init(l.fullK(s), 1);
        t.init(l.fullV(s), 1);
        t.init(l.emptyK(s), 256);
        t.init(l.emptyV(s), 256);
      }
      t.at("init fence").fence(RS_FENCE_MBARRIER_INIT);
    }
    t.at("start").sync();
    if (t.group == 0)
      produce(t, l, p, fault);
    else
      consume(t, l, p, fault);
  };
}

SimOptions attentionOptions() {
  SimOptions options;
  options.threads = 384;
  options.registers = 168;
  options.shared = Layout(0).end();
  return options;
}

TEST(SimPipeline, ComputesAttention) {
  Problem p;
  SimOptions options = attentionOptions();
  for (options.seed = 0; options.seed < 16; ++options.seed) {
    for (uint32_t r = 0; r < queries; ++r)
      std::fill_n(p.o.data[r], headDim, uint16_t(0xffff));
    ASSERT_EQ(simulate(options, attention(p, Fault::None)), "")
        << "seed " << options.seed;
    ASSERT_LT(p.error(), 0.01) << "seed " << options.seed;
  }
}

// Whatever the seed, one run is like the other.
TEST(SimPipeline, IsDeterministic) {
  Problem p;
  SimOptions options = attentionOptions();
  for (options.seed = 0; options.seed < 6; ++options.seed) {
    const std::string first =
        simulate(options, attention(p, Fault::EarlyReleaseOfK));
    EXPECT_NE(first, "");
    EXPECT_EQ(first, simulate(options, attention(p, Fault::EarlyReleaseOfK)));
  }
}

void fails(Fault fault, std::initializer_list<const char *> parts) {
  const Problem p;
  expectFails(attentionOptions(), attention(p, fault), parts, 10);
}

TEST(SimBroken, NoWaitForK) { fails(Fault::NoWaitForK, {"'QK'"}); }
TEST(SimBroken, NoWaitForV) { fails(Fault::NoWaitForV, {"'PV'"}); }
TEST(SimBroken, FlippedPhase) { fails(Fault::FlippedPhase, {"K"}); }
TEST(SimBroken, NoWaitForEmpty) {
  // Without the wait the second round overwrites K, or arrives in a phase that
  // is not over.
  fails(Fault::NoWaitForEmpty, {"K'"});
}
TEST(SimBroken, EarlyReleaseOfK) {
  fails(Fault::EarlyReleaseOfK,
        {"'load K'", "'QK'", "wgmma.wait_group of all its warps"});
}
TEST(SimBroken, EarlyReleaseOfV) {
  fails(Fault::EarlyReleaseOfV,
        {"'load V'", "'PV'", "wgmma.wait_group of all its warps"});
}
TEST(SimBroken, NoSecondFence) {
  fails(Fault::NoSecondFence, {"'PV'", "wgmma.fence"});
}
TEST(SimBroken, NoWgmmaWait) {
  fails(Fault::NoWgmmaWait, {"wgmma.wait_group"});
}
TEST(SimBroken, NoProxyFence) {
  fails(Fault::NoProxyFence, {"'copy O'", "'store O'", "fence.proxy.async"});
}
TEST(SimBroken, NoStoreBarrier) { fails(Fault::NoStoreBarrier, {"'copy O'"}); }
TEST(SimBroken, NoStoreWait) {
  fails(Fault::NoStoreWait, {"'copy O'", "wait_group"});
}
TEST(SimBroken, MissingArrival) {
  fails(Fault::MissingArrival, {"deadlock", "'wait for empty K'",
                                "1 of 256 arrivals", "'wait for K'"});
}

} // namespace

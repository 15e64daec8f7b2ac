//===- Harness.h - Worlds and hand-written modules for tests ----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_TEST_HARNESS_H
#define RINGRT_TEST_HARNESS_H

#include "core/Hooks.h"
#include "ringrt/ringrt.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ringrt::test {

/// What a hand-written module does on one rank.
using Entry = std::function<int32_t(rr_ctx *, void *const *, const int64_t *)>;

/// A module made of a manifest and a function, which is entry "main".
class TestModule {
public:
  TestModule(const std::string &manifest, Entry entry);
  ~TestModule();
  TestModule(const TestModule &) = delete;

  rr_module *get() const { return module; }

private:
  size_t slot;
  rr_module *module = nullptr;
};

/// The manifest of an entry over one-dimensional grids: `arguments` and
/// `results` are the JSON arrays.
std::string ringManifest(const std::string &arguments = "[]",
                         const std::string &results = "[]",
                         const std::string &gridShape = "[-1]",
                         const std::string &groups = "[{\"axes\":[0]}]");

struct WorldOptions {
  int32_t size = 1;
  int32_t threads = 1;
  double timeout = 20;
  double bandwidth = 0;
  double latency = 0;
  bool trace = false;
  rr_transport transport = RR_TRANSPORT_THREAD;
  /// The hook of this name, which binding asks already.
  std::function<int64_t()> availableMemory;
};

/// A world whose ranks are threads of the test; one context a rank.
class Ranks {
public:
  Ranks(const WorldOptions &options, const TestModule &module,
        const std::vector<int64_t> &dims = {});
  ~Ranks();
  Ranks(const Ranks &) = delete;

  int32_t size() const { return static_cast<int32_t>(contexts.size()); }
  rr_world *world() const { return theWorld; }
  rr_context *operator[](int32_t rank) const { return contexts[rank]; }
  Hooks &hooks();

  /// Calls `function` on a thread per rank.
  void onEach(const std::function<void(int32_t)> &function) const;
  /// Executes on all ranks, or on those of `subset`; returns their statuses.
  std::vector<int32_t> execute(std::vector<int32_t> subset = {}) const;
  std::string error(int32_t rank) const {
    return rr_last_error(contexts[rank]);
  }
  rr_statistics stats(int32_t rank) const;

private:
  void destroy();

  rr_world *theWorld = nullptr;
  std::vector<rr_context *> contexts;
};

/// This rank's index in ring 0.
int64_t ringRank(rr_ctx *ctx);
int64_t ringSize(rr_ctx *ctx);

/// One hop to the next rank, of at most 64 bytes; or `count` hops of 8.
int32_t shiftOnce(rr_ctx *ctx, int64_t sendBytes, int64_t recvBytes);
int32_t shiftOften(rr_ctx *ctx, int64_t count);

/// A ring with two slots and cleanup, as generated code makes it; `atHop` runs
/// at the beginning of each hop.
int32_t slottedRing(rr_ctx *ctx, const std::function<int32_t(int64_t)> &atHop);

} // namespace ringrt::test

/// Returns the status of a failed import, as generated code does.
#define RR_TRY(call)                                                           \
  do {                                                                         \
    if (int32_t code_ = (call))                                                \
      return code_;                                                            \
  } while (false)

#define EXPECT_CONTAINS(text, part)                                            \
  EXPECT_NE(std::string(text).find(part), std::string::npos)                   \
      << std::string(text) << "\nlacks: " << (part)

#endif // RINGRT_TEST_HARNESS_H

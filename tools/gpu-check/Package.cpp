//===- Package.cpp - A compiled package on the GPU ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Package.h"
#include "Error.h"
#include "Ring.h"

#include <dlfcn.h>
#include <limits>
#include <memory>
#include <set>
#include <thread>

using namespace gpucheck;

//===----------------------------------------------------------------------===//
// What the package imports
//===----------------------------------------------------------------------===//

namespace {

/// One rank's execution. Generated code sees the first field.
struct Rank : rr_ctx {
  Rank(Package &package, Ring &ring, int64_t rank);

  Package &package;
  Device &device;
  Ring &ring;
  int64_t rank;
  int32_t status = RR_OK;
  std::string message;
  std::set<cuda::Address> buffers;

  int32_t fail(int32_t code, const std::string &text) {
    if (status == RR_OK) {
      status = code;
      message = text;
      ring.fail(rank);
    }
    return status;
  }
};

} // namespace

/// Runs an import; nothing may be thrown through generated code.
template <typename Import>
static int32_t guarded(rr_ctx *ctx, const Import &import) noexcept {
  auto &rank = *static_cast<Rank *>(ctx);
  try {
    if (rank.status != RR_OK)
      return rank.status;
    import(rank);
    return RR_OK;
  } catch (const Error &error) {
    return rank.fail(error.status, error.what());
  } catch (const std::exception &error) {
    return rank.fail(RR_INTERNAL, error.what());
  }
}

static cuda::Address addressOf(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

static int32_t bufAlloc(rr_ctx *ctx, int64_t bytes, int64_t, void **out) {
  return guarded(ctx, [&](Rank &rank) {
    // Aligned to 256, whatever is asked for: no kernel asks for more.
    cuda::Address address = rank.device.allocate(static_cast<size_t>(bytes));
    rank.buffers.insert(address);
    *out = reinterpret_cast<void *>(address);
  });
}

static int32_t bufFree(rr_ctx *ctx, void *buffer) {
  // Also after a failure: then it is cleanup.
  auto &rank = *static_cast<Rank *>(ctx);
  if (rank.buffers.erase(addressOf(buffer)))
    rank.device.release(addressOf(buffer));
  return rank.status;
}

static int32_t ringRank(rr_ctx *ctx, int32_t, int64_t *out) {
  return guarded(ctx, [&](Rank &rank) { *out = rank.rank; });
}

static int32_t ringSize(rr_ctx *ctx, int32_t, int64_t *out) {
  return guarded(ctx, [&](Rank &rank) { *out = rank.ring.size(); });
}

static int32_t shiftStart(rr_ctx *ctx, int32_t, const void *send,
                          int64_t sendBytes, void *recv, int64_t recvBytes,
                          int64_t step, int64_t active, int64_t *token) {
  return guarded(ctx, [&](Rank &rank) {
    *token = rank.ring.post(rank.rank, addressOf(send), sendBytes,
                            addressOf(recv), recvBytes, step, active);
  });
}

static int32_t ringWait(rr_ctx *ctx, int64_t token, void *) {
  return guarded(ctx, [&](Rank &rank) { rank.ring.wait(rank.rank, token); });
}

static int32_t parallelFor(rr_ctx *ctx, int64_t count, rr_parallel_body body,
                           void *closure) {
  return count > 0 ? body(ctx, closure, 0, count) : 0;
}

static int32_t checkCancel(rr_ctx *ctx) {
  return static_cast<Rank *>(ctx)->status;
}

static int32_t fail(rr_ctx *ctx, int32_t status, const char *message) {
  static_cast<Rank *>(ctx)->fail(status, message ? message : "no reason given");
  return status;
}

static int32_t traceBegin(rr_ctx *, int32_t, int64_t) { return RR_OK; }
static int32_t traceEnd(rr_ctx *) { return RR_OK; }

static int32_t tensorMap(rr_ctx *ctx, void *map, const void *base,
                         int32_t elementBytes, const int64_t *sizes,
                         const int64_t *strides, const int64_t *box) {
  return guarded(ctx, [&](Rank &rank) {
    rank.device.encode(map,
                       describeArray(base, elementBytes, sizes, strides, box),
                       addressOf(base));
  });
}

static int32_t launchKernel(rr_ctx *ctx, const char *name, const int64_t *grid,
                            const void *const *arguments) {
  return guarded(ctx, [&](Rank &rank) {
    Launch launch = rank.package.kernel(name);
    for (int dim = 0; dim < 3; ++dim) {
      const int64_t most =
          dim == 0 ? std::numeric_limits<int32_t>::max() : 65535;
      if (grid[dim] == 0)
        return;
      if (grid[dim] < 0 || grid[dim] > most)
        throw Error(RR_INVALID_ARGUMENT,
                    "kernel '%s' has a grid of %lld blocks in dimension %d, "
                    "expected 0 to %lld",
                    name, static_cast<long long>(grid[dim]), dim,
                    static_cast<long long>(most));
      launch.grid[dim] = static_cast<unsigned>(grid[dim]);
    }
    rank.device.run(launch, const_cast<void **>(arguments));
  });
}

static const rr_imports importTable = {
    sizeof(rr_imports), RR_ABI_VERSION, bufAlloc,    bufFree,
    ringRank,           ringSize,       shiftStart,  ringWait,
    parallelFor,        checkCancel,    fail,        traceBegin,
    traceEnd,           tensorMap,      launchKernel};

Rank::Rank(Package &package, Ring &ring, int64_t rank)
    : rr_ctx{&importTable}, package(package), device(package.getDevice()),
      ring(ring), rank(rank) {}

//===----------------------------------------------------------------------===//
// The package
//===----------------------------------------------------------------------===//

static rr_module_query_fn findQuery(void *library, const char *path) {
  if (!library)
    throw Error(RR_DATA_LOSS, "'%s' cannot be loaded: %s", path, dlerror());
  void *query = dlsym(library, "rr_module_query");
  if (!query)
    throw Error(RR_DATA_LOSS, "'%s' is no compiled package", path);
  return reinterpret_cast<rr_module_query_fn>(query);
}

Package::Package(Device &device, const char *path)
    : device(device), library(dlopen(path, RTLD_NOW | RTLD_LOCAL)),
      header(findQuery(library, path)(RR_ABI_VERSION)) {
  if (!header || header->abi_version != RR_ABI_VERSION ||
      header->struct_size < sizeof(rr_module_header))
    throw Error(RR_ABI_MISMATCH, "'%s' has another ABI than %u", path,
                RR_ABI_VERSION);
  if (header->num_kernels == 0)
    throw Error(RR_INVALID_ARGUMENT,
                "'%s' has no kernels, expected a package compiled with "
                "--target=sm_90a",
                path);
  for (uint64_t i = 0; i < header->num_kernels; ++i) {
    const rr_kernel &kernel = header->kernels[i];
    const bool ptx = device.options().ptx;
    const void *image = ptx ? kernel.ptx : kernel.cubin;
    if (!image)
      throw Error(RR_INVALID_ARGUMENT,
                  "kernel '%s' of '%s' has no %s, expected a package compiled "
                  "with --device-code=cubin",
                  kernel.name, path, ptx ? "PTX" : "cubin");
    cuda::Module &module = modules[image];
    if (!module)
      module = device.load(image);
    Launch launch = {kernel.name,
                     device.find(module, kernel.name, kernel.shared_bytes),
                     {0, 0, 0},
                     kernel.threads,
                     kernel.shared_bytes};
    kernels.emplace(kernel.name, launch);
  }
}

Package::~Package() {
  for (auto &[image, module] : modules)
    device.unload(module);
}

const Launch &Package::kernel(const char *name) const {
  auto it = kernels.find(name);
  if (it == kernels.end())
    throw Error(RR_DATA_LOSS, "the package has no kernel '%s'", name);
  return it->second;
}

void Package::call(const char *name, int64_t ranks, void *const *buffers,
                   int64_t count, const int64_t *dims) {
  rr_entry_fn entry = nullptr;
  for (uint64_t i = 0; i < header->num_entries; ++i)
    if (std::string(header->entries[i].name) == name)
      entry = header->entries[i].function;
  if (!entry)
    throw Error(RR_NOT_FOUND, "the package has no entry '%s'", name);

  Ring ring(device, ranks);
  std::vector<std::unique_ptr<Rank>> all;
  for (int64_t rank = 0; rank < ranks; ++rank)
    all.push_back(std::make_unique<Rank>(*this, ring, rank));
  auto run = [&](Rank &rank) {
    int32_t status = entry(&rank, buffers + rank.rank * count, dims);
    if (status != RR_OK)
      rank.fail(status, format("the entry returned status %d", status));
    for (cuda::Address buffer : rank.buffers)
      device.release(buffer);
    rank.buffers.clear();
  };
  if (ranks == 1) {
    run(*all[0]);
  } else {
    std::vector<std::thread> threads;
    for (auto &rank : all)
      threads.emplace_back([&, rank = rank.get()] {
        if (guarded(rank, [&](Rank &) { device.attach(); }) == RR_OK)
          run(*rank);
      });
    for (std::thread &thread : threads)
      thread.join();
  }
  // Those that were stopped because of another say nothing new.
  for (bool own : {true, false})
    for (auto &rank : all)
      if (rank->status != RR_OK && own == (rank->status != RR_ABORTED))
        throw Error(rank->status, "%s%s",
                    ranks > 1 ? format("rank %lld: ",
                                       static_cast<long long>(rank->rank))
                                    .c_str()
                              : "",
                    rank->message.c_str());
}

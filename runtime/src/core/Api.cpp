//===- Api.cpp - The C interface ------------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Context.h"
#include "core/TextFile.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>

using namespace ringrt;

/// The message of the last failed creation on this thread; there is no object
/// yet that could keep it.
static std::string &creationError() {
  static thread_local std::string text;
  return text;
}

static int32_t reportCreation(const Status &status) {
  if (!status.ok())
    creationError() = status.message;
  return status.code;
}

/// Runs a function of the C interface; exceptions must not leave it.
template <typename Function>
static Status guarded(Function function) noexcept {
  try {
    return function();
  } catch (const std::bad_alloc &) {
    return {RR_RESOURCE_EXHAUSTED, "out of host memory"};
  } catch (const std::system_error &error) {
    // Threads are all that the standard library is asked for here.
    return makeError(RR_RESOURCE_EXHAUSTED, "cannot start a thread: %s",
                     error.code().message().c_str());
  } catch (...) {
    return {RR_INTERNAL, "unexpected failure"};
  }
}

template <typename Function>
static int32_t creating(Function function) noexcept {
  return reportCreation(guarded(function));
}

/// Runs a function on a context, which keeps the error.
template <typename Function>
static int32_t withContext(rr_context *context, Function function) noexcept {
  if (!context)
    return reportCreation({RR_INVALID_ARGUMENT, "the context is null"});
  Context &self = *static_cast<Context *>(context);
  return self.report(guarded([&] { return function(self); }));
}

static Status nullArgument(const char *what) {
  return makeError(RR_INVALID_ARGUMENT, "%s is null", what);
}

//===----------------------------------------------------------------------===//
// Worlds
//===----------------------------------------------------------------------===//

void rr_world_options_init(rr_world_options *options) {
  if (!options)
    return;
  *options = rr_world_options();
  options->struct_size = sizeof(*options);
  options->size = 1;
}

int32_t rr_world_create(const rr_world_options *options, rr_world **out) {
  return creating([&]() -> Status {
    if (!options || !out)
      return nullArgument("an argument of rr_world_create");
    *out = nullptr;
    if (options->struct_size < sizeof(size_t) + sizeof(int32_t))
      return {RR_INVALID_ARGUMENT, "rr_world_options: struct_size is not set; "
                                   "call rr_world_options_init"};
    // Callers built against another version have fewer or more fields.
    rr_world_options known;
    rr_world_options_init(&known);
    memcpy(&known, options, std::min(options->struct_size, sizeof(known)));
    auto world = std::make_unique<rr_world>();
    Status status = World::create(known, world->impl);
    if (status.ok())
      *out = world.release();
    return status;
  });
}

void rr_world_destroy(rr_world *world) { delete world; }

int32_t rr_world_size(const rr_world *world) {
  return world ? world->impl->size() : 0;
}

void rr_cancel(rr_world *world) {
  if (world)
    world->impl->requestCancel();
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

int32_t rr_module_open(const char *path, rr_module **out) {
  return creating([&]() -> Status {
    if (!path || !out)
      return nullArgument("an argument of rr_module_open");
    *out = nullptr;
    auto module = std::make_unique<rr_module>();
    Status status = Module::open(path, module->impl);
    if (status.ok())
      *out = module.release();
    return status;
  });
}

int32_t rr_module_from_query(rr_module_query_fn query, rr_module **out) {
  return creating([&]() -> Status {
    if (!query || !out)
      return nullArgument("an argument of rr_module_from_query");
    *out = nullptr;
    auto module = std::make_unique<rr_module>();
    Status status = Module::fromQuery(query, module->impl);
    if (status.ok())
      *out = module.release();
    return status;
  });
}

void rr_module_close(rr_module *module) { delete module; }

const char *rr_module_manifest(const rr_module *module) {
  return module ? module->impl->manifestText().c_str() : "";
}

const uint8_t *rr_module_program(const rr_module *module, size_t *size) {
  if (size)
    *size = module ? module->impl->programSize() : 0;
  return module ? module->impl->program() : nullptr;
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

int32_t rr_context_create(rr_world *world, rr_module *module, int32_t rank,
                          rr_context **out) {
  return creating([&]() -> Status {
    if (!world || !module || !out)
      return nullArgument("an argument of rr_context_create");
    *out = nullptr;
    std::unique_ptr<Context> context;
    Status status = Context::create(world->impl, module->impl, rank, context);
    if (status.ok())
      *out = context.release();
    return status;
  });
}

void rr_context_destroy(rr_context *context) {
  delete static_cast<Context *>(context);
}

int32_t rr_bind(rr_context *context, const char *entry, const int64_t *dims,
                size_t num_dims) {
  return withContext(context, [&](Context &self) -> Status {
    if (!entry || (num_dims && !dims))
      return nullArgument("an argument of rr_bind");
    return self.bind(entry, dims, num_dims);
  });
}

int32_t rr_shard(rr_context *context, size_t index, void **data,
                 size_t *bytes) {
  return withContext(context, [&](Context &self) {
    Shard *shard = nullptr;
    Status status = self.findShard(index, &shard);
    if (data)
      *data = shard ? shard->data : nullptr;
    if (bytes)
      *bytes = shard ? static_cast<size_t>(shard->bytes) : 0;
    return status;
  });
}

int32_t rr_scatter(rr_context *context, size_t index, const void *global) {
  return withContext(context, [&](Context &self) {
    Shard *shard = nullptr;
    Status status = self.findShard(index, &shard);
    if (status.ok() && !global && shard->globalBytes)
      status = nullArgument("the global array");
    if (status.ok())
      scatterShard(*shard, global);
    return status;
  });
}

int32_t rr_gather(rr_context *context, size_t index, void *global) {
  return withContext(context, [&](Context &self) {
    Shard *shard = nullptr;
    Status status = self.findShard(index, &shard);
    if (status.ok() && !global && shard->globalBytes)
      status = nullArgument("the global array");
    if (status.ok())
      gatherShard(*shard, global);
    return status;
  });
}

int32_t rr_execute(rr_context *context) {
  return withContext(context, [](Context &self) { return self.execute(); });
}

int32_t rr_execute_async(rr_context *context) {
  return withContext(context,
                     [](Context &self) { return self.executeAsync(); });
}

int32_t rr_wait(rr_context *context) {
  return withContext(context, [](Context &self) { return self.wait(); });
}

//===----------------------------------------------------------------------===//
// Observation
//===----------------------------------------------------------------------===//

const char *rr_last_error(const rr_context *context) {
  return context ? static_cast<const Context *>(context)->lastError()
                 : creationError().c_str();
}

const char *rr_status_name(int32_t status) { return statusName(status); }

int32_t rr_stats(const rr_context *context, rr_statistics *out) {
  if (!context || !out || out->struct_size < sizeof(size_t))
    return reportCreation({RR_INVALID_ARGUMENT,
                           "rr_stats: an argument is null, or struct_size of "
                           "rr_statistics is not set"});
  rr_statistics known = static_cast<const Context *>(context)->statistics();
  known.struct_size = out->struct_size;
  memcpy(out, &known, std::min(out->struct_size, sizeof(known)));
  return RR_OK;
}

void rr_stats_reset(rr_context *context) {
  if (context)
    static_cast<Context *>(context)->resetStatistics();
}

int64_t rr_available_memory(void) {
  try {
    return availableMemory();
  } catch (...) {
    return 0;
  }
}

int64_t rr_progress(const rr_context *context) {
  return context ? static_cast<const Context *>(context)->progress() : 0;
}

int32_t rr_trace_dump(rr_world *world, const char *path) {
  return creating([&]() -> Status {
    if (!world || !path)
      return nullArgument("an argument of rr_trace_dump");
    std::vector<const RankTrace *> traces;
    for (int32_t rank = 0; rank < world->impl->size(); ++rank)
      traces.push_back(&world->impl->rank(rank).trace);
    return writeChromeTrace(traces, path);
  });
}

int32_t rr_flight_dump(rr_world *world, const char *path) {
  return creating([&]() -> Status {
    if (!world || !path)
      return nullArgument("an argument of rr_flight_dump");
    return writeText(path, world->impl->formatFlights(), "");
  });
}

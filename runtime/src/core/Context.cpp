//===- Context.cpp - One rank executing one module ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Context.h"

#include <limits>

namespace ringrt {

Context::Context(std::shared_ptr<World> worldIn,
                 std::shared_ptr<Module> moduleIn, int32_t rank)
    : world(std::move(worldIn)), module(std::move(moduleIn)), rank(rank),
      shared(world->rank(rank)), memory(rank, world->hooks, world->memory),
      counters() {
  imports = importTable();
}

Status Context::create(std::shared_ptr<World> world,
                       std::shared_ptr<Module> module, int32_t rank,
                       std::unique_ptr<Context> &out) {
  if (rank < 0 || rank >= world->size())
    return makeError(RR_INVALID_ARGUMENT,
                     "rank %d is outside of a world of %d ranks", rank,
                     world->size());
  if (Status status = module->checkHost(); !status.ok())
    return status;
  if (Status status = checkDevice(world->device(), *module); !status.ok())
    return status;
  std::vector<Ring> rings;
  if (Status status = formRings(module->manifest(), world->size(), rank, rings);
      !status.ok())
    return status;
  out.reset(new Context(std::move(world), std::move(module), rank));
  out->rings = std::move(rings);
  out->sequences.resize(out->rings.size());
  return {};
}

Context::~Context() {
  if (!runner.joinable())
    return;
  // Peers of an execution that is still under way are told why it ends.
  if (executing.load())
    fail(makeError(RR_ABORTED,
                   "the context of rank %d was destroyed during an "
                   "execution",
                   rank));
  runner.join();
}

Status Context::bind(const std::string &name, const int64_t *sizes,
                     size_t numSizes) {
  if (executing.load())
    return makeError(RR_INVALID_ARGUMENT, "rank %d is executing", rank);
  const EntrySpec *found = module->manifest().findEntry(name);
  if (!found) {
    std::string available;
    for (const EntrySpec &candidate : module->manifest().entries)
      available += (available.empty() ? "" : ", ") + candidate.name;
    return makeError(RR_NOT_FOUND,
                     "the module has no entry '%s'; available: %s",
                     name.c_str(), available.c_str());
  }
  std::vector<int64_t> resolved;
  if (Status status = resolveDims(*found, sizes, numSizes, resolved);
      !status.ok())
    return status;
  std::vector<Shard> planned(found->numTensors());
  size_t next = 0;
  for (size_t i = 0; i < planned.size(); ++i) {
    const TensorSpec &spec = found->tensor(i);
    bool isArgument = i < found->arguments.size();
    std::string what = formatString(
        "entry '%s', %s %zu", name.c_str(), isArgument ? "argument" : "result",
        isArgument ? i : i - found->arguments.size());
    auto begin = resolved.begin() + static_cast<int64_t>(next);
    next += spec.shape.size();
    auto end = resolved.begin() + static_cast<int64_t>(next);
    if (Status status = planShard(spec, std::vector<int64_t>(begin, end), rings,
                                  what, planned[i]);
        !status.ok())
      return status;
  }

  // From here on the old binding is gone, whatever happens.
  entry = nullptr;
  shards.clear();
  memory.release(Memory::Owner::Binding);
  int64_t total = 0;
  for (const Shard &shard : planned)
    if (__builtin_add_overflow(total, shard.bytes, &total))
      total = std::numeric_limits<int64_t>::max();
  if (Status status = memory.checkFits(total, "its shards"); !status.ok())
    return status;
  for (Shard &shard : planned)
    if (Status status = memory.allocate(shard.bytes, 64, Memory::Owner::Binding,
                                        &shard.data);
        !status.ok()) {
      memory.release(Memory::Owner::Binding);
      return status;
    }
  function = module->findFunction(name);
  dims = std::move(resolved);
  shards = std::move(planned);
  buffers.clear();
  for (const Shard &shard : shards)
    buffers.push_back(shard.data);
  entry = found;
  return {};
}

Status Context::findShard(size_t index, Shard **out) {
  if (!entry)
    return {RR_INVALID_ARGUMENT, "no entry is bound; call rr_bind first"};
  if (index >= shards.size())
    return makeError(RR_INVALID_ARGUMENT,
                     "entry '%s' has %zu arguments and results, there is no "
                     "shard %zu",
                     entry->name.c_str(), shards.size(), index);
  *out = &shards[index];
  return {};
}

rr_statistics Context::statistics() const {
  std::lock_guard<std::mutex> lock(mutex);
  rr_statistics copy = counters;
  copy.struct_size = sizeof(copy);
  copy.peak_bytes = memory.peakBytes();
  return copy;
}

void Context::resetStatistics() {
  std::lock_guard<std::mutex> lock(mutex);
  counters = rr_statistics();
}

int32_t Context::report(const Status &status) {
  if (status.ok())
    return RR_OK;
  std::lock_guard<std::mutex> lock(mutex);
  errorText = status.message;
  return status.code;
}

const char *Context::lastError() const {
  std::lock_guard<std::mutex> lock(mutex);
  return errorText.c_str();
}

} // namespace ringrt

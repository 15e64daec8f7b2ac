//===- Module.cpp - Compiled code and its manifest ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Module.h"
#include "core/CpuFeatures.h"
#include "core/Package.h"

#include <cstddef>
#include <cstring>
#include <dlfcn.h>

namespace ringrt {

/// FNV-1a. Tells modules apart that are different by accident; it is no defence
/// against someone who builds a collision.
static uint64_t hashBytes(const void *data, uint64_t size, uint64_t hash) {
  const auto *bytes = static_cast<const uint8_t *>(data);
  for (uint64_t i = 0; i < size; ++i)
    hash = (hash ^ bytes[i]) * 0x100000001b3ull;
  return hash;
}

Module::~Module() {
  if (library)
    dlclose(library);
}

Status Module::open(const std::string &path, std::shared_ptr<Module> &out) {
  if (Status status = checkPackage(path); !status.ok())
    return status;
  auto module = std::make_shared<Module>();
  // Without a slash the loader would search its library path instead.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  module->library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module->library)
    return makeError(RR_DATA_LOSS, "cannot load module '%s': %s", path.c_str(),
                     dlerror());
  void *symbol = dlsym(module->library, "rr_module_query");
  if (!symbol)
    return makeError(RR_DATA_LOSS,
                     "'%s' is not a RingAttn module: it does not export "
                     "rr_module_query",
                     path.c_str());
  rr_module_query_fn query;
  static_assert(sizeof(query) == sizeof(symbol));
  memcpy(&query, &symbol, sizeof(query));
  module->prefix = "module '" + path + "': ";
  if (Status status = module->load(query); !status.ok()) {
    status.message = module->prefix + status.message;
    return status;
  }
  out = std::move(module);
  return {};
}

Status Module::fromQuery(rr_module_query_fn query,
                         std::shared_ptr<Module> &out) {
  auto module = std::make_shared<Module>();
  if (Status status = module->load(query); !status.ok())
    return status;
  out = std::move(module);
  return {};
}

Status Module::load(rr_module_query_fn query) {
  header = query(RR_ABI_VERSION);
  if (!header)
    return makeError(RR_ABI_MISMATCH,
                     "the module needs an ABI newer than version %u of this "
                     "runtime",
                     RR_ABI_VERSION);
  if (header->abi_version != RR_ABI_VERSION)
    return makeError(RR_ABI_MISMATCH,
                     "the module has ABI version %u, this runtime has %u",
                     header->abi_version, RR_ABI_VERSION);
  constexpr size_t leastSize =
      offsetof(rr_module_header, num_entries) + sizeof(uint64_t);
  if (header->struct_size < leastSize)
    return makeError(RR_ABI_MISMATCH,
                     "the module's header has %u bytes, at least %zu expected",
                     header->struct_size, leastSize);
  if (!header->manifest || (header->program_size && !header->program) ||
      (header->num_entries && !header->entries))
    return {RR_DATA_LOSS, "the module's header lacks its manifest, program or "
                          "entries"};

  text.assign(header->manifest, header->manifest_size);
  if (Status status = parseManifest(text, parsed); !status.ok())
    return status;
  for (const EntrySpec &entry : parsed.entries)
    if (!findFunction(entry.name))
      return makeError(RR_DATA_LOSS,
                       "the manifest names entry '%s', for which the module "
                       "has no code",
                       entry.name.c_str());

  uint64_t hash = hashBytes(text.data(), text.size(), 0xcbf29ce484222325ull);
  hash = hashBytes(header->program, header->program_size, hash);
  digestText = formatString("%016llx", static_cast<unsigned long long>(hash));
  return {};
}

Status Module::checkHost() const {
  Status status = checkCpuFeatures(parsed.cpuFeatures);
  if (!status.ok())
    status.message = prefix + status.message;
  return status;
}

rr_entry_fn Module::findFunction(const std::string &name) const {
  for (uint64_t i = 0; i < header->num_entries; ++i)
    if (header->entries[i].name && name == header->entries[i].name)
      return header->entries[i].function;
  return nullptr;
}

uint64_t Module::numKernels() const {
  constexpr size_t size =
      offsetof(rr_module_header, num_kernels) + sizeof(uint64_t);
  return header->struct_size >= size && header->kernels ? header->num_kernels
                                                        : 0;
}

const rr_kernel *Module::findKernel(const char *name) const {
  for (uint64_t i = 0; i < numKernels(); ++i)
    if (strcmp(kernel(i).name, name) == 0)
      return &kernel(i);
  return nullptr;
}

} // namespace ringrt

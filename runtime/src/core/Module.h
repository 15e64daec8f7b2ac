//===- Module.h - Compiled code and its manifest ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_MODULE_H
#define RINGRT_CORE_MODULE_H

#include "core/Manifest.h"

#include <memory>
#include <string>

namespace ringrt {

class Module {
public:
  Module() = default;
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;
  ~Module();

  static Status open(const std::string &path, std::shared_ptr<Module> &out);
  static Status fromQuery(rr_module_query_fn query,
                          std::shared_ptr<Module> &out);

  /// Whether this machine's CPU runs the module's code. Modules for other CPUs
  /// can be opened, so that their manifests can be read.
  Status checkHost() const;

  const Manifest &manifest() const { return parsed; }
  const std::string &manifestText() const { return text; }
  /// Null for a name that is not in the manifest.
  rr_entry_fn findFunction(const std::string &name) const;
  /// Kernels for GPUs; `findKernel` is null for a name that is not among them.
  uint64_t numKernels() const;
  const rr_kernel &kernel(uint64_t index) const {
    return header->kernels[index];
  }
  const rr_kernel *findKernel(const char *name) const;
  const uint8_t *program() const { return header->program; }
  uint64_t programSize() const { return header->program_size; }
  /// Identifies manifest and program, for the comparison between ranks.
  const std::string &digest() const { return digestText; }

private:
  Status load(rr_module_query_fn query);

  void *library = nullptr;
  const rr_module_header *header = nullptr;
  /// What errors that concern the module start with: its path, if it has one.
  std::string prefix;
  std::string text;
  std::string digestText;
  Manifest parsed;
};

} // namespace ringrt

struct rr_module {
  std::shared_ptr<ringrt::Module> impl;
};

#endif // RINGRT_CORE_MODULE_H

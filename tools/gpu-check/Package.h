//===- Package.h - A compiled package on the GPU ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_PACKAGE_H
#define RINGATTN_GPUCHECK_PACKAGE_H

#include "Device.h"

#include <string>

namespace gpucheck {

/// A shared object made by ringattn-compile --target=sm_90a.
class Package {
public:
  Package(Device &device, const char *path);
  ~Package();
  Package(const Package &) = delete;

  /// Calls `entry` on `ranks` ranks. `buffers` are those of rank 0, then of
  /// rank 1, ..., `count` each. With one rank and device memory it returns
  /// before the GPU has done the work. Throws the Error of the rank that failed
  /// first.
  void call(const char *entry, int64_t ranks, void *const *buffers,
            int64_t count, const int64_t *dims);

  Device &getDevice() { return device; }
  const Launch &kernel(const char *name) const;

private:
  Device &device;
  void *library;
  const rr_module_header *header;
  std::map<const void *, cuda::Module> modules;
  std::map<std::string, Launch> kernels;
};

} // namespace gpucheck

#endif // RINGATTN_GPUCHECK_PACKAGE_H

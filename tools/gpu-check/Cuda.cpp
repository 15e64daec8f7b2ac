//===- Cuda.cpp - Finds the driver's functions ----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuda.h"
#include "Error.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace gpucheck;
using namespace gpucheck::cuda;

Driver::Driver() {
  const char *path = std::getenv("RINGATTN_CUDA_DRIVER");
  if (!path)
    path = "libcuda.so.1";
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw Error(RR_UNAVAILABLE, "there is no CUDA driver: %s", dlerror());
#define GPUCHECK_LOOKUP(member, symbol, parameters)                            \
  member = reinterpret_cast<decltype(member)>(dlsym(library, #symbol));        \
  if (!member)                                                                 \
    throw Error(RR_UNAVAILABLE,                                                \
                "the CUDA driver '%s' has no " #symbol                         \
                ", expected a driver of CUDA 12 or later",                     \
                path);
  GPUCHECK_CUDA_FUNCTIONS(GPUCHECK_LOOKUP)
#undef GPUCHECK_LOOKUP
}

std::string Driver::describe(Result result) const {
  const char *name = nullptr, *text = nullptr;
  getErrorName(result, &name);
  getErrorString(result, &text);
  if (!name)
    return "CUDA error " + std::to_string(result);
  return text ? std::string(name) + " (" + text + ")" : name;
}

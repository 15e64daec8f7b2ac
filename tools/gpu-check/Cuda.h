//===- Cuda.h - The driver's functions, at run time -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of the CUDA driver API that the checks use, declared here and looked
// up when it is needed: they build, and their tests run, where no toolkit and
// no driver is. CudaHeaderTest.cpp compares with cuda.h where there is one.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_CUDA_H
#define RINGATTN_GPUCHECK_CUDA_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace gpucheck::cuda {

using Result = int;
using Ordinal = int;
using Address = unsigned long long;
using Context = void *;
using Stream = void *;
using Module = void *;
using Function = void *;
using Event = void *;

constexpr Result success = 0, errorNoDevice = 100, errorNotReady = 600;

constexpr int attributeMultiprocessors = 16, attributeL2Bytes = 38,
              attributeMajor = 75, attributeMinor = 76,
              attributeSharedBytes = 97;
constexpr int functionSharedBytes = 8;
constexpr unsigned attachGlobal = 1;

/// Fields of cuTensorMapEncodeTiled.
constexpr int typeFloat32 = 7, typeBFloat16 = 9;
constexpr int interleaveNone = 0, promotion128 = 2;
constexpr int swizzleNone = 0, swizzle32 = 1, swizzle64 = 2, swizzle128 = 3;
constexpr int fillZero = 0, fillNaN = 1;
constexpr size_t tensorMapBytes = 128;

/// Member, exported symbol, parameters.
#define GPUCHECK_CUDA_FUNCTIONS(F)                                             \
  F(init, cuInit, (unsigned))                                                  \
  F(driverGetVersion, cuDriverGetVersion, (int *))                             \
  F(getErrorName, cuGetErrorName, (Result, const char **))                     \
  F(getErrorString, cuGetErrorString, (Result, const char **))                 \
  F(deviceGetCount, cuDeviceGetCount, (int *))                                 \
  F(deviceGet, cuDeviceGet, (Ordinal *, int))                                  \
  F(deviceGetName, cuDeviceGetName, (char *, int, Ordinal))                    \
  F(deviceGetAttribute, cuDeviceGetAttribute, (int *, int, Ordinal))           \
  F(deviceTotalMem, cuDeviceTotalMem_v2, (size_t *, Ordinal))                  \
  F(primaryCtxRetain, cuDevicePrimaryCtxRetain, (Context *, Ordinal))          \
  F(primaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (Ordinal))                \
  F(ctxSetCurrent, cuCtxSetCurrent, (Context))                                 \
  F(memAlloc, cuMemAlloc_v2, (Address *, size_t))                              \
  F(memAllocManaged, cuMemAllocManaged, (Address *, size_t, unsigned))         \
  F(memFree, cuMemFree_v2, (Address))                                          \
  F(memcpyHtoD, cuMemcpyHtoD_v2, (Address, const void *, size_t))              \
  F(memcpyDtoH, cuMemcpyDtoH_v2, (void *, Address, size_t))                    \
  F(memcpyDtoDAsync, cuMemcpyDtoDAsync_v2, (Address, Address, size_t, Stream)) \
  F(memsetD8Async, cuMemsetD8Async, (Address, unsigned char, size_t, Stream))  \
  F(moduleLoadData, cuModuleLoadData, (Module *, const void *))                \
  F(moduleUnload, cuModuleUnload, (Module))                                    \
  F(moduleGetFunction, cuModuleGetFunction,                                    \
    (Function *, Module, const char *))                                        \
  F(funcSetAttribute, cuFuncSetAttribute, (Function, int, int))                \
  F(launchKernel, cuLaunchKernel,                                              \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
     unsigned, Stream, void **, void **))                                      \
  F(streamQuery, cuStreamQuery, (Stream))                                      \
  F(eventCreate, cuEventCreate, (Event *, unsigned))                           \
  F(eventDestroy, cuEventDestroy_v2, (Event))                                  \
  F(eventRecord, cuEventRecord, (Event, Stream))                               \
  F(eventElapsedTime, cuEventElapsedTime, (float *, Event, Event))             \
  F(tensorMapEncodeTiled, cuTensorMapEncodeTiled,                              \
    (void *, int, unsigned, void *, const uint64_t *, const uint64_t *,        \
     const uint32_t *, const uint32_t *, int, int, int, int))

/// The functions of one driver library.
struct Driver {
#define GPUCHECK_MEMBER(member, symbol, parameters) Result(*member) parameters;
  GPUCHECK_CUDA_FUNCTIONS(GPUCHECK_MEMBER)
#undef GPUCHECK_MEMBER

  /// libcuda.so.1, or what the environment's RINGATTN_CUDA_DRIVER names. Throws
  /// an Error where it, or one of its functions, is missing.
  Driver();
  /// "CUDA_ERROR_LAUNCH_FAILED (unspecified launch failure)".
  std::string describe(Result result) const;
};

} // namespace gpucheck::cuda

#endif // RINGATTN_GPUCHECK_CUDA_H

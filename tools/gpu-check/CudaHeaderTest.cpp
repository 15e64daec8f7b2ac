//===- CudaHeaderTest.cpp - Cuda.h against the toolkit --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuda.h"

#include <cuda.h>
#include <type_traits>

using namespace gpucheck;

static_assert(cuda::success == CUDA_SUCCESS);
static_assert(cuda::errorNoDevice == CUDA_ERROR_NO_DEVICE);
static_assert(cuda::errorNotReady == CUDA_ERROR_NOT_READY);
static_assert(cuda::attributeMultiprocessors ==
              CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
static_assert(cuda::attributeL2Bytes == CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
static_assert(cuda::attributeMajor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(cuda::attributeMinor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(cuda::attributeSharedBytes ==
              CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
static_assert(cuda::functionSharedBytes ==
              CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
static_assert(cuda::attachGlobal == CU_MEM_ATTACH_GLOBAL);
static_assert(cuda::typeFloat32 == CU_TENSOR_MAP_DATA_TYPE_FLOAT32);
static_assert(cuda::typeBFloat16 == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
static_assert(cuda::interleaveNone == CU_TENSOR_MAP_INTERLEAVE_NONE);
static_assert(cuda::promotion128 == CU_TENSOR_MAP_L2_PROMOTION_L2_128B);
static_assert(cuda::swizzleNone == CU_TENSOR_MAP_SWIZZLE_NONE);
static_assert(cuda::swizzle32 == CU_TENSOR_MAP_SWIZZLE_32B);
static_assert(cuda::swizzle64 == CU_TENSOR_MAP_SWIZZLE_64B);
static_assert(cuda::swizzle128 == CU_TENSOR_MAP_SWIZZLE_128B);
static_assert(cuda::fillZero == CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
static_assert(cuda::fillNaN ==
              CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA);
static_assert(cuda::tensorMapBytes == sizeof(CUtensorMap));
static_assert(std::is_same_v<cuda::Address, CUdeviceptr>);
static_assert(std::is_same_v<cuda::Ordinal, CUdevice>);
static_assert(sizeof(cuda::Result) == sizeof(CUresult));

/// How a parameter is passed: enumerations as int, handles as pointers.
template <typename T>
struct Passed {
  using Type =
      std::conditional_t<std::is_enum_v<T>, int,
                         std::conditional_t<std::is_pointer_v<T>, void *, T>>;
};
template <typename>
struct Shape;
template <typename R, typename... P>
struct Shape<R (*)(P...)> {
  using Type = typename Passed<R>::Type(typename Passed<P>::Type...);
};

#define COMPARE(member, symbol, parameters)                                    \
  static_assert(std::is_same_v<Shape<decltype(cuda::Driver::member)>::Type,    \
                               Shape<decltype(&symbol)>::Type>,                \
                #symbol " takes other parameters");
GPUCHECK_CUDA_FUNCTIONS(COMPARE)

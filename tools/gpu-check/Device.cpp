//===- Device.cpp - One GPU, one stream -----------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "Error.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace gpucheck;
using namespace gpucheck::cuda;

using Clock = std::chrono::steady_clock;

/// TMA takes addresses and strides in these units (CUDA Driver API,
/// cuTensorMapEncodeTiled).
static constexpr uint64_t tensorMapUnit = 16;
static constexpr uint64_t mostBox = 256;
static constexpr size_t swizzleBytes = 128;

Device::Device(const DeviceOptions &options) : settings(options) {
  Result result = driver.init(0);
  int count = 0;
  if (result == success)
    result = driver.deviceGetCount(&count);
  if (result == errorNoDevice || (result == success && count == 0))
    throw Error(RR_UNAVAILABLE, "the CUDA driver finds no GPU");
  check(result, "cuInit");
  check(driver.deviceGet(&device, 0), "cuDeviceGet");
  char name[256] = "";
  int major = 0, minor = 0;
  check(driver.deviceGetName(name, sizeof(name), device), "cuDeviceGetName");
  check(driver.deviceGetAttribute(&major, attributeMajor, device),
        "cuDeviceGetAttribute");
  check(driver.deviceGetAttribute(&minor, attributeMinor, device),
        "cuDeviceGetAttribute");
  if (major != 9 || minor != 0)
    throw Error(
        RR_UNAVAILABLE,
        "the GPU '%s' has compute capability %d.%d, expected 9.0, which "
        "code for sm_90a needs",
        name, major, minor);
  check(driver.primaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
  attach();
}

Device::~Device() { driver.primaryCtxRelease(device); }

void Device::check(Result result, const char *what, const char *name) {
  if (result == success)
    return;
  std::string prefix = name ? format("kernel '%s': ", name) : "";
  throw Error(RR_INTERNAL, "%s%s: %s", prefix.c_str(), what,
              driver.describe(result).c_str());
}

std::string Device::describe() const {
  char name[256] = "";
  int version = 0, processors = 0, shared = 0, cache = 0;
  size_t memory = 0;
  driver.deviceGetName(name, sizeof(name), device);
  driver.driverGetVersion(&version);
  driver.deviceGetAttribute(&processors, attributeMultiprocessors, device);
  driver.deviceGetAttribute(&shared, attributeSharedBytes, device);
  driver.deviceGetAttribute(&cache, attributeL2Bytes, device);
  driver.deviceTotalMem(&memory, device);
  return format(
      "{\"card\": \"%s\", \"cuda\": \"%d.%d\", \"processors\": %d, "
      "\"shared_bytes\": %d, \"l2_bytes\": %d, \"memory_bytes\": %zu}",
      name, version / 1000, version % 1000 / 10, processors, shared, cache,
      memory);
}

void Device::attach() {
  check(driver.ctxSetCurrent(context), "cuCtxSetCurrent");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Address Device::allocate(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  if (bytes == 0)
    bytes = 1;
  Address address = 0;
  if (auto it = unused.find(bytes); it != unused.end()) {
    address = it->second;
    unused.erase(it);
  } else {
    Result result = settings.managed
                        ? driver.memAllocManaged(&address, bytes, attachGlobal)
                        : driver.memAlloc(&address, bytes);
    if (result != success)
      throw Error(RR_RESOURCE_EXHAUSTED, "no %zu bytes of GPU memory: %s",
                  bytes, driver.describe(result).c_str());
    sizes[address] = bytes;
  }
  if (settings.checked) {
    check(driver.memsetD8Async(address, 0xff, bytes, stream),
          "cuMemsetD8Async");
    settle();
  }
  return address;
}

void Device::release(Address address) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = sizes.find(address);
  if (it == sizes.end())
    throw Error(RR_INVALID_ARGUMENT,
                "%#llx is no GPU memory that was allocated", address);
  unused.emplace(it->second, address);
}

void Device::upload(Address to, const void *from, size_t bytes) {
  synchronize();
  if (bytes)
    check(driver.memcpyHtoD(to, from, bytes), "cuMemcpyHtoD");
}

void Device::download(void *to, Address from, size_t bytes) {
  synchronize();
  if (bytes)
    check(driver.memcpyDtoH(to, from, bytes), "cuMemcpyDtoH");
}

void Device::fill(Address address, unsigned char byte, size_t bytes) {
  if (bytes)
    check(driver.memsetD8Async(address, byte, bytes, stream),
          "cuMemsetD8Async");
}

void Device::copy(Address to, Address from, size_t bytes) {
  if (!bytes)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  check(driver.memcpyDtoDAsync(to, from, bytes, stream), "cuMemcpyDtoDAsync");
  settle();
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

static void checkUnit(const char *what, uint64_t bytes) {
  if (bytes % tensorMapUnit != 0)
    throw Error(RR_INVALID_ARGUMENT,
                "TMA cannot load an array whose %s is %llu bytes, expected a "
                "multiple of %llu",
                what, static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(tensorMapUnit));
}

TensorShape gpucheck::describeArray(const void *base, int32_t elementBytes,
                                    const int64_t *sizes,
                                    const int64_t *strides,
                                    const int64_t *box) {
  static const char *const names[] = {"stride of rows", "stride of heads",
                                      "stride of batches"};
  constexpr unsigned rank = 4;
  checkUnit("address", reinterpret_cast<uintptr_t>(base));
  if (strides[rank - 1] != 1)
    throw Error(RR_INVALID_ARGUMENT,
                "TMA cannot load an array whose elements of a row are %lld "
                "apart, expected 1",
                static_cast<long long>(strides[rank - 1]));
  TensorShape shape;
  shape.rank = rank;
  shape.elementBytes = static_cast<unsigned>(elementBytes);
  shape.swizzle = swizzleBytes;
  for (unsigned dim = 0; dim < rank; ++dim) {
    unsigned source = rank - 1 - dim;
    // What has no elements is never loaded, but a map needs some.
    shape.size[dim] =
        static_cast<uint64_t>(std::max<int64_t>(sizes[source], 1));
    shape.box[dim] = 1;
    if (dim < 2) {
      if (box[dim] < 1 || box[dim] > static_cast<int64_t>(mostBox))
        throw Error(
            RR_INVALID_ARGUMENT, "a box has %lld %s, expected 1 to %llu",
            static_cast<long long>(box[dim]), dim == 0 ? "columns" : "rows",
            static_cast<unsigned long long>(mostBox));
      shape.box[dim] = static_cast<uint32_t>(box[dim]);
    }
    if (dim == 0)
      continue;
    uint64_t &stride = shape.stride[dim - 1];
    stride = static_cast<uint64_t>(strides[source] * elementBytes);
    if (sizes[source] > 1) {
      checkUnit(names[dim - 1], stride);
      continue;
    }
    // Never used, but checked: what a dense array would have.
    stride = dim == 1 ? shape.size[0] * shape.elementBytes
                      : shape.stride[dim - 2] * shape.size[dim - 1];
    stride = (stride + tensorMapUnit - 1) / tensorMapUnit * tensorMapUnit;
  }
  return shape;
}

void Device::encode(void *map, const TensorShape &shape, Address base) {
  static const uint32_t ones[5] = {1, 1, 1, 1, 1};
  int swizzle = shape.swizzle == 128  ? swizzle128
                : shape.swizzle == 64 ? swizzle64
                : shape.swizzle == 32 ? swizzle32
                                      : swizzleNone;
  if (shape.elementBytes != 2 && shape.elementBytes != 4)
    throw Error(RR_INVALID_ARGUMENT,
                "a tensor map has elements of %u bytes, expected 2 or 4",
                shape.elementBytes);
  // The driver wants the map aligned; callers may have it anywhere.
  alignas(64) unsigned char aligned[tensorMapBytes];
  Result result = driver.tensorMapEncodeTiled(
      aligned, shape.elementBytes == 2 ? typeBFloat16 : typeFloat32, shape.rank,
      reinterpret_cast<void *>(base), shape.size, shape.stride, shape.box, ones,
      interleaveNone, swizzle, promotion128,
      shape.fillNaN ? fillNaN : fillZero);
  if (result != success)
    throw Error(RR_INVALID_ARGUMENT,
                "cuTensorMapEncodeTiled: %s, for sizes %llu x %llu x %llu x "
                "%llu, strides %llu, %llu, %llu, box %u x %u",
                driver.describe(result).c_str(),
                static_cast<unsigned long long>(shape.size[0]),
                static_cast<unsigned long long>(shape.size[1]),
                static_cast<unsigned long long>(shape.size[2]),
                static_cast<unsigned long long>(shape.size[3]),
                static_cast<unsigned long long>(shape.stride[0]),
                static_cast<unsigned long long>(shape.stride[1]),
                static_cast<unsigned long long>(shape.stride[2]), shape.box[0],
                shape.box[1]);
  std::memcpy(map, aligned, sizeof(aligned));
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

Module Device::load(const void *image) {
  Module module = nullptr;
  check(driver.moduleLoadData(&module, image), "cuModuleLoadData");
  return module;
}

void Device::unload(Module module) { driver.moduleUnload(module); }

Function Device::find(Module module, const char *name, unsigned sharedBytes) {
  Function function = nullptr;
  check(driver.moduleGetFunction(&function, module, name),
        "cuModuleGetFunction", name);
  if (sharedBytes)
    check(driver.funcSetAttribute(function, functionSharedBytes,
                                  static_cast<int>(sharedBytes)),
          "cuFuncSetAttribute", name);
  return function;
}

void Device::run(const Launch &launch, void **arguments) {
  std::lock_guard<std::mutex> lock(mutex);
  lastKernel = launch.name;
  const char *name = lastKernel.c_str();
  std::pair<Event, Event> span;
  if (settings.timed) {
    check(driver.eventCreate(&span.first, 0), "cuEventCreate");
    check(driver.eventCreate(&span.second, 0), "cuEventCreate");
    check(driver.eventRecord(span.first, stream), "cuEventRecord");
  }
  check(driver.launchKernel(launch.function, launch.grid[0], launch.grid[1],
                            launch.grid[2], launch.threads, 1, 1,
                            launch.sharedBytes, stream, arguments, nullptr),
        "cuLaunchKernel", name);
  if (settings.timed) {
    check(driver.eventRecord(span.second, stream), "cuEventRecord");
    events.push_back(span);
  }
  settle();
}

/// Awaits what was started where others than the stream may look at it.
void Device::settle() {
  if (settings.managed || settings.checked)
    synchronize();
}

void Device::synchronize() {
  const Clock::time_point begin = Clock::now();
  const auto most = std::chrono::duration<double>(settings.timeout);
  for (;;) {
    Result result = driver.streamQuery(stream);
    if (result == success)
      return;
    const char *name = lastKernel.empty() ? nullptr : lastKernel.c_str();
    if (result != errorNotReady)
      check(result, "execution", name);
    Clock::duration spent = Clock::now() - begin;
    if (spent > most)
      throw Error(RR_DEADLINE_EXCEEDED, "kernel '%s' has not ended after %g s",
                  name ? name : "?", settings.timeout);
    // Short work is awaited awake.
    if (spent > std::chrono::milliseconds(2))
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

std::vector<float> Device::takeTimes() {
  synchronize();
  std::vector<float> times;
  for (auto [begin, end] : events) {
    float milliseconds = 0;
    check(driver.eventElapsedTime(&milliseconds, begin, end),
          "cuEventElapsedTime");
    times.push_back(milliseconds);
    driver.eventDestroy(begin);
    driver.eventDestroy(end);
  }
  events.clear();
  return times;
}

//===- GpuCheck.cpp - The checks, for Python ------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuCheck.h"
#include "Error.h"
#include "Golden.h"
#include "Package.h"

#include <algorithm>

using namespace gpucheck;

struct gc_device : Device {
  using Device::Device;
  std::string text, note;
  /// The golden vectors' kernels.
  cuda::Module golden = nullptr;
};
struct gc_package : Package {
  using Package::Package;
};

static thread_local std::string lastError;

template <typename Result, typename Function>
static Result guarded(Result failure, const Function &function) {
  try {
    return function();
  } catch (const std::exception &error) {
    lastError = error.what();
    return failure;
  }
}

extern "C" {

const char *gc_error(void) { return lastError.c_str(); }

gc_device *gc_open(int managed, int checked, int timed, int ptx,
                   double timeout) {
  return guarded<gc_device *>(nullptr, [&] {
    DeviceOptions options;
    options.managed = managed;
    options.checked = checked;
    options.timed = timed;
    options.ptx = ptx;
    options.timeout = timeout;
    return new gc_device(options);
  });
}

const char *gc_describe(gc_device *device) {
  device->text = device->describe();
  return device->text.c_str();
}

int gc_set_stream(gc_device *device, void *stream) {
  device->setStream(stream);
  return 1;
}

uint64_t gc_allocate(gc_device *device, uint64_t bytes) {
  return guarded<uint64_t>(0, [&] { return device->allocate(bytes); });
}

int gc_release(gc_device *device, uint64_t address) {
  return guarded(0, [&] { return device->release(address), 1; });
}

int gc_fill(gc_device *device, uint64_t address, int byte, uint64_t bytes) {
  return guarded(0, [&] {
    device->fill(address, static_cast<unsigned char>(byte), bytes);
    return 1;
  });
}

int gc_upload(gc_device *device, uint64_t to, const void *from,
              uint64_t bytes) {
  return guarded(0, [&] { return device->upload(to, from, bytes), 1; });
}

int gc_download(gc_device *device, void *to, uint64_t from, uint64_t bytes) {
  return guarded(0, [&] { return device->download(to, from, bytes), 1; });
}

int gc_synchronize(gc_device *device) {
  return guarded(0, [&] { return device->synchronize(), 1; });
}

int gc_times(gc_device *device, float *milliseconds, int most) {
  return guarded(-1, [&] {
    std::vector<float> times = device->takeTimes();
    std::copy_n(times.begin(), std::min<size_t>(times.size(), most),
                milliseconds);
    return static_cast<int>(times.size());
  });
}

gc_package *gc_load(gc_device *device, const char *path) {
  return guarded<gc_package *>(nullptr,
                               [&] { return new gc_package(*device, path); });
}

int gc_unload(gc_package *package) {
  delete package;
  return 1;
}

int gc_call(gc_package *package, const char *entry, int64_t ranks,
            void *const *buffers, int64_t count, const int64_t *dims) {
  return guarded(
      0, [&] { return package->call(entry, ranks, buffers, count, dims), 1; });
}

const char *gc_golden_kernels(void) {
  static const std::string kernels = makeGoldenKernels();
  return kernels.c_str();
}

int gc_golden_count(void) { return countGolden(); }

const char *gc_golden_name(int index) {
  static thread_local std::string name;
  name = nameGolden(index);
  return name.c_str();
}

const char *gc_golden_run(gc_device *device, const void *image, int index) {
  return guarded<const char *>(nullptr, [&] {
    if (!device->golden)
      device->golden = device->load(image);
    GoldenResult result = runGolden(*device, device->golden, index);
    device->text = result.wrong;
    device->note = result.note;
    return device->text.c_str();
  });
}

const char *gc_golden_note(gc_device *device) { return device->note.c_str(); }

} // extern "C"

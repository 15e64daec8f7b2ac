//===- Device.h - One GPU, one stream ---------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_DEVICE_H
#define RINGATTN_GPUCHECK_DEVICE_H

#include "Cuda.h"

#include "ringrt/abi.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace gpucheck {

struct DeviceOptions {
  /// Memory that host code may touch too; every launch is then awaited.
  bool managed = false;
  /// Fills memory with NaNs before it is used, and awaits every launch, so that
  /// a failure has the kernel's name.
  bool checked = false;
  /// Loads the kernels' PTX, for drivers that are too old for the cubins.
  bool ptx = false;
  /// Records the time of every kernel.
  bool timed = false;
  /// Seconds that work may take.
  double timeout = 20;
};

/// What a tensor map describes; dimension 0 is the innermost, strides are in
/// bytes and belong to dimensions 1...
struct TensorShape {
  unsigned rank = 0;
  unsigned elementBytes = 0;
  uint64_t size[5] = {};
  uint64_t stride[4] = {};
  uint32_t box[5] = {};
  unsigned swizzle = 0;
  bool fillNaN = false;
};

/// The shape of an array of rank 4, as rr_imports::tensor_map is given it.
/// Throws where TMA cannot take it.
TensorShape describeArray(const void *base, int32_t elementBytes,
                          const int64_t *sizes, const int64_t *strides,
                          const int64_t *box);

struct Launch {
  std::string name;
  cuda::Function function;
  unsigned grid[3];
  unsigned threads;
  unsigned sharedBytes;
};

/// The first device, its primary context and one stream. Everything is done in
/// that stream's order. Failures throw an Error.
class Device {
public:
  explicit Device(const DeviceOptions &options);
  ~Device();
  Device(const Device &) = delete;

  const DeviceOptions &options() const { return settings; }
  /// The card, as a JSON object.
  std::string describe() const;

  /// Makes the context the calling thread's.
  void attach();
  void setStream(cuda::Stream stream) { this->stream = stream; }

  cuda::Address allocate(size_t bytes);
  /// The memory may be handed out again: its last use is in the stream.
  void release(cuda::Address address);
  void upload(cuda::Address to, const void *from, size_t bytes);
  void download(void *to, cuda::Address from, size_t bytes);
  void fill(cuda::Address address, unsigned char byte, size_t bytes);
  void copy(cuda::Address to, cuda::Address from, size_t bytes);

  cuda::Module load(const void *image);
  void unload(cuda::Module module);
  cuda::Function find(cuda::Module module, const char *name,
                      unsigned sharedBytes);
  void encode(void *map, const TensorShape &shape, cuda::Address base);
  void run(const Launch &launch, void **arguments);
  /// Waits until the stream is empty.
  void synchronize();
  /// Milliseconds of every kernel since the last call, in order.
  std::vector<float> takeTimes();

private:
  void check(cuda::Result result, const char *what, const char *name = nullptr);
  void settle();

  DeviceOptions settings;
  cuda::Driver driver;
  cuda::Ordinal device = 0;
  cuda::Context context = nullptr;
  cuda::Stream stream = nullptr;
  std::mutex mutex;
  std::string lastKernel;
  /// Sizes of all memory; what is free, by size.
  std::map<cuda::Address, size_t> sizes;
  std::multimap<size_t, cuda::Address> unused;
  std::vector<std::pair<cuda::Event, cuda::Event>> events;
};

} // namespace gpucheck

#endif // RINGATTN_GPUCHECK_DEVICE_H

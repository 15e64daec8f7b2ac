//===- DeviceTest.cpp - Modules on the devices of a world -----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"
#include "device/sim/SimDevice.h"
#include "ringrt/sim.h"

#include <gtest/gtest.h>

using namespace ringrt;
using namespace ringrt::test;

namespace {

std::string manifestFor(const std::string &target) {
  std::string text = ringManifest();
  size_t at = text.find("\"cpu\"");
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, 5, "\"" + target + "\"");
}

/// The message with which a module for `target` is refused on a device.
std::string refusal(rr_device device, const std::string &target) {
  TestModule module(manifestFor(target),
                    [](rr_ctx *, void *const *, const int64_t *) { return 0; });
  rr_world_options options;
  rr_world_options_init(&options);
  options.device = device;
  rr_world *world = nullptr;
  EXPECT_EQ(rr_world_create(&options, &world), RR_OK);
  rr_context *context = nullptr;
  int32_t status = rr_context_create(world, module.get(), 0, &context);
  std::string message = status == RR_OK ? "" : rr_last_error(nullptr);
  rr_context_destroy(context);
  rr_world_destroy(world);
  return message;
}

TEST(Device, RunsItsTargetsOnly) {
  EXPECT_EQ(refusal(RR_DEVICE_CPU, "cpu"), "");
  EXPECT_EQ(refusal(RR_DEVICE_SIM, "sm_90a"), "");
  EXPECT_CONTAINS(refusal(RR_DEVICE_CPU, "sm_90a"),
                  "compiled for target 'sm_90a', which device cpu does not "
                  "run, expected target cpu or device sim");
  EXPECT_CONTAINS(refusal(RR_DEVICE_SIM, "cpu"),
                  "compiled for target 'cpu', which device sim does not run, "
                  "expected sm_90a");
}

/// A request for a map of bf16 that TMA can take.
struct Request {
  alignas(64) char data[64] = {};
  int64_t sizes[4] = {2, 3, 100, 64};
  int64_t strides[4] = {19200, 6400, 64, 1};
  int64_t box[2] = {64, 128};

  std::string refusal(int64_t offset = 0) {
    alignas(64) char map[128];
    Status status = SimDevice(1).makeTensorMap(
        {data + offset, 2, sizes, strides, box}, map);
    EXPECT_TRUE(status.ok() || status.code == RR_INVALID_ARGUMENT);
    return status.message;
  }
};

TEST(Device, TensorMapsNeedAlignment) {
  EXPECT_EQ(Request().refusal(), "");
  EXPECT_CONTAINS(Request().refusal(/*offset=*/8),
                  "an array that starts 8 bytes after a multiple of 16");
  Request request;
  request.strides[2] = 60;
  EXPECT_CONTAINS(request.refusal(),
                  "TMA cannot load an array whose stride of rows is 120 bytes, "
                  "expected a multiple of 16");
  request = Request();
  request.strides[1] = 6401;
  EXPECT_CONTAINS(request.refusal(), "stride of heads is 12802 bytes");
  request = Request();
  request.strides[3] = 2;
  EXPECT_CONTAINS(request.refusal(),
                  "whose elements of a row are 2 apart, expected 1");
  request = Request();
  request.box[1] = 257;
  EXPECT_CONTAINS(request.refusal(), "a box has 257 rows, expected 1 to 256");
}

/// The message of a launch whose kernel fails.
std::string launchBroken(SimDevice &device, int32_t rank) {
  rs_kernel simulated = {};
  simulated.name = "broken";
  simulated.function = [](rs_thread *thread, const void *const *) {
    thread->ops->bar_sync(thread, 0, /*id=*/99, 0);
  };
  simulated.threads = 32;
  simulated.registers = 32;
  rr_kernel kernel = {};
  kernel.name = "broken";
  kernel.threads = 32;
  kernel.simulated = &simulated;
  const int64_t grid[3] = {1, 1, 1};
  return device.launch(rank, kernel, grid, nullptr, {}).message;
}

TEST(Device, LaunchesOfARankHaveTheirOwnSeeds) {
  SimDevice device(3);
  EXPECT_CONTAINS(launchBroken(device, 1), "(launch 0 of this rank, seed 1)");
  EXPECT_CONTAINS(launchBroken(device, 2), "(launch 0 of this rank, seed 2)");
  EXPECT_CONTAINS(launchBroken(device, 1), "(launch 1 of this rank, seed 4)");
}

TEST(Device, TensorMapsOfSingleElementsHaveNoStride) {
  Request request;
  request.sizes[0] = 1;
  request.strides[0] = 7;
  EXPECT_EQ(request.refusal(), "");
}

} // namespace

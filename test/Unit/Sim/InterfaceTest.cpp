//===- InterfaceTest.cpp - Compiler and runtime agree on the simulator --===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Conversion/NVVMToSim/SimInterface.h"
#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"
#include "ringrt/sim.h"

#include "gtest/gtest.h"

using namespace ringattn;
using namespace ringattn::sim;

template <typename T>
static constexpr char letterOf() {
  if constexpr (std::is_void_v<T>)
    return 'v';
  else if constexpr (std::is_pointer_v<T>)
    return 'p';
  else
    return sizeof(T) == 8 ? 'l' : 'i';
}

/// The result and the parameters after the thread.
template <typename Result, typename... Parameters>
static std::string describe(Result (*)(rs_thread *, Parameters...)) {
  return {letterOf<Result>(), letterOf<Parameters>()...};
}

TEST(SimInterface, Instructions) {
  const rs_ops ops = {};
#define CHECK_OP(name, result, parameters)                                     \
  EXPECT_EQ(getOffset(sim::Op::name), offsetof(rs_ops, name));                 \
  EXPECT_EQ(describe(ops.name), result parameters) << #name;
  RINGATTN_SIM_OPS(CHECK_OP)
#undef CHECK_OP
  EXPECT_EQ(sizeof(rs_ops), sizeof(size_t) + sizeof(void *) * std::size(kOps));
  EXPECT_EQ(offsetof(rs_thread, ops), 0u);
}

TEST(SimInterface, Numbers) {
  EXPECT_EQ(int(TidX), int(RS_TID_X));
  EXPECT_EQ(int(NtidX), int(RS_NTID_X));
  EXPECT_EQ(int(CtaidX), int(RS_CTAID_X));
  EXPECT_EQ(int(CtaidY), int(RS_CTAID_Y));
  EXPECT_EQ(int(CtaidZ), int(RS_CTAID_Z));
  EXPECT_EQ(int(NctaidX), int(RS_NCTAID_X));
  EXPECT_EQ(int(NctaidY), int(RS_NCTAID_Y));
  EXPECT_EQ(int(NctaidZ), int(RS_NCTAID_Z));
  EXPECT_EQ(int(LaneId), int(RS_LANEID));
  EXPECT_EQ(int(Shuffle::Bfly), int(RS_SHFL_BFLY));
  EXPECT_EQ(int(Shuffle::Idx), int(RS_SHFL_IDX));
  EXPECT_EQ(int(Shuffle::Up), int(RS_SHFL_UP));
  EXPECT_EQ(int(Shuffle::Down), int(RS_SHFL_DOWN));
  EXPECT_EQ(int(Fence::ProxyAsync), int(RS_FENCE_PROXY_ASYNC));
  EXPECT_EQ(int(Fence::MbarrierInit), int(RS_FENCE_MBARRIER_INIT));
  EXPECT_EQ(int(Fence::Wgmma), int(RS_FENCE_WGMMA));
  EXPECT_EQ(int(Access::Read), int(RS_READ));
  EXPECT_EQ(int(Access::Write), int(RS_WRITE));
  EXPECT_EQ(int(Access::Atomic), int(RS_ATOMIC));
  EXPECT_EQ(int(ringptx::ElementType::BF16), int(RS_BF16));
  EXPECT_EQ(int(ringptx::ElementType::F16), int(RS_F16));
  EXPECT_EQ(int(ringptx::ElementType::TF32), int(RS_TF32));
}

TEST(SimInterface, Structures) {
  EXPECT_EQ(sizeof(rs_wgmma), kNumWgmmaFields * sizeof(int32_t));
  EXPECT_EQ(offsetof(rs_wgmma, n), 0u);
  EXPECT_EQ(offsetof(rs_wgmma, type), 4u);
  EXPECT_EQ(offsetof(rs_wgmma, accumulate), 8u);
  EXPECT_EQ(offsetof(rs_wgmma, transpose_a), 12u);
  EXPECT_EQ(offsetof(rs_wgmma, transpose_b), 16u);
  EXPECT_EQ(offsetof(rs_wgmma, accumulator_registers), 20u);
  EXPECT_EQ(offsetof(rs_wgmma, a_registers), 24u);
  // As a struct (ptr, ptr, i32, i32, i32, ptr) lies.
  EXPECT_EQ(offsetof(rs_kernel, name), 0u);
  EXPECT_EQ(offsetof(rs_kernel, function), 8u);
  EXPECT_EQ(offsetof(rs_kernel, threads), 16u);
  EXPECT_EQ(offsetof(rs_kernel, registers), 20u);
  EXPECT_EQ(offsetof(rs_kernel, num_locations), 24u);
  EXPECT_EQ(offsetof(rs_kernel, locations), 32u);
  EXPECT_EQ(sizeof(rs_kernel), 40u);
}

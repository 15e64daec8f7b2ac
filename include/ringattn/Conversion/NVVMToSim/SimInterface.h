//===- SimInterface.h - What generated code knows of ringrt/sim.h -*- C++ -*-=//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler does not include the runtime's headers; a unit test compares
// this one with them.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CONVERSION_NVVMTOSIM_SIMINTERFACE_H
#define RINGATTN_CONVERSION_NVVMTOSIM_SIMINTERFACE_H

#include <cstddef>
#include <cstdint>

namespace ringattn::sim {

/// The fields of `rs_ops` after struct_size, in order: the name, the result and
/// the parameters after the thread. v: void, i: 32 bits, l: 64 bits, p:
/// pointer.
#define RINGATTN_SIM_OPS(X)                                                    \
  X(sreg, "i", "i")                                                            \
  X(shared_base, "p", "")                                                      \
  X(shfl, "i", "iiiiii")                                                       \
  X(elect, "i", "ii")                                                          \
  X(setmaxnreg, "v", "iii")                                                    \
  X(bar_sync, "v", "iii")                                                      \
  X(bar_arrive, "v", "iii")                                                    \
  X(mbarrier_init, "v", "iii")                                                 \
  X(mbarrier_invalidate, "v", "ii")                                            \
  X(mbarrier_arrive, "v", "ii")                                                \
  X(mbarrier_expect_tx, "v", "iii")                                            \
  X(mbarrier_wait, "v", "iii")                                                 \
  X(fence, "v", "ii")                                                          \
  X(shared_load, "v", "iipi")                                                  \
  X(shared_store, "v", "iipi")                                                 \
  X(ldmatrix, "v", "iipii")                                                    \
  X(stmatrix, "v", "iipii")                                                    \
  X(tma_load, "v", "iippi")                                                    \
  X(tma_store, "v", "iippi")                                                   \
  X(bulk_commit, "v", "i")                                                     \
  X(bulk_wait, "v", "iii")                                                     \
  X(wgmma, "v", "ipppll")                                                      \
  X(wgmma_commit, "v", "i")                                                    \
  X(wgmma_wait, "v", "iipi")                                                   \
  X(warp_sync, "v", "ii")                                                      \
  X(write_registers, "v", "ii")                                                \
  X(global_access, "v", "ipiii")

enum class Op : unsigned {
#define RINGATTN_SIM_OP(name, result, parameters) name,
  RINGATTN_SIM_OPS(RINGATTN_SIM_OP)
#undef RINGATTN_SIM_OP
};

struct OpInfo {
  const char *name;
  const char *result;
  const char *parameters;
};

inline constexpr OpInfo kOps[] = {
#define RINGATTN_SIM_OP(name, result, parameters) {#name, result, parameters},
    RINGATTN_SIM_OPS(RINGATTN_SIM_OP)
#undef RINGATTN_SIM_OP
};

/// Where in `rs_ops` the pointer lies.
inline constexpr size_t getOffset(Op op) {
  return sizeof(size_t) + sizeof(void *) * static_cast<size_t>(op);
}

/// `rs_sreg`
enum SpecialRegister : int32_t {
  TidX,
  NtidX,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId
};

/// `rs_shuffle`
enum Shuffle : int32_t { Bfly, Idx, Up, Down };

/// `rs_fence`
enum Fence : int32_t { ProxyAsync, MbarrierInit, Wgmma };

/// `rs_access`
enum Access : int32_t { Read, Write, Atomic };

/// `rs_wgmma`: so many i32 (n, rs_type, accumulate, transpose_a, transpose_b,
/// accumulator_registers, a_registers).
inline constexpr unsigned kNumWgmmaFields = 7;

} // namespace ringattn::sim

#endif // RINGATTN_CONVERSION_NVVMTOSIM_SIMINTERFACE_H

//===- sim.h - What code for the simulated GPU calls --------------*- C -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functional simulator runs the very program that becomes PTX, translated
// for the host: every instruction that is not plain arithmetic on registers is
// a call through `rs_ops`. A block's threads are fibers of one host thread.
//
// Semantics are those of the PTX ISA 8.8 for sm_90a. The simulator is
// adversarial: what an instruction does asynchronously becomes visible only
// where the memory model guarantees it, and a program that relies on more fails
// with the instruction(s) and their `where`.
//
// `where` is an index into the kernel's table of locations (`rs_kernel`).
// Shared addresses are 32-bit offsets in the shared window, which is mapped at
// a 4 GiB-aligned host address: the low half of a host pointer into the window
// is its shared address.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_SIM_H
#define RINGRT_SIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A simulated thread; the first argument of a simulated kernel.
typedef struct rs_thread rs_thread;

typedef enum rs_sreg {
  RS_TID_X = 0,
  RS_NTID_X = 1,
  RS_CTAID_X = 2,
  RS_CTAID_Y = 3,
  RS_CTAID_Z = 4,
  RS_NCTAID_X = 5,
  RS_NCTAID_Y = 6,
  RS_NCTAID_Z = 7,
  RS_LANEID = 8
} rs_sreg;

typedef enum rs_shuffle {
  RS_SHFL_BFLY = 0,
  RS_SHFL_IDX = 1,
  RS_SHFL_UP = 2,
  RS_SHFL_DOWN = 3
} rs_shuffle;

typedef enum rs_fence {
  /// fence.proxy.async{.shared::cta}: orders generic accesses to shared memory
  /// against those of the async proxy.
  RS_FENCE_PROXY_ASYNC = 0,
  /// fence.mbarrier_init.release.cluster
  RS_FENCE_MBARRIER_INIT = 1,
  /// wgmma.fence.sync.aligned
  RS_FENCE_WGMMA = 2
} rs_fence;

/// What an access does to memory; atomic: reads, writes or both.
typedef enum rs_access { RS_READ = 0, RS_WRITE = 1, RS_ATOMIC = 2 } rs_access;

/// Element types of matrix products (accumulators are f32).
typedef enum rs_type { RS_BF16 = 0, RS_F16 = 1, RS_TF32 = 2 } rs_type;

/// wgmma.mma_async.sync.aligned.m64n{n}k{k}: k is 16, for tf32 8.
typedef struct rs_wgmma {
  int32_t n;
  int32_t type; // rs_type
  /// 0: D = A * B; 1: D += A * B.
  int32_t accumulate;
  /// 1: the operand is MN-major in shared memory (16-bit types only).
  int32_t transpose_a;
  int32_t transpose_b;
  /// Which registers, in the kernel's numbering of those that `write_registers`
  /// tells of, the accumulators and the A fragment are in; 0: in none of them.
  int32_t accumulator_registers;
  int32_t a_registers;
} rs_wgmma;

/// A tensor map (the simulator's counterpart of CUtensorMap, in its 128 bytes,
/// aligned to 64). Dimension 0 is the innermost; strides are in bytes, of
/// dimensions 1.. (`stride[0]` belongs to dimension 1).
typedef struct rs_tensor_map {
  uint64_t base;
  uint64_t size[5];
  uint64_t stride[4];
  uint32_t box[5];
  uint16_t rank;
  uint16_t element_bytes;
  /// Span of the swizzle in bytes: 0, 32, 64 or 128.
  uint16_t swizzle;
  /// 0: out of bounds reads give zeros; 1: NaN.
  uint16_t fill_nan;
} rs_tensor_map;

/// The instructions. A call may switch fibers; a failed program never returns
/// from the call that failed.
typedef struct rs_ops {
  size_t struct_size;

  /// Special registers.
  uint32_t (*sreg)(rs_thread *, int32_t which);
  /// Host address of the block's dynamic shared memory (1024-aligned).
  void *(*shared_base)(rs_thread *);

  /// shfl.sync (`lane` and `clamp` are operands b and c), elect.sync (1 for the
  /// elected lane), setmaxnreg (accounted per warpgroup against the registers
  /// that the block was launched with).
  uint32_t (*shfl)(rs_thread *, uint32_t where, uint32_t mask, uint32_t value,
                   uint32_t lane, uint32_t clamp, int32_t kind);
  uint32_t (*elect)(rs_thread *, uint32_t where, uint32_t mask);
  void (*setmaxnreg)(rs_thread *, uint32_t where, int32_t increase,
                     uint32_t registers);

  /// bar.sync / bar.arrive id, threads (0: all of the block).
  void (*bar_sync)(rs_thread *, uint32_t where, uint32_t id, uint32_t threads);
  void (*bar_arrive)(rs_thread *, uint32_t where, uint32_t id,
                     uint32_t threads);

  /// mbarrier.*.shared::cta.b64 at shared address `bar`. `expect_tx` is
  /// mbarrier.arrive.expect_tx; `wait` is a loop on try_wait.parity.
  void (*mbarrier_init)(rs_thread *, uint32_t where, uint32_t bar,
                        uint32_t count);
  void (*mbarrier_invalidate)(rs_thread *, uint32_t where, uint32_t bar);
  void (*mbarrier_arrive)(rs_thread *, uint32_t where, uint32_t bar);
  void (*mbarrier_expect_tx)(rs_thread *, uint32_t where, uint32_t bar,
                             uint32_t bytes);
  void (*mbarrier_wait)(rs_thread *, uint32_t where, uint32_t bar,
                        uint32_t parity);

  void (*fence)(rs_thread *, uint32_t where, int32_t kind);

  /// Generic accesses to shared memory.
  void (*shared_load)(rs_thread *, uint32_t where, uint32_t address,
                      void *value, uint32_t bytes);
  void (*shared_store)(rs_thread *, uint32_t where, uint32_t address,
                       const void *value, uint32_t bytes);
  /// ldmatrix / stmatrix.sync.aligned.m8n8.x{count}{.trans}.shared.b16: one row
  /// address a lane, `count` registers.
  void (*ldmatrix)(rs_thread *, uint32_t where, uint32_t address,
                   uint32_t *registers, int32_t count, int32_t transpose);
  void (*stmatrix)(rs_thread *, uint32_t where, uint32_t address,
                   const uint32_t *registers, int32_t count, int32_t transpose);

  /// cp.async.bulk.tensor: global -> shared with transaction bytes on `bar`;
  /// shared -> global (add: .reduce.add) with bulk groups; commit and wait of
  /// those groups (`read`: wait_group.read).
  void (*tma_load)(rs_thread *, uint32_t where, uint32_t destination,
                   const rs_tensor_map *map, const int32_t *coordinates,
                   uint32_t bar);
  void (*tma_store)(rs_thread *, uint32_t where, uint32_t source,
                    const rs_tensor_map *map, const int32_t *coordinates,
                    int32_t add);
  void (*bulk_commit)(rs_thread *, uint32_t where);
  void (*bulk_wait)(rs_thread *, uint32_t where, uint32_t pending,
                    int32_t read);

  /// wgmma.mma_async of one warpgroup. `accumulators`: n/2 floats of the
  /// calling thread, in and out: what comes out stands for the result until
  /// `wgmma_wait` and is a tagged NaN. `a`: 4 registers of the A fragment, or
  /// null: `descriptor_a`.
  void (*wgmma)(rs_thread *, uint32_t where, const rs_wgmma *what,
                float *accumulators, const uint32_t *a, uint64_t descriptor_a,
                uint64_t descriptor_b);
  void (*wgmma_commit)(rs_thread *, uint32_t where);
  /// wgmma.wait_group `pending`, tied to `values`: those among them that belong
  /// to finished groups are replaced by results. Values that do not are tags
  /// and stay so.
  void (*wgmma_wait)(rs_thread *, uint32_t where, uint32_t pending,
                     float *values, uint32_t count);

  /// bar.warp.sync: orders the shared accesses of the lanes in `mask`, which
  /// shfl and elect do not.
  void (*warp_sync)(rs_thread *, uint32_t where, uint32_t mask);

  /// Plain arithmetic writes registers that a wgmma uses, of a number from 1: a
  /// wgmma.fence must come between, and no wgmma in flight may read them as A.
  void (*write_registers)(rs_thread *, uint32_t where, uint32_t registers);

  /// What the caller is about to do to global memory at a host address, which
  /// must be a multiple of `alignment`; `kind`: rs_access.
  void (*global_access)(rs_thread *, uint32_t where, const void *address,
                        uint32_t bytes, uint32_t alignment, int32_t kind);
} rs_ops;

struct rs_thread {
  const rs_ops *ops;
  /// The rest is the simulator's.
};

/// A simulated kernel: `arguments[i]` points to the value of parameter i, as
/// with cuLaunchKernel.
typedef void (*rs_kernel_fn)(rs_thread *, const void *const *arguments);

typedef struct rs_kernel {
  const char *name;
  rs_kernel_fn function;
  /// Threads of a block, whole warps up to 1024; registers of a thread at
  /// launch, 1 to 255 and at most 65536 in all.
  uint32_t threads;
  uint32_t registers;
  /// "file:line:column instruction", by `where`.
  uint32_t num_locations;
  const char *const *locations;
} rs_kernel;

/// Global memory that a launch may access.
typedef struct rs_array {
  uint64_t address;
  uint64_t bytes;
} rs_array;

/// Runs the kernel on all blocks of the grid, one after the other, in the order
/// and with the interleaving that `seed` gives. Returns 0, or 1 with one line
/// in `message` (truncated to `size`, always terminated): the block, the
/// thread(s), what was done where, what the memory model requires.
typedef struct rs_launch {
  size_t struct_size;
  uint32_t grid[3];
  uint32_t shared_bytes;
  uint64_t seed;
  const void *const *arguments;
  /// Null: all memory may be accessed.
  const rs_array *arrays;
  size_t num_arrays;
} rs_launch;

int32_t rs_run(const rs_kernel *kernel, const rs_launch *launch, char *message,
               size_t size);

#ifdef __cplusplus
}
#endif

#endif // RINGRT_SIM_H

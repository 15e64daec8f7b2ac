//===- abi.h - What compiled modules and the runtime share -------*- C -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only header that compiled code knows. A module exports one function,
// `rr_module_query`; everything it needs from the runtime it reaches through
// the import table that every `rr_ctx` starts with, so a module has no
// undefined symbols besides libm's and no global state.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_ABI_H
#define RINGRT_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Major version of this header. A module of another major version is refused
/// before any of its code runs.
#define RR_ABI_VERSION 1u

/// Every import and every entry returns a status; zero is success.
typedef enum rr_status {
  RR_OK = 0,
  RR_INVALID_ARGUMENT = 1,
  RR_RESOURCE_EXHAUSTED = 2,
  RR_DEADLINE_EXCEEDED = 3,
  RR_CANCELLED = 4,
  RR_MISMATCH = 5,
  RR_ABI_MISMATCH = 6,
  RR_DATA_LOSS = 7,
  RR_UNAVAILABLE = 8,
  RR_ABORTED = 9,
  RR_UNIMPLEMENTED = 10,
  RR_INTERNAL = 11,
  RR_NOT_FOUND = 12
} rr_status;

typedef struct rr_imports rr_imports;

/// One rank's execution state. Generated code reads the first field only.
typedef struct rr_ctx {
  const rr_imports *imports;
} rr_ctx;

/// Runs iterations [begin, end) of a parallel loop.
typedef int32_t (*rr_parallel_body)(rr_ctx *ctx, void *closure, int64_t begin,
                                    int64_t end);

/// What a traced span measures.
typedef enum rr_span {
  /// Attention of one K/V block against the rank's queries.
  RR_SPAN_COMPUTE = 0,
  /// Copying the rank's own K and V into the first exchange slot.
  RR_SPAN_PACK = 1,
  /// Normalising the accumulators after the last hop.
  RR_SPAN_FINALIZE = 2
} rr_span;

/// The runtime as compiled code sees it. Fields are only ever appended;
/// `struct_size` tells which are there.
struct rr_imports {
  uint32_t struct_size;
  uint32_t abi_version;

  /// Allocates `bytes` of device memory of this rank, aligned to `alignment`
  /// (a power of two, at least 64). A size of 0 yields a valid unique pointer.
  /// What an execution has not freed when it ends, the runtime frees.
  int32_t (*buf_alloc)(rr_ctx *ctx, int64_t bytes, int64_t alignment,
                       void **out);
  int32_t (*buf_free)(rr_ctx *ctx, void *buffer);

  /// Index of this rank in the ring formed by process group `group` (an index
  /// into the manifest's `groups`), and that ring's size.
  int32_t (*ring_rank)(rr_ctx *ctx, int32_t group, int64_t *out);
  int32_t (*ring_size)(rr_ctx *ctx, int32_t group, int64_t *out);

  /// Starts one exchange of the ring of ranks 0..active-1: sends `send_bytes`
  /// to rank (r + step) mod active and receives `recv_bytes` from rank
  /// (r - step) mod active. Neither buffer may be touched before the token is
  /// awaited (the send buffer may be read). Completes at once on ranks >=
  /// active and for active == 1 (then recv receives a copy of send).
  /// `recv_bytes` must equal what the source sends; otherwise RR_MISMATCH on
  /// both.
  int32_t (*ring_shift_start)(rr_ctx *ctx, int32_t group, const void *send,
                              int64_t send_bytes, void *recv,
                              int64_t recv_bytes, int64_t step, int64_t active,
                              int64_t *token);
  /// Blocks until the exchange is complete; a token is awaited exactly once.
  /// `stream` is null on CPUs.
  int32_t (*ring_wait)(rr_ctx *ctx, int64_t token, void *stream);

  /// Calls `body` on disjoint ranges that cover [0, count), on the rank's
  /// worker threads and the calling one. Returns the first nonzero status. A
  /// call must not wait for another one, of this rank or any: ranks that share
  /// cores take turns.
  int32_t (*parallel_for)(rr_ctx *ctx, int64_t count, rr_parallel_body body,
                          void *closure);

  /// Nonzero (RR_CANCELLED, or the sticky error) when the run should stop.
  int32_t (*check_cancel)(rr_ctx *ctx);

  /// Records `message` (copied) as this rank's error and returns `status`.
  int32_t (*fail)(rr_ctx *ctx, int32_t status, const char *message);

  /// Brackets a span of work on the rank's own thread. `hop` counts the hops of
  /// one ring, from 0; -1 where there is none. Spans do not nest.
  int32_t (*trace_begin)(rr_ctx *ctx, int32_t span, int64_t hop);
  int32_t (*trace_end)(rr_ctx *ctx);

  /// Writes the device's tensor map of an array of rank 4 (B x H x S x D) to
  /// `map` (128 bytes, aligned to 64), for TMA loads of boxes of `box[0]`
  /// columns and `box[1]` rows in the 128-byte swizzle. `strides` count
  /// elements. RR_INVALID_ARGUMENT where TMA cannot take the address or a
  /// stride: both are multiples of 16 bytes, elements of a row contiguous. No
  /// kernel loads from an array without elements; a device that cannot describe
  /// one describes one of a single element.
  int32_t (*tensor_map)(rr_ctx *ctx, void *map, const void *base,
                        int32_t element_bytes, const int64_t *sizes,
                        const int64_t *strides, const int64_t *box);
  /// Runs the module's kernel `name` on a grid of `grid[0..2]` blocks, none of
  /// them being no work; `arguments[i]` points to the value of parameter i.
  int32_t (*launch)(rr_ctx *ctx, const char *name, const int64_t *grid,
                    const void *const *arguments);
};

/// An entry of a module, for one rank.
///   buffers: data pointers of the local shards, arguments first, then results;
///            row-major, contiguous, 64-byte aligned.
///   dims:    the *global* sizes of every argument, then of every result, all
///            dimensions in order, concatenated.
typedef int32_t (*rr_entry_fn)(rr_ctx *ctx, void *const *buffers,
                               const int64_t *dims);

typedef struct rr_entry_point {
  const char *name;
  rr_entry_fn function;
} rr_entry_point;

/// A kernel for GPUs, for devices of which the module has code.
typedef struct rr_kernel {
  const char *name;
  /// Threads and bytes of dynamic shared memory of a block.
  uint32_t threads;
  uint32_t shared_bytes;
  /// The device module that has it, as cubin and as PTX with its final 0, which
  /// the size does not count; null: none.
  const void *cubin;
  uint64_t cubin_size;
  const char *ptx;
  uint64_t ptx_size;
  /// Code for the simulator (ringrt/sim.h); null: none.
  const struct rs_kernel *simulated;
} rr_kernel;

typedef struct rr_module_header {
  uint32_t struct_size;
  uint32_t abi_version;
  /// UTF-8 JSON, `manifest_size` bytes; see docs/Manifest.md.
  const char *manifest;
  uint64_t manifest_size;
  /// The global program as MLIR bytecode, for checking; may be empty.
  const uint8_t *program;
  uint64_t program_size;
  const rr_entry_point *entries;
  uint64_t num_entries;
  const rr_kernel *kernels;
  uint64_t num_kernels;
} rr_module_header;

/// Exported by every module as `rr_module_query`. Returns null when the module
/// needs a newer ABI than `max_version`.
typedef const rr_module_header *(*rr_module_query_fn)(uint32_t max_version);

#ifdef __cplusplus
}
#endif

#endif // RINGRT_ABI_H

//===- ringrt.h - Running compiled ring attention ----------------*- C -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The host API. There are no globals: everything hangs off a world (the ranks
// and the transport between them), a module (compiled code) and one context a
// rank. All functions return an `rr_status`; the text of the last error of an
// object is kept by that object, that of a failed creation by the calling
// thread. Structs carry `struct_size`, so they can grow.
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_RINGRT_H
#define RINGRT_RINGRT_H

#include "ringrt/abi.h"

#include <stddef.h>

#if defined(__GNUC__)
#define RR_EXPORT __attribute__((visibility("default")))
#else
#define RR_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rr_world rr_world;
typedef struct rr_module rr_module;
typedef struct rr_ctx rr_context;

//===----------------------------------------------------------------------===//
// Worlds
//===----------------------------------------------------------------------===//

typedef enum rr_transport {
  RR_TRANSPORT_THREAD = 0,
  RR_TRANSPORT_MPI = 1,
  RR_TRANSPORT_NCCL = 2
} rr_transport;

typedef enum rr_device {
  RR_DEVICE_CPU = 0,
  RR_DEVICE_CUDA = 1,
  RR_DEVICE_SIM = 2
} rr_device;

typedef struct rr_world_options {
  size_t struct_size;
  /// Number of ranks, at least 1.
  int32_t size;
  rr_transport transport;
  rr_device device;
  /// Threads a rank computes with, its own included; 0: max(1, cores / ranks).
  int32_t threads;
  /// Seconds one wait may take before RR_DEADLINE_EXCEEDED; 0: 60.
  double timeout_seconds;
  /// Emulated link of the thread transport, per rank and direction: bytes per
  /// second (0: as fast as memory) and seconds per message.
  double link_bandwidth;
  double link_latency;
  /// Record spans for `rr_trace_dump`.
  int32_t trace;
} rr_world_options;

/// Fills `options` with the defaults (struct_size included).
RR_EXPORT void rr_world_options_init(rr_world_options *options);
RR_EXPORT int32_t rr_world_create(const rr_world_options *options,
                                  rr_world **out);
RR_EXPORT void rr_world_destroy(rr_world *world);
RR_EXPORT int32_t rr_world_size(const rr_world *world);

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// Loads a compiled module (a shared object). Its ABI version and its manifest
/// are checked. A module for another CPU can be opened, to look into it, but
/// `rr_context_create` refuses it.
RR_EXPORT int32_t rr_module_open(const char *path, rr_module **out);
/// The same for code that is already in memory (JIT compilers); the code must
/// outlive the module.
RR_EXPORT int32_t rr_module_from_query(rr_module_query_fn query,
                                       rr_module **out);
RR_EXPORT void rr_module_close(rr_module *module);
RR_EXPORT const char *rr_module_manifest(const rr_module *module);
RR_EXPORT const uint8_t *rr_module_program(const rr_module *module,
                                           size_t *size);

//===----------------------------------------------------------------------===//
// Contexts: one rank executing one module
//===----------------------------------------------------------------------===//

RR_EXPORT int32_t rr_context_create(rr_world *world, rr_module *module,
                                    int32_t rank, rr_context **out);
RR_EXPORT void rr_context_destroy(rr_context *context);

/// Fixes the entry and the global sizes of its arguments (all dimensions of all
/// arguments, concatenated), checks them against the manifest (static sizes,
/// element counts within 64 bits), and allocates the rank's shards of arguments
/// and results. Every rank must bind the same.
RR_EXPORT int32_t rr_bind(rr_context *context, const char *entry,
                          const int64_t *dims, size_t num_dims);

/// Shards of the bound entry: arguments 0..n-1, then results.
RR_EXPORT int32_t rr_shard(rr_context *context, size_t index, void **data,
                           size_t *bytes);
/// Copies this rank's part of a global row-major array into shard `index`.
RR_EXPORT int32_t rr_scatter(rr_context *context, size_t index,
                             const void *global);
/// Copies shard `index` to its places in a global row-major array. Ranks that
/// hold the same rows all write them, so gather those from one rank at a time.
RR_EXPORT int32_t rr_gather(rr_context *context, size_t index, void *global);

/// Runs the bound entry on the calling thread, which is this rank's own thread;
/// the other ranks must do the same. Compares a digest of (ABI, module, world
/// size, entry, sizes) between ranks first: RR_MISMATCH names both values.
RR_EXPORT int32_t rr_execute(rr_context *context);
/// The same on a thread of the runtime; `rr_wait` returns its status.
RR_EXPORT int32_t rr_execute_async(rr_context *context);
RR_EXPORT int32_t rr_wait(rr_context *context);
/// May be called from any thread and from a signal handler: every rank of the
/// world returns RR_CANCELLED within one hop. Between executions it cancels the
/// next.
RR_EXPORT void rr_cancel(rr_world *world);

//===----------------------------------------------------------------------===//
// Observation
//===----------------------------------------------------------------------===//

/// The message of the last error of `context`, or, for null, of the last failed
/// creation on this thread. Never null.
RR_EXPORT const char *rr_last_error(const rr_context *context);
RR_EXPORT const char *rr_status_name(int32_t status);

/// Counters of one rank, since the last `rr_stats_reset` except for
/// `peak_bytes`, which counts from the context's creation.
typedef struct rr_statistics {
  size_t struct_size;
  /// CPU seconds of the rank's own thread inside spans.
  double compute_seconds;
  /// Sum over exchanges received: completion minus the later of both posts.
  double comm_seconds;
  /// Time blocked in waits after both sides had posted / before that.
  double exposed_comm_seconds;
  double skew_seconds;
  /// RR_SPAN_COMPUTE spans; exchanges posted; bytes sent.
  int64_t hops;
  int64_t exchanges;
  int64_t bytes_sent;
  /// Largest number of bytes held for the rank at one time: shards, slots,
  /// scratch.
  int64_t peak_bytes;
  /// Wall seconds of the last execution, preflight excluded.
  double wall_seconds;
} rr_statistics;

RR_EXPORT int32_t rr_stats(const rr_context *context, rr_statistics *out);
RR_EXPORT void rr_stats_reset(rr_context *context);

/// Bytes that the process can still allocate and fill: the system's available
/// memory, or what its control groups leave if that is less.
RR_EXPORT int64_t rr_available_memory(void);

/// Compute spans finished so far by `context`, for progress displays; may be
/// called from any thread.
RR_EXPORT int64_t rr_progress(const rr_context *context);

/// Writes a Chrome/Perfetto trace of the last execution of all ranks (JSON;
/// process = rank, threads = compute and comm; microseconds).
RR_EXPORT int32_t rr_trace_dump(rr_world *world, const char *path);
/// Writes the last exchanges of every rank as text, for post-mortems.
RR_EXPORT int32_t rr_flight_dump(rr_world *world, const char *path);

#ifdef __cplusplus
}
#endif

#endif // RINGRT_RINGRT_H

//===- GpuCheck.h - The checks, for Python ----------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every function that can fail returns 0 or null where it does; gc_error then
// says why, in one line.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_H
#define RINGATTN_GPUCHECK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gc_device gc_device;
typedef struct gc_package gc_package;

const char *gc_error(void);

/// `ptx`: kernels' PTX is loaded, which the driver compiles, instead of cubins.
gc_device *gc_open(int managed, int checked, int timed, int ptx,
                   double timeout);
/// JSON.
const char *gc_describe(gc_device *device);
int gc_set_stream(gc_device *device, void *stream);
/// 0 where there is no memory.
uint64_t gc_allocate(gc_device *device, uint64_t bytes);
int gc_release(gc_device *device, uint64_t address);
int gc_fill(gc_device *device, uint64_t address, int byte, uint64_t bytes);
int gc_upload(gc_device *device, uint64_t to, const void *from, uint64_t bytes);
int gc_download(gc_device *device, void *to, uint64_t from, uint64_t bytes);
int gc_synchronize(gc_device *device);
/// Writes at most `most` times in milliseconds, one a kernel since the last
/// call; returns their number, or -1.
int gc_times(gc_device *device, float *milliseconds, int most);

gc_package *gc_load(gc_device *device, const char *path);
/// The stream must be empty.
int gc_unload(gc_package *package);
int gc_call(gc_package *package, const char *entry, int64_t ranks,
            void *const *buffers, int64_t count, const int64_t *dims);

/// The kernels of the golden vectors as PTX.
const char *gc_golden_kernels(void);
int gc_golden_count(void);
const char *gc_golden_name(int index);
/// Runs vector `index` with the kernels in `image`, a cubin or PTX with a final
/// 0, the same for all calls; what differs, empty where nothing does, null
/// where it could not be run.
const char *gc_golden_run(gc_device *device, const void *image, int index);
/// What came, in the last of them, where nothing is promised.
const char *gc_golden_note(gc_device *device);

#ifdef __cplusplus
}
#endif

#endif // RINGATTN_GPUCHECK_H

/* A package by hand, for what compiled ones do not do. Its entry finds a kernel
   with -DLAUNCH, describes an array that TMA cannot take with -DSTRIDE=n,
   writes to its first array with -DTOUCH. */
#include "ringrt/abi.h"
#include <stddef.h>

#ifndef VERSION
#define VERSION RR_ABI_VERSION
#endif

static int32_t run(rr_ctx *ctx, void *const *buffers, const int64_t *dims) {
#ifdef STRIDE
  _Alignas(64) unsigned char map[128];
  const int64_t sizes[4] = {1, 2, 8, 64}, box[2] = {64, 64};
  const int64_t strides[4] = {STRIDE * 16, STRIDE * 8, STRIDE, 1};
  int32_t status =
      ctx->imports->tensor_map(ctx, map, buffers[0], 2, sizes, strides, box);
  if (status)
    return status;
#endif
#ifdef LAUNCH
  const int64_t grid[3] = {1, LAUNCH, 1};
  const void *arguments[1] = {&dims};
  return ctx->imports->launch(ctx, KERNEL, grid, arguments);
#endif
#ifdef TOUCH
  *(volatile int *)buffers[0] = 0;
#endif
  return RR_OK;
}

static const char cubin[] = "not read";
static const rr_kernel kernels[] = {{"kernel", 128, 1024,
#ifdef NO_CUBIN
                                     NULL, 0,
#else
                                     cubin, sizeof(cubin),
#endif
                                     NULL, 0, NULL}};
static const rr_entry_point entries[] = {{"main", run}};
static const rr_module_header header = {
    sizeof(header), VERSION, "{}", 2, NULL, 0, entries, 1, kernels, KERNELS};

const rr_module_header *rr_module_query(uint32_t version) { return &header; }

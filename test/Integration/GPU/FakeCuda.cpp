//===- FakeCuda.cpp - A CUDA driver whose GPU is the simulator ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What tools/gpu-check needs of libcuda.so. A kernel of a package compiled with
// --with-sim runs on the simulator, and so does a golden vector's kernel; a
// launch returns when it has ended. Memory of cuMemAlloc cannot be touched but
// through the driver.
//
// The environment's RINGATTN_FAKE_CUDA is a list, by commas:
//   devices=N         number of GPUs
//   capability=M.N    of the GPU
//   fail=SYMBOL:CODE  that function returns CODE
//   hang              work never ends
//   spoil             what is read back is wrong in one bit
//   log=FILE          appends a line of JSON for every call that describes work
//
//===----------------------------------------------------------------------===//

#include "../../../runtime/test/SimGolden.h"
#include "../../../tools/gpu-check/Cuda.h"
#include "../../../tools/gpu-check/Golden.h"

#include "ringrt/abi.h"
#include "ringrt/sim.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/mman.h>

using namespace gpucheck;
using namespace ringrt::test;
using cuda::Result;

static constexpr Result invalidValue = 1, outOfMemory = 2, notFound = 500,
                        launchFailed = 719;

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

namespace {

struct FakeFunction {
  std::string name;
  const rr_kernel *kernel = nullptr; // null: a golden vector's
  int sharedBytes = 0;
};

struct FakeModule {
  const rr_module_header *header = nullptr; // null: the golden vectors
  std::map<std::string, FakeFunction> functions;
};

class Fake {
public:
  Fake();
  /// What the list says of `key`; null: nothing.
  const std::string *option(const char *key) const {
    auto it = options.find(key);
    return it == options.end() ? nullptr : &it->second;
  }
  /// The code with which `symbol` must fail, else success.
  Result failure(const char *symbol) const {
    auto it = failures.find(symbol);
    return it == failures.end() ? cuda::success : it->second;
  }
  [[gnu::format(printf, 2, 3)]] void log(const char *text, ...);

  std::recursive_mutex mutex;
  /// The sticky error.
  Result state = cuda::success;
  bool busy = false;
  /// Sizes of the memory that only the driver may touch.
  std::map<cuda::Address, size_t> memory;

private:
  std::map<std::string, std::string> options;
  std::map<std::string, Result> failures;
};

/// The memory can be touched as long as this lives.
class Access {
public:
  Access() { protect(PROT_READ | PROT_WRITE); }
  ~Access() { protect(PROT_NONE); }

private:
  static void protect(int how);
};

} // namespace

static Fake &fake() {
  static Fake instance;
  return instance;
}

Fake::Fake() {
  const char *text = std::getenv("RINGATTN_FAKE_CUDA");
  std::string list = text ? text : "";
  for (size_t begin = 0; begin < list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    std::string item = list.substr(begin, end - begin);
    size_t equals = std::min(item.find('='), item.size());
    std::string key = item.substr(0, equals);
    std::string value = equals < item.size() ? item.substr(equals + 1) : "";
    if (key == "fail")
      failures[value.substr(0, value.find(':'))] =
          std::atoi(value.substr(value.find(':') + 1).c_str());
    options[key] = value;
    begin = end + 1;
  }
}

void Fake::log(const char *text, ...) {
  const std::string *path = option("log");
  if (!path)
    return;
  std::lock_guard<std::recursive_mutex> lock(mutex);
  FILE *file = std::fopen(path->c_str(), "a");
  if (!file)
    return;
  va_list arguments;
  va_start(arguments, text);
  std::vfprintf(file, text, arguments);
  va_end(arguments);
  std::fputc('\n', file);
  std::fclose(file);
}

void Access::protect(int how) {
  for (auto [address, bytes] : fake().memory)
    mprotect(reinterpret_cast<void *>(address), bytes, how);
}

//===----------------------------------------------------------------------===//
// Kernels of the golden vectors, as GoldenKernels.cpp describes them
//===----------------------------------------------------------------------===//

/// The vector that is running.
static size_t goldenIndex;

template <typename T>
static T argument(const void *const *arguments, int index) {
  return *static_cast<const T *>(arguments[index]);
}

/// The threads copy words between the memory at `global` and shared memory.
static void copyWords(rs_thread *thread, uint64_t global, uint32_t bytes,
                      uint32_t shared, bool toShared) {
  const rs_ops *ops = thread->ops;
  for (uint32_t i = 4 * ops->sreg(thread, RS_TID_X); i < bytes; i += 512) {
    void *word = reinterpret_cast<void *>(global + i);
    if (toShared)
      ops->shared_store(thread, 0, shared + i, word, 4);
    else
      ops->shared_load(thread, 0, shared + i, word, 4);
  }
}

static uint32_t sharedBase(rs_thread *thread) {
  return static_cast<uint32_t>(
      reinterpret_cast<uintptr_t>(thread->ops->shared_base(thread)));
}

static void publish(rs_thread *thread) {
  thread->ops->fence(thread, 0, RS_FENCE_PROXY_ASYNC);
  thread->ops->bar_sync(thread, 0, 0, 0);
}

static void runProduct(rs_thread *thread, const void *const *arguments) {
  const rs_ops *ops = thread->ops;
  const WgmmaCase test = wgmmaCases()[goldenIndex];
  const auto count = static_cast<uint32_t>(test.n) / 2;
  const uint32_t base = sharedBase(thread);
  const uint32_t tid = ops->sreg(thread, RS_TID_X);
  copyWords(thread, argument<uint64_t>(arguments, 0),
            argument<uint32_t>(arguments, 1), base, true);
  copyWords(thread, argument<uint64_t>(arguments, 2),
            argument<uint32_t>(arguments, 3), base + goldenOffsetB, true);
  publish(thread);
  const auto *a =
      reinterpret_cast<uint32_t *>(argument<uint64_t>(arguments, 6)) + 4 * tid;
  auto *sums =
      reinterpret_cast<float *>(argument<uint64_t>(arguments, 7)) + count * tid;
  const rs_wgmma what = {
      test.n, test.type, test.accumulate, test.transposeA, test.transposeB,
      0,      0};
  ops->fence(thread, 0, RS_FENCE_WGMMA);
  ops->wgmma(thread, 0, &what, sums, test.registersA ? a : nullptr,
             argument<uint64_t>(arguments, 4) + (base >> 4),
             argument<uint64_t>(arguments, 5) + (base >> 4));
  ops->wgmma_commit(thread, 0);
  ops->wgmma_wait(thread, 0, 0, sums, count);
}

/// The barrier lies behind the largest box.
static constexpr uint32_t barrierOffset = 128 * 1024;

static void runCopy(rs_thread *thread, const void *const *arguments,
                    bool store) {
  const rs_ops *ops = thread->ops;
  const auto *map = static_cast<const rs_tensor_map *>(arguments[0]);
  int32_t at[5];
  for (int d = 0; d < 5; ++d)
    at[d] = argument<int32_t>(arguments, 1 + d);
  const auto image = argument<uint64_t>(arguments, 6);
  const auto imageBytes = argument<uint32_t>(arguments, 7);
  const uint32_t base = sharedBase(thread), barrier = base + barrierOffset;
  const bool first = ops->sreg(thread, RS_TID_X) == 0;
  copyWords(thread, image, imageBytes, base, true);
  if (first && !store) {
    ops->mbarrier_init(thread, 0, barrier, 1);
    ops->fence(thread, 0, RS_FENCE_MBARRIER_INIT);
  }
  publish(thread);
  if (store) {
    if (!first)
      return;
    ops->tma_store(thread, 0, base, map, at, 0);
    ops->bulk_commit(thread, 0);
    ops->bulk_wait(thread, 0, 0, 0);
    return;
  }
  if (first) {
    ops->mbarrier_expect_tx(thread, 0, barrier,
                            argument<uint32_t>(arguments, 8));
    ops->tma_load(thread, 0, base, map, at, barrier);
  }
  ops->mbarrier_wait(thread, 0, barrier, 0);
  copyWords(thread, image, imageBytes, base, false);
}

static void runLoad(rs_thread *thread, const void *const *arguments) {
  runCopy(thread, arguments, false);
}
static void runStore(rs_thread *thread, const void *const *arguments) {
  runCopy(thread, arguments, true);
}

static rs_kernel findGolden(const std::string &name) {
  static const char *const locations[] = {"golden vector"};
  size_t split = name.find('_');
  goldenIndex = static_cast<size_t>(std::atoi(name.c_str() + split + 1));
  std::string kind = name.substr(0, split);
  rs_kernel_fn function = kind == "wgmma"  ? runProduct
                          : kind == "load" ? runLoad
                                           : runStore;
  return {name.c_str(), function, 128, 200, 1, locations};
}

//===----------------------------------------------------------------------===//
// The driver
//===----------------------------------------------------------------------===//

#define FAIL_IF_ASKED(symbol)                                                  \
  if (Result result = fake().failure(#symbol); result != cuda::success)        \
  return result

extern "C" {

Result cuInit(unsigned) {
  FAIL_IF_ASKED(cuInit);
  return cuda::success;
}

Result cuDriverGetVersion(int *version) {
  *version = 13000;
  return cuda::success;
}

Result cuGetErrorName(Result result, const char **name) {
  static const std::map<Result, const char *> names = {
      {invalidValue, "CUDA_ERROR_INVALID_VALUE"},
      {outOfMemory, "CUDA_ERROR_OUT_OF_MEMORY"},
      {cuda::errorNoDevice, "CUDA_ERROR_NO_DEVICE"},
      {notFound, "CUDA_ERROR_NOT_FOUND"},
      {launchFailed, "CUDA_ERROR_LAUNCH_FAILED"}};
  auto it = names.find(result);
  *name = it == names.end() ? nullptr : it->second;
  return it == names.end() ? invalidValue : cuda::success;
}

Result cuGetErrorString(Result, const char **text) {
  *text = "as asked for";
  return cuda::success;
}

Result cuDeviceGetCount(int *count) {
  const std::string *devices = fake().option("devices");
  *count = devices ? std::atoi(devices->c_str()) : 1;
  return cuda::success;
}

Result cuDeviceGet(cuda::Ordinal *device, int index) {
  *device = index;
  return cuda::success;
}

Result cuDeviceGetName(char *name, int size, cuda::Ordinal) {
  std::snprintf(name, static_cast<size_t>(size), "Simulated GPU");
  return cuda::success;
}

Result cuDeviceGetAttribute(int *value, int attribute, cuda::Ordinal) {
  const std::string *capability = fake().option("capability");
  std::string text = capability ? *capability : "9.0";
  *value = attribute == cuda::attributeMajor ? std::atoi(text.c_str())
           : attribute == cuda::attributeMinor
               ? std::atoi(text.c_str() + text.find('.') + 1)
               : 132;
  return cuda::success;
}

Result cuDeviceTotalMem_v2(size_t *bytes, cuda::Ordinal) {
  *bytes = size_t(1) << 30;
  return cuda::success;
}

Result cuDevicePrimaryCtxRetain(cuda::Context *context, cuda::Ordinal) {
  *context = &fake();
  return cuda::success;
}

Result cuDevicePrimaryCtxRelease_v2(cuda::Ordinal) { return cuda::success; }

Result cuCtxSetCurrent(cuda::Context) { return cuda::success; }

static Result allocate(cuda::Address *address, size_t bytes, bool managed) {
  std::lock_guard<std::recursive_mutex> lock(fake().mutex);
  bytes = (bytes + 4095) / 4096 * 4096;
  void *data =
      mmap(nullptr, bytes, managed ? PROT_READ | PROT_WRITE : PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return outOfMemory;
  *address = reinterpret_cast<uintptr_t>(data);
  if (!managed)
    fake().memory[*address] = bytes;
  return cuda::success;
}

Result cuMemAlloc_v2(cuda::Address *address, size_t bytes) {
  FAIL_IF_ASKED(cuMemAlloc_v2);
  return allocate(address, bytes, false);
}

Result cuMemAllocManaged(cuda::Address *address, size_t bytes, unsigned) {
  FAIL_IF_ASKED(cuMemAllocManaged);
  return allocate(address, bytes, true);
}

Result cuMemFree_v2(cuda::Address) { return cuda::success; }

Result cuMemcpyHtoD_v2(cuda::Address to, const void *from, size_t bytes) {
  std::lock_guard<std::recursive_mutex> lock(fake().mutex);
  Access access;
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return fake().state;
}

Result cuMemcpyDtoH_v2(void *to, cuda::Address from, size_t bytes) {
  std::lock_guard<std::recursive_mutex> lock(fake().mutex);
  Access access;
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
  // The exponent of an element in the middle.
  if (fake().option("spoil") && bytes > 3)
    static_cast<unsigned char *>(to)[(bytes / 2) | 3] ^= 0x40;
  return fake().state;
}

Result cuMemcpyDtoDAsync_v2(cuda::Address to, cuda::Address from, size_t bytes,
                            cuda::Stream) {
  std::lock_guard<std::recursive_mutex> lock(fake().mutex);
  Access access;
  std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from),
              bytes);
  return fake().state;
}

Result cuMemsetD8Async(cuda::Address address, unsigned char byte, size_t bytes,
                       cuda::Stream) {
  std::lock_guard<std::recursive_mutex> lock(fake().mutex);
  Access access;
  std::memset(reinterpret_cast<void *>(address), byte, bytes);
  return fake().state;
}

Result cuModuleLoadData(cuda::Module *module, const void *image) {
  FAIL_IF_ASKED(cuModuleLoadData);
  auto loaded = new FakeModule;
  *module = loaded;
  // A package's cubin lies in the package.
  Dl_info info;
  if (!dladdr(image, &info) || !info.dli_fname)
    return cuda::success;
  void *library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  void *query = library ? dlsym(library, "rr_module_query") : nullptr;
  if (!query)
    return cuda::success;
  loaded->header = reinterpret_cast<rr_module_query_fn>(query)(RR_ABI_VERSION);
  return loaded->header ? cuda::success : invalidValue;
}

Result cuModuleUnload(cuda::Module module) {
  delete static_cast<FakeModule *>(module);
  return cuda::success;
}

Result cuModuleGetFunction(cuda::Function *function, cuda::Module in,
                           const char *name) {
  auto *module = static_cast<FakeModule *>(in);
  FakeFunction found{name};
  if (module->header) {
    for (uint64_t i = 0; i < module->header->num_kernels; ++i)
      if (found.name == module->header->kernels[i].name)
        found.kernel = &module->header->kernels[i];
    if (!found.kernel)
      return notFound;
  }
  *function = &module->functions.emplace(name, found).first->second;
  return cuda::success;
}

Result cuFuncSetAttribute(cuda::Function in, int attribute, int value) {
  FAIL_IF_ASKED(cuFuncSetAttribute);
  auto *function = static_cast<FakeFunction *>(in);
  if (attribute == cuda::functionSharedBytes)
    function->sharedBytes = value;
  fake().log("{\"call\": \"cuFuncSetAttribute\", \"name\": \"%s\", "
             "\"attribute\": %d, \"value\": %d}",
             function->name.c_str(), attribute, value);
  return cuda::success;
}

Result cuLaunchKernel(cuda::Function in, unsigned x, unsigned y, unsigned z,
                      unsigned threads, unsigned threadsY, unsigned threadsZ,
                      unsigned sharedBytes, cuda::Stream, void **arguments,
                      void **) {
  FAIL_IF_ASKED(cuLaunchKernel);
  std::lock_guard<std::recursive_mutex> lock(fake().mutex);
  auto *function = static_cast<FakeFunction *>(in);
  fake().log("{\"call\": \"cuLaunchKernel\", \"name\": \"%s\", \"grid\": [%u, "
             "%u, %u], \"block\": [%u, %u, %u], \"shared\": %u}",
             function->name.c_str(), x, y, z, threads, threadsY, threadsZ,
             sharedBytes);
  if (static_cast<int>(sharedBytes) >
      std::max(48 * 1024, function->sharedBytes))
    return invalidValue;
  fake().busy = fake().option("hang");
  if (fake().busy)
    return cuda::success;
  rs_kernel golden;
  const rs_kernel *kernel = nullptr;
  if (function->kernel) {
    kernel = function->kernel->simulated;
    if (!kernel || kernel->threads != threads)
      return invalidValue;
  } else {
    golden = findGolden(function->name);
    kernel = &golden;
  }
  rs_launch launch = {};
  launch.struct_size = sizeof(launch);
  launch.grid[0] = x;
  launch.grid[1] = y;
  launch.grid[2] = z;
  launch.shared_bytes = sharedBytes;
  launch.arguments = arguments;
  char message[1024];
  Access access;
  if (rs_run(kernel, &launch, message, sizeof(message)) != 0) {
    std::fprintf(stderr, "%s\n", message);
    fake().state = launchFailed;
  }
  return cuda::success;
}

Result cuStreamQuery(cuda::Stream) {
  FAIL_IF_ASKED(cuStreamQuery);
  return fake().busy ? cuda::errorNotReady : fake().state;
}

Result cuEventCreate(cuda::Event *event, unsigned) {
  *event = &fake();
  return cuda::success;
}
Result cuEventDestroy_v2(cuda::Event) { return cuda::success; }
Result cuEventRecord(cuda::Event, cuda::Stream) { return cuda::success; }
Result cuEventElapsedTime(float *milliseconds, cuda::Event, cuda::Event) {
  *milliseconds = 0.5f;
  return cuda::success;
}

Result cuTensorMapEncodeTiled(void *to, int type, unsigned rank, void *base,
                              const uint64_t *sizes, const uint64_t *strides,
                              const uint32_t *box, const uint32_t *steps,
                              int interleave, int swizzle, int promotion,
                              int fill) {
  FAIL_IF_ASKED(cuTensorMapEncodeTiled);
  rs_tensor_map map = {};
  map.base = reinterpret_cast<uintptr_t>(base);
  map.rank = static_cast<uint16_t>(rank);
  map.element_bytes = type == cuda::typeBFloat16 ? 2 : 4;
  map.swizzle = static_cast<uint16_t>(swizzle == 0 ? 0 : 16 << swizzle);
  map.fill_nan = static_cast<uint16_t>(fill);
  // What the driver's documentation demands.
  if (reinterpret_cast<uintptr_t>(to) % 64 != 0 || map.base % 16 != 0 ||
      rank < 1 || rank > 5 || interleave != cuda::interleaveNone ||
      (type != cuda::typeBFloat16 && type != cuda::typeFloat32))
    return invalidValue;
  for (unsigned d = 0; d < rank; ++d) {
    if (sizes[d] == 0 || sizes[d] > uint64_t(1) << 32 || box[d] == 0 ||
        box[d] > 256 || steps[d] != 1)
      return invalidValue;
    map.size[d] = sizes[d];
    map.box[d] = box[d];
    if (d == 0)
      continue;
    if (strides[d - 1] % 16 != 0 || strides[d - 1] >= uint64_t(1) << 40)
      return invalidValue;
    map.stride[d - 1] = strides[d - 1];
  }
  const uint32_t row = box[0] * map.element_bytes;
  if (row % 16 != 0 || (map.swizzle && row > map.swizzle))
    return invalidValue;
  static_assert(sizeof(map) <= cuda::tensorMapBytes);
  std::memset(to, 0, cuda::tensorMapBytes);
  std::memcpy(to, &map, sizeof(map));
  fake().log(
      "{\"call\": \"cuTensorMapEncodeTiled\", \"type\": %d, \"sizes\": [%llu, "
      "%llu, %llu, %llu], \"strides\": [%llu, %llu, %llu], \"box\": [%u, %u, "
      "%u, %u], \"swizzle\": %d, \"promotion\": %d, \"fill\": %d}",
      type, static_cast<unsigned long long>(map.size[0]),
      static_cast<unsigned long long>(map.size[1]),
      static_cast<unsigned long long>(map.size[2]),
      static_cast<unsigned long long>(map.size[3]),
      static_cast<unsigned long long>(map.stride[0]),
      static_cast<unsigned long long>(map.stride[1]),
      static_cast<unsigned long long>(map.stride[2]), map.box[0], map.box[1],
      map.box[2], map.box[3], swizzle, promotion, fill);
  return cuda::success;
}

} // extern "C"

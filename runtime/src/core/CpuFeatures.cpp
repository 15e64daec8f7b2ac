//===- CpuFeatures.cpp - What this machine's CPU can do -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/CpuFeatures.h"

#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ringrt {

namespace {

enum Register { EAX, EBX, ECX, EDX };

/// State the operating system must save for a feature to be usable: bits of
/// XCR0.
enum : uint64_t {
  NoState = 0,
  AvxState = 0x6,
  Avx512State = 0xe6,
  AmxState = 0x60000,
  ApxState = 0x80000
};

struct Feature {
  std::string_view name;
  uint32_t leaf;
  uint32_t subleaf;
  Register reg;
  uint32_t bit;
  uint64_t state;
};

constexpr Feature features[] = {
    {"sse", 1, 0, EDX, 25, NoState},
    {"sse2", 1, 0, EDX, 26, NoState},
    {"sse3", 1, 0, ECX, 0, NoState},
    {"ssse3", 1, 0, ECX, 9, NoState},
    {"sse4.1", 1, 0, ECX, 19, NoState},
    {"sse4.2", 1, 0, ECX, 20, NoState},
    {"sse4a", 0x80000001, 0, ECX, 6, NoState},
    {"pclmul", 1, 0, ECX, 1, NoState},
    {"movbe", 1, 0, ECX, 22, NoState},
    {"popcnt", 1, 0, ECX, 23, NoState},
    {"aes", 1, 0, ECX, 25, NoState},
    {"fma", 1, 0, ECX, 12, AvxState},
    {"avx", 1, 0, ECX, 28, AvxState},
    {"f16c", 1, 0, ECX, 29, AvxState},
    {"fma4", 0x80000001, 0, ECX, 16, AvxState},
    {"xop", 0x80000001, 0, ECX, 11, AvxState},
    {"tbm", 0x80000001, 0, ECX, 21, NoState},
    {"lzcnt", 0x80000001, 0, ECX, 5, NoState},
    {"bmi", 7, 0, EBX, 3, NoState},
    {"avx2", 7, 0, EBX, 5, AvxState},
    {"bmi2", 7, 0, EBX, 8, NoState},
    {"avx512f", 7, 0, EBX, 16, Avx512State},
    {"avx512dq", 7, 0, EBX, 17, Avx512State},
    {"avx512ifma", 7, 0, EBX, 21, Avx512State},
    {"avx512pf", 7, 0, EBX, 26, Avx512State},
    {"avx512er", 7, 0, EBX, 27, Avx512State},
    {"avx512cd", 7, 0, EBX, 28, Avx512State},
    {"avx512bw", 7, 0, EBX, 30, Avx512State},
    {"avx512vl", 7, 0, EBX, 31, Avx512State},
    {"avx512vbmi", 7, 0, ECX, 1, Avx512State},
    {"avx512vbmi2", 7, 0, ECX, 6, Avx512State},
    {"gfni", 7, 0, ECX, 8, NoState},
    {"vaes", 7, 0, ECX, 9, AvxState},
    {"vpclmulqdq", 7, 0, ECX, 10, AvxState},
    {"avx512vnni", 7, 0, ECX, 11, Avx512State},
    {"avx512bitalg", 7, 0, ECX, 12, Avx512State},
    {"avx512vpopcntdq", 7, 0, ECX, 14, Avx512State},
    {"avx512vp2intersect", 7, 0, EDX, 8, Avx512State},
    {"amx-bf16", 7, 0, EDX, 22, AmxState},
    {"avx512fp16", 7, 0, EDX, 23, Avx512State},
    {"amx-tile", 7, 0, EDX, 24, AmxState},
    {"amx-int8", 7, 0, EDX, 25, AmxState},
    {"avxvnni", 7, 1, EAX, 4, AvxState},
    {"avx512bf16", 7, 1, EAX, 5, Avx512State},
    {"amx-fp16", 7, 1, EAX, 21, AmxState},
    {"avxifma", 7, 1, EAX, 23, AvxState},
    {"avxvnniint8", 7, 1, EDX, 4, AvxState},
    {"avxneconvert", 7, 1, EDX, 5, AvxState},
    {"amx-complex", 7, 1, EDX, 8, AmxState},
    {"avxvnniint16", 7, 1, EDX, 10, AvxState},
    {"avx10.1", 7, 1, EDX, 19, Avx512State},
    {"avx10.1-256", 7, 1, EDX, 19, AvxState},
    {"avx10.1-512", 7, 1, EDX, 19, Avx512State},
    {"egpr", 7, 1, EDX, 21, ApxState},
    {"push2pop2", 7, 1, EDX, 21, ApxState},
    {"ppx", 7, 1, EDX, 21, ApxState},
    {"ndd", 7, 1, EDX, 21, ApxState},
    {"ccmp", 7, 1, EDX, 21, ApxState},
    {"nf", 7, 1, EDX, 21, ApxState},
    {"cf", 7, 1, EDX, 21, ApxState},
    {"zu", 7, 1, EDX, 21, ApxState},
};

bool startsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

#if defined(__x86_64__)
/// What the operating system saves on a context switch.
uint64_t enabledState() {
  uint32_t eax, ebx, ecx, edx;
  constexpr uint32_t osxsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & osxsave))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t(high) << 32) | low;
}

bool hasFeature(const Feature &feature) {
  uint32_t regs[4];
  if (!__get_cpuid_count(feature.leaf, feature.subleaf, &regs[EAX], &regs[EBX],
                         &regs[ECX], &regs[EDX]))
    return false;
  return (regs[feature.reg] >> feature.bit & 1) &&
         (enabledState() & feature.state) == feature.state;
}
#else
bool hasFeature(const Feature &) { return false; }
#endif

} // namespace

Status checkCpuFeatures(const std::vector<std::string> &names) {
  for (const std::string &spelled : names) {
    std::string_view name = spelled;
    if (startsWith(name, "-"))
      continue;
    if (startsWith(name, "+"))
      name.remove_prefix(1);
    const Feature *known = nullptr;
    for (const Feature &feature : features)
      if (feature.name == name)
        known = &feature;
    if (known && !hasFeature(*known))
      return makeError(RR_UNAVAILABLE,
                       "the module was compiled for a CPU with '%.*s', which "
                       "this machine lacks",
                       int(name.size()), name.data());
    if (!known && (startsWith(name, "sse") || startsWith(name, "avx") ||
                   startsWith(name, "amx")))
      return makeError(RR_UNAVAILABLE,
                       "the module was compiled for a CPU with '%.*s', a "
                       "vector extension this runtime does not know",
                       int(name.size()), name.data());
  }
  return {};
}

} // namespace ringrt

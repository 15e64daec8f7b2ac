//===- peak.c - What one core can multiply and add ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Prints GFLOP/s of independent multiply-adds in registers, the ceiling of any
// kernel: peak f32|bf16 SECONDS. Compiled for the machine it runs on.
//
//===----------------------------------------------------------------------===//

#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Enough chains to hide the latency of two units, few enough to stay in
// registers.
enum { Chains = 12, Steps = 100000 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#ifdef __AVX512F__
typedef __m512 Vector;
#define SPLAT _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#else
typedef __m256 Vector;
#define SPLAT _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#endif

static volatile float sink;

static double multiplyAddF32(void) {
  Vector sums[Chains], a = SPLAT(0.5f), b = SPLAT(1e-3f);
  for (int i = 0; i < Chains; ++i)
    sums[i] = SPLAT((float)i);
  for (int step = 0; step < Steps; ++step) {
#pragma clang loop unroll(full)
    for (int i = 0; i < Chains; ++i)
      sums[i] = FMA(sums[i], a, b);
    // Keeps the compiler from simplifying the chains.
    __asm__ volatile("" : "+v"(a), "+v"(b));
  }
  for (int i = 0; i < Chains; ++i)
    sink = sums[i][0];
  return 2.0 * (sizeof(Vector) / sizeof(float)) * Chains * Steps;
}

#ifdef __AVX512BF16__
static double dotBF16(void) {
  __m512 sums[Chains];
  __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f00);
  __m512bh b = (__m512bh)_mm512_set1_epi16(0x3a80);
  for (int i = 0; i < Chains; ++i)
    sums[i] = _mm512_set1_ps((float)i);
  for (int step = 0; step < Steps; ++step) {
#pragma clang loop unroll(full)
    for (int i = 0; i < Chains; ++i)
      sums[i] = _mm512_dpbf16_ps(sums[i], a, b);
    __asm__ volatile("" : "+v"(a), "+v"(b));
  }
  for (int i = 0; i < Chains; ++i)
    sink = sums[i][0];
  return 2.0 * 32 * Chains * Steps;
}
#endif

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "error: usage: peak f32|bf16 SECONDS\n");
    return 2;
  }
  double (*body)(void) = multiplyAddF32;
#ifdef __AVX512BF16__
  if (strcmp(argv[1], "bf16") == 0)
    body = dotBF16;
#endif
  body();
  double limit = atof(argv[2]), start = now(), seconds = 0, flops = 0;
  while (seconds < limit) {
    flops += body();
    seconds = now() - start;
  }
  printf("%.3f\n", flops / seconds * 1e-9);
  return 0;
}

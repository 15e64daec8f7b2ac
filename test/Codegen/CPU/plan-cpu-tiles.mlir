// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-plan-cpu-tiles{target-cpu=znver5}))' | FileCheck %s --check-prefixes=CHECK,BF16DOT
// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-plan-cpu-tiles{target-cpu=sapphirerapids}))' | FileCheck %s --check-prefix=NODOT
// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-plan-cpu-tiles{target-cpu=haswell}))' | FileCheck %s --check-prefix=AVX2
// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-plan-cpu-tiles{target-cpu=x86-64}))' | FileCheck %s --check-prefix=SSE2

// CHECK-LABEL: @large(
// CHECK-SAME:    ringattn.cpu = {avx512_exp2, {{.*}}fma, lanes = 16 : i64, pair = 1 : i64, panel = 64
// CHECK-SAME:    ringattn.tiles = {columns = 128 : i64, head_size = 64 : i64, masked_columns = 64 : i64, operand = f32, rows = 48 : i64, value_size = 64 : i64}
// AVX2-LABEL:  @large(
// AVX2-SAME:     ringattn.cpu = {fma, lanes = 8 : i64, {{.*}} register_rows = 6
// SSE2-LABEL:  @large(
// SSE2-SAME:     ringattn.cpu = {lanes = 4
// SSE2-NOT:      fma
// SSE2-LABEL:  @small(
func.func private @large(%q: memref<1x4x?x64xf32>, %k: memref<1x2x?x64xf32>, %v: memref<1x2x?x64xf32>,
    %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %l: memref<1x4x?xf32>,
    %qr: index, %kr: index, %s: index, %s2: index, %p: index, %hop: index) attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x4x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%o, %m, %l : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%qr, %kr of %p) global(%s, %s2) hop(%hop)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0.125 : f64}
  return
}

// Small problems get small tiles, and heads are padded to whole registers.
// CHECK-LABEL: @small(
// CHECK-SAME:    columns = 16 : i64, head_size = 3 : i64, masked_columns = 16 : i64, operand = f32, rows = 8 : i64, value_size = 48
func.func private @small(%q: memref<1x1x5x3xf32>, %k: memref<1x1x9x3xf32>, %v: memref<1x1x9x40xf32>, %o: memref<1x1x5x40xf32>,
                         %m: memref<1x1x5xf32>, %i: index) attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x1x5x3xf32>, memref<1x1x9x3xf32>, memref<1x1x9x40xf32>)
    outs(%o, %m, %m : memref<1x1x5x40xf32>, memref<1x1x5xf32>, memref<1x1x5xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// The dot product is used where it is fast; elsewhere bf16 is converted while
// packing.
// BF16DOT-LABEL: @half(
// BF16DOT-SAME:    pair = 2
// BF16DOT-SAME:    head_size = 4 : i64, {{.*}} operand = bf16
// NODOT-LABEL:   @half(
// NODOT-SAME:      pair = 1
// NODOT-SAME:      operand = f32
func.func private @half(%q: memref<1x1x5x3xbf16>, %o: memref<1x1x5x3xf32>, %m: memref<1x1x5xf32>, %i: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x1x5x3xbf16>, memref<1x1x5x3xbf16>, memref<1x1x5x3xbf16>)
    outs(%o, %m, %m : memref<1x1x5x3xf32>, memref<1x1x5xf32>, memref<1x1x5xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// A plan that is there stays.
// CHECK-LABEL: @mine(
// CHECK-SAME:    ringattn.tiles = {rows = 1 : i64}
func.func private @mine(%o: memref<1x1x8x4xf32>, %m: memref<1x1x8xf32>) attributes {ringattn.kernel, ringattn.tiles = {rows = 1}} {
  ringattn.finalize ins(%o, %m, %m : memref<1x1x8x4xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>) outs(%o : memref<1x1x8x4xf32>)
  return
}

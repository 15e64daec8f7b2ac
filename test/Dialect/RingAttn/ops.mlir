// RUN: ringattn-opt %s | ringattn-opt | FileCheck %s
// RUN: ringattn-opt %s -mlir-print-op-generic | ringattn-opt | FileCheck %s

// CHECK: shard.grid @ring(shape = 4)
shard.grid @ring(shape = 4)
// CHECK: shard.grid @mesh(shape = 2x?x4)
shard.grid @mesh(shape = 2x?x4)

// The text of the language's definition, as a user writes it.
// CHECK-LABEL: func.func @main
// CHECK: ringattn.attention %{{.*}}, %{{.*}}, %{{.*}} {mask = #ringattn.causal, scale = 1.250000e-01 : f32, sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.striped<granularity = 1>>} : (tensor<1x8x4096x64xf32>, tensor<1x2x4096x64xf32>, tensor<1x2x4096x64xf32>) -> tensor<1x8x4096x64xf32>
func.func @main(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x2x4096x64xf32>, %v: tensor<1x2x4096x64xf32>)
    -> tensor<1x8x4096x64xf32> {
  %o = ringattn.attention %q, %k, %v {
      mask = #ringattn.causal,
      scale = 1.250000e-01 : f32,
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.striped<granularity = 1>>}
    : (tensor<1x8x4096x64xf32>, tensor<1x2x4096x64xf32>, tensor<1x2x4096x64xf32>) -> tensor<1x8x4096x64xf32>
  return %o : tensor<1x8x4096x64xf32>
}

// What equals a default is not printed.
// CHECK-LABEL: func.func @defaults_are_elided
// CHECK: ringattn.attention %{{.*}}, %{{.*}}, %{{.*}} : (
// CHECK: ringattn.attention %{{.*}}, %{{.*}}, %{{.*}} {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (
func.func @defaults_are_elided(%q: tensor<1x2x8x4xf32>) {
  %0 = ringattn.attention %q, %q, %q {mask = #ringattn.full}
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  %1 = ringattn.attention %q, %q, %q {
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.contiguous>}
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return
}

// CHECK-LABEL: func.func @layouts
// CHECK-SAME: #ringattn.contiguous
// CHECK-SAME: #ringattn.striped<granularity = 64>
// CHECK-SAME: #ringattn.zigzag
func.func @layouts() attributes {
    test = [#ringattn.contiguous, #ringattn.striped<granularity = 64>, #ringattn.zigzag]} {
  return
}

// CHECK-LABEL: func.func @masks
// CHECK-SAME: #ringattn.full, #ringattn.causal, #ringattn.sliding_window,
// CHECK-SAME: #ringattn.sliding_window<left = 3>, #ringattn.sliding_window<right = 0>,
// CHECK-SAME: #ringattn.sliding_window<left = 9223372036854775807, right = 2>
func.func @masks() attributes {
    test = [#ringattn.full, #ringattn.causal, #ringattn.sliding_window,
            #ringattn.sliding_window<left = 3>, #ringattn.sliding_window<right = 0>,
            #ringattn.sliding_window<left = 9223372036854775807, right = 2>]} {
  return
}

// CHECK-LABEL: func.func @several_axes
// CHECK: sharding = #ringattn.seq_sharding<@mesh, axes = [2, 0], layout = #ringattn.zigzag>
func.func @several_axes(%q: tensor<1x2x8x4xf32>) {
  %0 = ringattn.attention %q, %q, %q {
      sharding = #ringattn.seq_sharding<@mesh, axes = [2, 0], layout = #ringattn.zigzag>}
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return
}

// The LSE is f32 for 16-bit and f32 storage, f64 for f64.
// CHECK-LABEL: func.func @lse_and_storage_types
// CHECK: -> (tensor<1x2x8x4xf32>, tensor<1x2x8xf32>)
// CHECK: -> (tensor<1x2x8x4xf16>, tensor<1x2x8xf32>)
// CHECK: -> (tensor<1x2x8x4xbf16>, tensor<1x2x8xf32>)
// CHECK: -> (tensor<1x2x8x4xf64>, tensor<1x2x8xf64>)
func.func @lse_and_storage_types(%f32: tensor<1x2x8x4xf32>, %f16: tensor<1x2x8x4xf16>,
                                 %bf16: tensor<1x2x8x4xbf16>, %f64: tensor<1x2x8x4xf64>) {
  %0:2 = ringattn.attention %f32, %f32, %f32
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> (tensor<1x2x8x4xf32>, tensor<1x2x8xf32>)
  %1:2 = ringattn.attention %f16, %f16, %f16
    : (tensor<1x2x8x4xf16>, tensor<1x2x8x4xf16>, tensor<1x2x8x4xf16>) -> (tensor<1x2x8x4xf16>, tensor<1x2x8xf32>)
  %2:2 = ringattn.attention %bf16, %bf16, %bf16
    : (tensor<1x2x8x4xbf16>, tensor<1x2x8x4xbf16>, tensor<1x2x8x4xbf16>) -> (tensor<1x2x8x4xbf16>, tensor<1x2x8xf32>)
  %3:2 = ringattn.attention %f64, %f64, %f64
    : (tensor<1x2x8x4xf64>, tensor<1x2x8x4xf64>, tensor<1x2x8x4xf64>) -> (tensor<1x2x8x4xf64>, tensor<1x2x8xf64>)
  return
}

// Grouped heads, Dv != D, Sq != Sk under the full mask; batch and sequence may be
// dynamic, also under masks that need Sq = Sk.
// CHECK-LABEL: func.func @shapes
// CHECK: (tensor<2x6x9x4xf32>, tensor<2x3x17x4xf32>, tensor<2x3x17x5xf32>) -> tensor<2x6x9x5xf32>
// CHECK: {mask = #ringattn.causal} : (tensor<?x6x?x4xf32>, tensor<?x3x?x4xf32>, tensor<?x3x?x5xf32>) -> tensor<?x6x?x5xf32>
func.func @shapes(%q: tensor<2x6x9x4xf32>, %k: tensor<2x3x17x4xf32>, %v: tensor<2x3x17x5xf32>,
                  %qd: tensor<?x6x?x4xf32>, %kd: tensor<?x3x?x4xf32>, %vd: tensor<?x3x?x5xf32>) {
  %0 = ringattn.attention %q, %k, %v
    : (tensor<2x6x9x4xf32>, tensor<2x3x17x4xf32>, tensor<2x3x17x5xf32>) -> tensor<2x6x9x5xf32>
  %1 = ringattn.attention %qd, %kd, %vd {mask = #ringattn.causal}
    : (tensor<?x6x?x4xf32>, tensor<?x3x?x4xf32>, tensor<?x3x?x5xf32>) -> tensor<?x6x?x5xf32>
  return
}

// A negative scale and one of another float type are scales.
// CHECK-LABEL: func.func @scales
// CHECK: scale = -2.000000e+00 : f64
// CHECK: scale = 0.000000e+00 : bf16
func.func @scales(%q: tensor<1x2x8x4xf32>) {
  %0 = ringattn.attention %q, %q, %q {scale = -2.0 : f64}
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  %1 = ringattn.attention %q, %q, %q {scale = 0.0 : bf16}
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return
}

// What another dialect attaches is its own affair.
// CHECK-LABEL: func.func @foreign_attribute
// CHECK: {tensor.note = "seen"}
func.func @foreign_attribute(%q: tensor<1x2x8x4xf32>) {
  %0 = ringattn.attention %q, %q, %q {tensor.note = "seen"}
    : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return
}

// CHECK-LABEL: func.func @spmd
// CHECK: ringattn.ring_attention ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<1x4x2x4xf32>, tensor<1x2x?x4xf32>, tensor<1x2x?x8xf32>) outs(%{{.*}}, %{{.*}} : tensor<1x4x2x8xf32>, tensor<1x4x2xf32>) global(%{{.*}}, %{{.*}}) {mask = #ringattn.causal, scale = 5.000000e-01 : f64, sharding = #ringattn.seq_sharding<@ring, axes = [0]>} -> tensor<1x4x2x8xf32>, tensor<1x4x2xf32>
// CHECK: ringattn.ring_attention ins({{.*}} : memref<1x4x2x4xf32>, memref<1x4x2x4xf32>, memref<1x4x2x4xf32>) outs(%{{.*}} : memref<1x4x2x4xf32>) global(%{{.*}}, %{{.*}}) {mask = #ringattn.full, scale = 1.000000e+00 : f32}
func.func @spmd(%q: tensor<1x4x2x4xf32>, %k: tensor<1x2x?x4xf32>, %v: tensor<1x2x?x8xf32>,
                %o: tensor<1x4x2x8xf32>, %lse: tensor<1x4x2xf32>, %m: memref<1x4x2x4xf32>, %s: index) {
  %0:2 = ringattn.ring_attention
    ins(%q, %k, %v : tensor<1x4x2x4xf32>, tensor<1x2x?x4xf32>, tensor<1x2x?x8xf32>)
    outs(%o, %lse : tensor<1x4x2x8xf32>, tensor<1x4x2xf32>) global(%s, %s)
    {mask = #ringattn.causal, scale = 0.5 : f64, sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    -> tensor<1x4x2x8xf32>, tensor<1x4x2xf32>
  ringattn.ring_attention
    ins(%m, %m, %m : memref<1x4x2x4xf32>, memref<1x4x2x4xf32>, memref<1x4x2x4xf32>)
    outs(%m : memref<1x4x2x4xf32>) global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// CHECK-LABEL: func.func @ring_level
// CHECK: ringattn.shard_length %{{.*}}, %{{.*}}, %{{.*}} {layout = #ringattn.striped<granularity = 1>}
// CHECK: ringattn.online_attention ins({{.*}} : memref<1x4x?x4xbf16>, memref<1x2x?x4xbf16, strided<[?, ?, ?, 1], offset: ?>>, memref<1x2x?x8xbf16>) outs({{.*}} : memref<1x4x?x8xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>) at(%{{.*}}, %{{.*}} of %{{.*}}) global(%{{.*}}, %{{.*}}) hop(%{{.*}}) {layout = #ringattn.zigzag, mask = #ringattn.causal, scale = 5.000000e-01 : f64}
// CHECK: ringattn.finalize ins({{.*}} : memref<1x4x?x8xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>) outs({{.*}} : memref<1x4x?x8xbf16>, memref<1x4x?xf32>)
func.func @ring_level(%q: memref<1x4x?x4xbf16>, %k: memref<1x2x?x4xbf16, strided<[?, ?, ?, 1], offset: ?>>,
                %v: memref<1x2x?x8xbf16>, %o: memref<1x4x?x8xbf16>, %acc: memref<1x4x?x8xf32>,
                %max: memref<1x4x?xf32>, %sum: memref<1x4x?xf32>, %lse: memref<1x4x?xf32>,
                %r: index, %s: index, %p: index) {
  %n = ringattn.shard_length %s, %p, %r {layout = #ringattn.striped<granularity = 1>}
  ringattn.online_attention
    ins(%q, %k, %v : memref<1x4x?x4xbf16>, memref<1x2x?x4xbf16, strided<[?, ?, ?, 1], offset: ?>>, memref<1x2x?x8xbf16>)
    outs(%acc, %max, %sum : memref<1x4x?x8xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%r, %r of %p) global(%s, %s) hop(%r)
    {layout = #ringattn.zigzag, mask = #ringattn.causal, scale = 0.5 : f64}
  ringattn.finalize ins(%acc, %max, %sum : memref<1x4x?x8xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    outs(%o, %lse : memref<1x4x?x8xbf16>, memref<1x4x?xf32>)
  return
}

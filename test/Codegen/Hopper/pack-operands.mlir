// RUN: ringattn-opt %s --ringattn-hopper-kernels | FileCheck %s

// Factors that TMA or wgmma cannot take are copied before the launch.

// CHECK-LABEL: func.func private @odd_rows
// CHECK-COUNT-3: gpu.launch_func @kernels::@pack_rows_bf16 blocks in (%{{.*}}) threads in (%c256
// CHECK:         gpu.launch_func @kernels::@odd_rows
// CHECK-COUNT-3: memref.dealloc
func.func private @odd_rows(%q: memref<1x2x?x3xbf16>, %k: memref<1x2x?x3xbf16>, %v: memref<1x2x?x64xbf16>,
    %o: memref<1x2x?x64xf32>, %m: memref<1x2x?xf32>, %l: memref<1x2x?xf32>, %r: index, %s: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x?x3xbf16>, memref<1x2x?x3xbf16>, memref<1x2x?x64xbf16>)
    outs(%o, %m, %l : memref<1x2x?x64xf32>, memref<1x2x?xf32>, memref<1x2x?xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%r) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// V is transposed: 64 rows (of Dv) and 32 columns (keys) a box.
// CHECK-LABEL: func.func private @tf32
// CHECK-DAG:     gpu.launch_func @kernels::@pack_rows_tf32
// CHECK-DAG:     gpu.launch_func @kernels::@pack_columns_tf32
// CHECK-DAG:     ringrt.tensor_map %{{.*}} {box = array<i64: 32, 192>}
// CHECK-DAG:     ringrt.tensor_map %{{.*}} {box = array<i64: 32, 64>}
// CHECK-DAG:     ringrt.tensor_map %{{.*}} {box = array<i64: 32, 64>}
// CHECK:         gpu.launch_func @kernels::@tf32
func.func private @tf32(%q: memref<1x2x?x64xf32>, %k: memref<1x2x?x64xf32>, %v: memref<1x2x?x64xf32>,
    %o: memref<1x2x?x64xf32>, %m: memref<1x2x?xf32>, %l: memref<1x2x?xf32>, %r: index, %s: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%o, %m, %l : memref<1x2x?x64xf32>, memref<1x2x?xf32>, memref<1x2x?xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%r) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// CHECK:       llvm.func @odd_rows(
// CHECK:         ringptx.wgmma bf16
// CHECK:       llvm.func @pack_rows_bf16(
// CHECK-NOT:     ringptx.to_tf32
// CHECK:       llvm.func @tf32(
// CHECK:         ringptx.wgmma tf32 %{{.*}} : i64, vector<32xf32>
// CHECK:         ringptx.to_tf32
// CHECK:         ringptx.wgmma tf32 %{{.*}} {accumulate} : vector<4xf32>, vector<32xf32>
// CHECK:       llvm.func @pack_rows_tf32(
// CHECK:         ringptx.to_tf32
// CHECK:       llvm.func @pack_columns_tf32(
// CHECK:         ringptx.to_tf32

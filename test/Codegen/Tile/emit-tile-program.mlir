// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-emit-tile-program,canonicalize,cse))' | FileCheck %s

// Tiles that the mask leaves whole take the wide body without mask code, cut
// tiles narrow steps with it, and empty steps are skipped.
// CHECK-LABEL: func.func @attention(
// CHECK:         scf.forall (%[[H:.*]], %{{.*}}) in (4, %{{.*}})
// CHECK:           ringattn.load_tile {{.*}} -> tensor<64x64xf32>
// CHECK:           linalg.generic {{.*}}outs({{.*}} : tensor<64xindex>) attrs = {ringattn.role = "positions"}
// CHECK:           scf.for {{.*}} step %c256 iter_args({{.*}}) -> (tensor<64x64xf32>, tensor<64xf32>, tensor<64xf32>)
// CHECK:             scf.if
// CHECK:               linalg.contract {{.*}} {ringattn.role = "scores"} {{.*}} -> tensor<64x256xf32>
// CHECK-NOT:           ringattn.role = "mask"
// CHECK:               ringattn.role = "rowmax"
// CHECK:               ringattn.role = "stat"
// CHECK:               ringattn.role = "exp"
// CHECK:               ringattn.role = "rescale"
// CHECK:               linalg.contract {{.*}} {ringattn.role = "output"}
// CHECK:             else
// CHECK:               scf.for {{.*}} step %c64
// CHECK:                 scf.if
// CHECK:                   ringattn.role = "mask"
// CHECK:           ringattn.store_tile
func.func @attention(%q: memref<1x4x?x64xf32>, %k: memref<1x2x?x64xf32>, %v: memref<1x2x?x64xf32>,
    %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %l: memref<1x4x?xf32>,
    %qr: index, %kr: index, %s: index, %s2: index, %p: index, %hop: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 256 : i64, head_size = 64 : i64,
                                  masked_columns = 64 : i64, operand = f32, rows = 64 : i64, value_size = 64 : i64}} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x4x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%o, %m, %l : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%qr, %kr of %p) global(%s, %s2) hop(%hop)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 1.250000e-01 : f64}
  return
}

// A scale that turns the order of scores around is applied to them first.
// CHECK-LABEL: func.func @negative_scale(
// CHECK:         ringattn.role = "scale"
func.func @negative_scale(%q: memref<1x4x?x64xf32>, %k: memref<1x2x?x64xf32>, %v: memref<1x2x?x64xf32>,
    %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %l: memref<1x4x?xf32>,
    %qr: index, %kr: index, %s: index, %s2: index, %p: index, %hop: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 256 : i64, head_size = 64 : i64,
                                  masked_columns = 64 : i64, operand = f32, rows = 64 : i64, value_size = 64 : i64}} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x4x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%o, %m, %l : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%qr, %kr of %p) global(%s, %s2) hop(%hop)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = -1.0 : f64}
  return
}

// CHECK-LABEL: func.func @finalize(
// CHECK:         ringattn.role = "inverse"
// CHECK:         ringattn.role = "normalise"
// CHECK:           arith.truncf {{.*}} : f32 to bf16
// CHECK:         ringattn.store_tile {{.*}} : tensor<64x64xbf16>
// CHECK:         ringattn.role = "lse"
// CHECK:         ringattn.store_tile {{.*}} : tensor<64xf32>
func.func @finalize(%o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %l: memref<1x4x?xf32>,
                    %out: memref<1x4x?x64xbf16>, %lse: memref<1x4x?xf32>)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 256 : i64, head_size = 64 : i64,
                                  masked_columns = 64 : i64, operand = f32, rows = 64 : i64, value_size = 64 : i64}} {
  ringattn.finalize ins(%o, %m, %l : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    outs(%out, %lse : memref<1x4x?x64xbf16>, memref<1x4x?xf32>)
  return
}

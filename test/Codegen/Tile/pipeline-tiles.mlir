// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-emit-tile-program,canonicalize,cse,loop-invariant-code-motion,ringattn-schedule-tiles))' | FileCheck %s --check-prefix=SCHEDULE
// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-emit-tile-program,canonicalize,cse,loop-invariant-code-motion,ringattn-schedule-tiles,ringattn-pipeline-tiles,canonicalize,cse,canonicalize))' | FileCheck %s

// What belongs to P V is a stage behind, and issued before the softmax.
// SCHEDULE-LABEL: func.func private @causal(
// SCHEDULE:         scf.for
// SCHEDULE:           load_tile {{.*}} {ringattn.schedule = array<i64: 0, 0>}
// SCHEDULE:           load_tile {{.*}} {ringattn.schedule = array<i64: 1, 1>}
// SCHEDULE:           linalg.contract {{.*}} {ringattn.role = "scores", ringattn.schedule = array<i64: 0, 0>}
// SCHEDULE:           } {ringattn.schedule = array<i64: 0, 2>}
// SCHEDULE:           linalg.generic {{.*}} {ringattn.role = "rowmax", ringattn.schedule = array<i64: 0, 2>}
// SCHEDULE:           linalg.contract {{.*}} {ringattn.role = "output", ringattn.schedule = array<i64: 1, 1>}

// The tiles in reach of the band are counted by bisection; a block without any
// loads nothing.
// CHECK-LABEL: func.func private @causal(
// CHECK-NOT:     -> tensor<128x128xbf16>
// CHECK:         %[[LAST:.*]]:2 = scf.while
// CHECK:         %[[ANY:.*]] = arith.cmpi {{.*}} %[[LAST]]#0
// CHECK:         scf.if %[[ANY]]
// CHECK:           %[[Q:.*]] = ringattn.load_tile %{{.*}} -> tensor<128x128xbf16>
// CHECK:           ringattn.load_tile %{{.*}}[%c0]
// CHECK:           linalg.contract {{.*}} "scores"} ins(%[[Q]]
// CHECK:           "mask"
// CHECK:           "exp"
// CHECK:           "rescale"
// CHECK:           %[[P0:.*]] = linalg.generic {{.*}} "cast"
// CHECK:           scf.for {{.*}} iter_args({{.*}}%[[P:.*]] = %[[P0]]
// CHECK:             linalg.contract {{.*}} "scores"} ins(%[[Q]]
// CHECK:             linalg.contract {{.*}} "output"} ins(%[[P]]
// CHECK:             "mask"
// CHECK:             "rowmax"
// CHECK:             "stat"
// CHECK:             "exp"
// CHECK:             "rescale"
// CHECK:             "cast"
// CHECK:           ringattn.load_tile
// CHECK:           linalg.contract {{.*}} "output"}
// CHECK-NOT:       arith.select {{.*}} tensor
// CHECK:         ringattn.store_tile
func.func private @causal(%q: memref<1x8x4096x128xbf16>, %k: memref<1x2x4096x128xbf16>, %v: memref<1x2x4096x128xbf16>,
    %o: memref<1x8x4096x128xf32>, %m: memref<1x8x4096xf32>, %l: memref<1x8x4096xf32>, %qr: index, %kr: index, %s: index, %p: index, %hop: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128 : i64, head_size = 128 : i64, masked_columns = 128 : i64, operand = bf16, rows = 128 : i64, value_size = 128 : i64, pipelined}} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x8x4096x128xbf16>, memref<1x2x4096x128xbf16>, memref<1x2x4096x128xbf16>)
    outs(%o, %m, %l : memref<1x8x4096x128xf32>, memref<1x8x4096xf32>, memref<1x8x4096xf32>)
    at(%qr, %kr of %p) global(%s, %s) hop(%hop)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.088 : f64}
  return
}

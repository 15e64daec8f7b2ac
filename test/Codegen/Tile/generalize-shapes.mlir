// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-generalize-shapes))' | FileCheck %s

// Batch and sequence, not heads and head sizes; strides stay.
// CHECK-LABEL: func.func @step
// CHECK-DAG:     %[[Q:.*]] = memref.cast %arg0 : memref<1x4x100x64xbf16, strided<[25600, 64, 256, 1], offset: ?>> to memref<?x4x?x64xbf16, strided<[25600, 64, 256, 1], offset: ?>>
// CHECK-DAG:     %[[K:.*]] = memref.cast %arg1 : memref<1x2x40x64xbf16> to memref<?x2x?x64xbf16>
// CHECK-DAG:     %[[O:.*]] = memref.cast %arg2 : memref<1x4x100x64xf32> to memref<?x4x?x64xf32>
// CHECK-DAG:     %[[OUT:.*]] = memref.cast %arg6 : memref<1x4x100x64xbf16> to memref<?x4x?x64xbf16>
// CHECK:         ringattn.online_attention ins(%[[Q]], %[[K]], %{{.*}} : memref<?x4x?x64xbf16, strided<[25600, 64, 256, 1], offset: ?>>, memref<?x2x?x64xbf16>, memref<?x2x?x64xbf16>)
// CHECK-SAME:      outs(%[[O]], %{{.*}}, %{{.*}} : memref<?x4x?x64xf32>, memref<?x4x?xf32>, memref<?x4x?xf32>)
// CHECK-SAME:      finish(%[[OUT]] : memref<?x4x?x64xbf16>)
// CHECK:         linalg.fill {{.*}} outs(%arg3 : memref<1x4x100xf32>)
// CHECK:         ringattn.finalize ins(%{{.*}}, %{{.*}}, %{{.*}} : memref<?x4x?x64xf32>, memref<?x4x?xf32>, memref<?x4x?xf32>) outs(%{{.*}} : memref<?x4x?x64xbf16>)
func.func @step(%q: memref<1x4x100x64xbf16, strided<[25600, 64, 256, 1], offset: ?>>, %k: memref<1x2x40x64xbf16>,
    %o: memref<1x4x100x64xf32>, %m: memref<1x4x100xf32>, %i: index, %zero: f32, %out: memref<1x4x100x64xbf16>) {
  ringattn.online_attention ins(%q, %k, %k : memref<1x4x100x64xbf16, strided<[25600, 64, 256, 1], offset: ?>>, memref<1x2x40x64xbf16>, memref<1x2x40x64xbf16>)
    outs(%o, %m, %m : memref<1x4x100x64xf32>, memref<1x4x100xf32>, memref<1x4x100xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i) finish(%out : memref<1x4x100x64xbf16>)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0.125 : f64}
  linalg.fill ins(%zero : f32) outs(%m : memref<1x4x100xf32>)
  ringattn.finalize ins(%o, %m, %m : memref<1x4x100x64xf32>, memref<1x4x100xf32>, memref<1x4x100xf32>) outs(%out : memref<1x4x100x64xbf16>)
  return
}

// What is general already stays as it is.
// CHECK-LABEL: func.func @general
// CHECK-NOT:     memref.cast
func.func @general(%o: memref<?x4x?x64xf32>, %m: memref<?x4x?xf32>, %out: memref<?x4x?x64xbf16>) {
  ringattn.finalize ins(%o, %m, %m : memref<?x4x?x64xf32>, memref<?x4x?xf32>, memref<?x4x?xf32>) outs(%out : memref<?x4x?x64xbf16>)
  return
}

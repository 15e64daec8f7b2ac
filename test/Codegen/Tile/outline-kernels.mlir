// RUN: ringattn-opt %s --ringattn-outline-kernels | FileCheck %s

// A causal hop runs where both shards have rows and the hulls can see each
// other; equal hops share a kernel.
// CHECK-LABEL: func.func @hops(
// CHECK-SAME:    %{{.*}}: memref<1x4x?x64xf32>, {{.*}}, %[[HOP:arg10]]: index,
// CHECK:         scf.if %{{.*}} {
// CHECK-NEXT:      ringrt.span compute(%[[HOP]]) {
// CHECK-NEXT:        func.call @attention_kernel(
// CHECK:         scf.if %{{.*}} {
// CHECK-NEXT:      ringrt.span compute(%[[HOP]]) {
// CHECK-NEXT:        func.call @attention_kernel(
// CHECK:         ringrt.span finalize {
// CHECK-NEXT:      func.call @finalize_kernel(
func.func @hops(%q: memref<1x4x?x64xf32>, %k: memref<1x2x?x64xf32>, %v: memref<1x2x?x64xf32>,
    %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %l: memref<1x4x?xf32>,
    %qr: index, %kr: index, %p: index, %s: index, %hop: index,
    %out: memref<1x4x?x64xf32>) {
  ringattn.online_attention ins(%q, %k, %v : memref<1x4x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%o, %m, %l : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%qr, %kr of %p) global(%s, %s) hop(%hop)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 1.250000e-01 : f64}
  ringattn.online_attention ins(%q, %k, %v : memref<1x4x?x64xf32>, memref<1x2x?x64xf32>, memref<1x2x?x64xf32>)
    outs(%o, %m, %l : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%qr, %kr of %p) global(%s, %s) hop(%hop)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 1.250000e-01 : f64}
  ringattn.finalize ins(%o, %m, %l : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    outs(%out : memref<1x4x?x64xf32>)
  return
}

// Static lengths and a full mask need no test at all.
// CHECK-LABEL: func.func @always(
// CHECK-NOT:     scf.if
// CHECK:         ringrt.span compute
// CHECK-NEXT:      func.call @attention_kernel_0(
func.func @always(%q: memref<1x1x8x4xf32>, %k: memref<1x1x8x4xf32>, %o: memref<1x1x8x4xf32>, %m: memref<1x1x8xf32>,
                  %l: memref<1x1x8xf32>, %i: index) {
  ringattn.online_attention ins(%q, %k, %k : memref<1x1x8x4xf32>, memref<1x1x8x4xf32>, memref<1x1x8x4xf32>)
    outs(%o, %m, %l : memref<1x1x8x4xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// CHECK:       func.func private @attention_kernel(
// CHECK-SAME:    attributes {ringattn.kernel}
// CHECK-NEXT:    ringattn.online_attention
// CHECK:       func.func private @finalize_kernel(
// CHECK:         ringattn.finalize

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-finish-steps))' | FileCheck %s

// CHECK-LABEL: func.func @last
// CHECK:         ringattn.online_attention
// CHECK-SAME:      hop(%{{.*}}) finish(%arg4 : memref<1x2x8x4xbf16>) lse(%arg5 : memref<1x2x8xf32>) {layout
// CHECK-NOT:     ringattn.finalize
func.func @last(%q: memref<1x2x8x4xbf16>, %hop: index, %r: index, %s: index, %out: memref<1x2x8x4xbf16>, %lse: memref<1x2x8xf32>) {
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>)
    outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%hop) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  ringattn.finalize ins(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%out, %lse : memref<1x2x8x4xbf16>, memref<1x2x8xf32>)
  memref.dealloc %o : memref<1x2x8x4xf32>
  return
}

// The last step is in a loop, which may run none.
// CHECK-LABEL: func.func @in_loop
// CHECK:         ringattn.online_attention
// CHECK-NOT:     finish
// CHECK:         ringattn.finalize
func.func @in_loop(%q: memref<1x2x8x4xbf16>, %n: index, %r: index, %s: index, %out: memref<1x2x8x4xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  scf.for %hop = %c0 to %n step %c1 {
    ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>)
      outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
      at(%r, %r of %r) global(%s, %s) hop(%hop) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  }
  ringattn.finalize ins(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%out : memref<1x2x8x4xbf16>)
  return
}

// The maxima are used afterwards.
// CHECK-LABEL: func.func @used_later
// CHECK:         ringattn.online_attention
// CHECK-NOT:     finish
// CHECK:         ringattn.finalize
func.func @used_later(%q: memref<1x2x8x4xbf16>, %hop: index, %r: index, %s: index, %out: memref<1x2x8x4xbf16>, %copy: memref<1x2x8xf32>) {
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>)
    outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%hop) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  ringattn.finalize ins(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%out : memref<1x2x8x4xbf16>)
  memref.copy %m, %copy : memref<1x2x8xf32> to memref<1x2x8xf32>
  return
}

// The output comes into being after the step.
// CHECK-LABEL: func.func @output_later
// CHECK:         ringattn.online_attention
// CHECK-NOT:     finish
// CHECK:         ringattn.finalize
func.func @output_later(%q: memref<1x2x8x4xbf16>, %hop: index, %r: index, %s: index) -> memref<1x2x8x4xbf16> {
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>)
    outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%hop) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  %out = memref.alloc() : memref<1x2x8x4xbf16>
  ringattn.finalize ins(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%out : memref<1x2x8x4xbf16>)
  return %out : memref<1x2x8x4xbf16>
}

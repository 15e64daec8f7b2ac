// RUN: ringattn-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(ringattn-start-empty))' | FileCheck %s

// A loop from hop 0, which may be empty, and the last hop after it.
// CHECK-LABEL: func.func @ring
// CHECK-NOT:     linalg.fill
// CHECK:         scf.for
// CHECK:           ringattn.online_attention {{.*}} hop(%{{.*}}) {{{.*}}starts_empty}
// CHECK:         ringattn.online_attention {{.*}} hop(%{{.*}}) {{{.*}}starts_empty}
func.func @ring(%q: memref<1x2x8x4xf32>, %n: index, %r: index, %s: index, %out: memref<1x2x8x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  linalg.fill ins(%zero : f32) outs(%o : memref<1x2x8x4xf32>)
  linalg.fill ins(%none : f32) outs(%m : memref<1x2x8xf32>)
  linalg.fill ins(%zero : f32) outs(%l : memref<1x2x8xf32>)
  scf.for %hop = %c0 to %n step %c1 {
    ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
      outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
      at(%r, %r of %r) global(%s, %s) hop(%hop) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  }
  ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
    outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%n) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  ringattn.finalize ins(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%out : memref<1x2x8x4xf32>)
  memref.dealloc %o : memref<1x2x8x4xf32>
  return
}

// -----

// Both ways of a window start at hop 0.
// CHECK-LABEL: func.func @branches
// CHECK-NOT:     linalg.fill
// CHECK-COUNT-2: starts_empty
func.func @branches(%q: memref<1x2x8x4xf32>, %c: i1, %n: index, %r: index, %s: index, %out: memref<1x2x8x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  linalg.fill ins(%zero : f32) outs(%o : memref<1x2x8x4xf32>)
  linalg.fill ins(%none : f32) outs(%m : memref<1x2x8xf32>)
  linalg.fill ins(%zero : f32) outs(%l : memref<1x2x8xf32>)
  scf.if %c {
    scf.for %hop = %c0 to %n step %c1 {
      ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
        outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
        at(%r, %r of %r) global(%s, %s) hop(%hop) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
    }
  } else {
    ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
      outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
      at(%r, %r of %r) global(%s, %s) hop(%c0) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  }
  ringattn.finalize ins(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%out : memref<1x2x8x4xf32>)
  return
}

// -----

// No step need run.
// CHECK-LABEL: func.func @conditional
// CHECK-COUNT-3: linalg.fill
// CHECK-NOT:     starts_empty
func.func @conditional(%q: memref<1x2x8x4xf32>, %c: i1, %r: index, %s: index, %out: memref<1x2x8x4xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  linalg.fill ins(%zero : f32) outs(%o : memref<1x2x8x4xf32>)
  linalg.fill ins(%none : f32) outs(%m : memref<1x2x8xf32>)
  linalg.fill ins(%zero : f32) outs(%l : memref<1x2x8xf32>)
  scf.if %c {
    ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
      outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
      at(%r, %r of %r) global(%s, %s) hop(%c0) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  }
  ringattn.finalize ins(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%out : memref<1x2x8x4xf32>)
  return
}

// -----

// The first step is not that of hop 0; the maxima start with another value.
// CHECK-LABEL: func.func @later_hop
// CHECK-COUNT-3: linalg.fill
// CHECK-NOT:     starts_empty
func.func @later_hop(%q: memref<1x2x8x4xf32>, %hop: index, %r: index, %s: index) {
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  linalg.fill ins(%zero : f32) outs(%o : memref<1x2x8x4xf32>)
  linalg.fill ins(%none : f32) outs(%m : memref<1x2x8xf32>)
  linalg.fill ins(%zero : f32) outs(%l : memref<1x2x8xf32>)
  ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
    outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%hop) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// CHECK-LABEL: func.func @other_value
// CHECK-COUNT-3: linalg.fill
// CHECK-NOT:     starts_empty
func.func @other_value(%q: memref<1x2x8x4xf32>, %r: index, %s: index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %o = memref.alloc() : memref<1x2x8x4xf32>
  %m = memref.alloc() : memref<1x2x8xf32>
  %l = memref.alloc() : memref<1x2x8xf32>
  linalg.fill ins(%zero : f32) outs(%o : memref<1x2x8x4xf32>)
  linalg.fill ins(%zero : f32) outs(%m : memref<1x2x8xf32>)
  linalg.fill ins(%zero : f32) outs(%l : memref<1x2x8xf32>)
  ringattn.online_attention ins(%q, %q, %q : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>)
    outs(%o, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%r, %r of %r) global(%s, %s) hop(%c0) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f64}
  return
}

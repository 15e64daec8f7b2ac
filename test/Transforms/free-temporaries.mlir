// RUN: ringattn-opt %s -pass-pipeline='builtin.module(func.func(ringattn-free-temporaries))' | FileCheck %s

!m = memref<1x2x8x4xf32>

// A buffer is freed after its last use, not at the end.

// CHECK-LABEL: func.func @entry(
// CHECK:         %[[A:.*]] = memref.alloc()
// CHECK-NEXT:    ringattn.ring_attention {{.*}} outs(%[[A]]
// CHECK-NEXT:    ringattn.ring_attention ins(%[[A]]
// CHECK-NEXT:    memref.dealloc %[[A]]
// CHECK-NEXT:    ringattn.ring_attention
// CHECK-NEXT:    return
func.func @entry(%q: !m, %out: !m, %other: !m, %s: index) attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  %a = memref.alloc() : !m
  ringattn.ring_attention ins(%q, %q, %q : !m, !m, !m) outs(%a : !m) global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f64}
  ringattn.ring_attention ins(%a, %q, %q : !m, !m, !m) outs(%out : !m) global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f64}
  ringattn.ring_attention ins(%q, %q, %q : !m, !m, !m) outs(%other : !m) global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// What has its deallocations is left alone, and what is no entry.

// CHECK-LABEL: func.func @lowered(
// CHECK-COUNT-2: memref.alloc()
// CHECK-NEXT:    memref.dealloc
// CHECK-NEXT:    return
func.func @lowered() attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  %a = memref.alloc() : !m
  %b = memref.alloc() : !m
  memref.dealloc %a : !m
  return
}

// CHECK-LABEL: func.func @other(
// CHECK-NOT:     memref.dealloc
// CHECK:         return
func.func @other() {
  %a = memref.alloc() : !m
  return
}

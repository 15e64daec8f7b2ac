// RUN: ringattn-opt %s -allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(ringattn-place-tile-buffers))' -split-input-file -verify-diagnostics | FileCheck %s

// Buffers of a task leave its loops; those outside of tasks stay.
// CHECK-LABEL: func.func @tasks(
// CHECK:         memref.alloc
// CHECK:         scf.forall
// CHECK-NEXT:      %[[B:.*]] = memref.alloca() {alignment = 64 : i64} : memref<64x64xf32>
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        "test.use"(%[[B]],
func.func @tasks(%n: index) attributes {ringattn.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %scratch = memref.alloc(%n) : memref<?xf32>
  scf.forall (%t) in (%n) {
    scf.for %i = %c0 to %n step %c1 {
      %b = memref.alloc() : memref<64x64xf32>
      "test.use"(%b, %scratch) : (memref<64x64xf32>, memref<?xf32>) -> ()
      memref.dealloc %b : memref<64x64xf32>
    }
  }
  memref.dealloc %scratch : memref<?xf32>
  return
}

// -----

func.func @large(%n: index) attributes {ringattn.kernel} {
  // expected-error @below {{needs 1048576 bytes of stack for a task, expected at most 524288}}
  scf.forall (%t) in (%n) {
    %b = memref.alloc() : memref<512x512xf32>
    "test.use"(%b) : (memref<512x512xf32>) -> ()
  }
  return
}

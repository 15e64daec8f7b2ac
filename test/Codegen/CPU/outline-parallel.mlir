// RUN: ringattn-opt %s -allow-unregistered-dialect --ringattn-outline-parallel | FileCheck %s

// Constants and vectors are made again in the body, buffers once for a range,
// and the last tile comes first.
// CHECK-LABEL: func.func @kernel(
// CHECK-SAME:    %[[M:.*]]: memref<?xf32>, %[[N:.*]]: index, %[[X:.*]]: f32)
// CHECK:         %[[COUNT:.*]] = arith.muli
// CHECK:         ringrt.parallel_for @kernel_tasks, %[[COUNT]](%[[M]], %[[X]], %[[N]] : memref<?xf32>, f32, index)
// CHECK-NOT:     scf.forall

// CHECK:       func.func private @kernel_tasks(
// CHECK-SAME:    %[[TM:.*]]: memref<?xf32>, %[[TX:.*]]: f32, %[[TN:.*]]: index, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
// CHECK:         vector.broadcast %[[TX]] : f32 to vector<4xf32>
// CHECK:         %{{.*}} = memref.alloca()
// CHECK:         scf.for %[[I:.*]] = %[[BEGIN]] to %[[END]]
// CHECK:           %[[T:.*]] = arith.remui %[[I]], %[[TN]]
// CHECK:           %[[H:.*]] = arith.divui %[[I]], %[[TN]]
// CHECK:           %[[LAST:.*]] = arith.subi %[[TN]]
// CHECK:           %[[TILE:.*]] = arith.subi %[[LAST]], %[[T]]
// CHECK:           "test.use"(%[[TM]], %{{.*}}, %[[H]], %[[TILE]],
func.func @kernel(%m: memref<?xf32>, %n: index, %x: f32) {
  %c7 = arith.constant 7 : index
  %v = vector.broadcast %x : f32 to vector<4xf32>
  scf.forall (%h, %t) in (2, %n) {
    %b = memref.alloca() : memref<4xf32>
    "test.use"(%m, %b, %h, %t, %c7, %v) : (memref<?xf32>, memref<4xf32>, index, index, index, vector<4xf32>) -> ()
  }
  return
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-hoist-accumulators,canonicalize))' | FileCheck %s

// The accumulator starts from the value stored before the loop and is written
// once after it.
// CHECK-LABEL: func.func @block(
// CHECK:         scf.for
// CHECK-NOT:       vector.transfer_write
// CHECK:           %[[SUM:.*]] = scf.for {{.*}} iter_args(%[[ACC:.*]] = %{{.*}}) -> (vector<1x16xf32>)
// CHECK-NEXT:        %[[NEXT:.*]] = arith.addf %[[ACC]]
// CHECK-NEXT:        scf.yield %[[NEXT]]
// CHECK:           vector.transfer_write %[[SUM]]
func.func @block(%v: vector<1x16xf32>, %n: index) attributes {ringattn.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %pad = arith.constant 0.0 : f32
  %zero = arith.constant dense<0.0> : vector<1x16xf32>
  %o = memref.alloca() : memref<64x16xf32>
  scf.for %i = %c0 to %n step %c1 {
    %view = memref.subview %o[%i, 0] [1, 16] [1, 1] : memref<64x16xf32> to memref<1x16xf32, strided<[16, 1], offset: ?>>
    vector.transfer_write %zero, %view[%c0, %c0] {in_bounds = [true, true]} : vector<1x16xf32>, memref<1x16xf32, strided<[16, 1], offset: ?>>
    scf.for %k = %c0 to %n step %c1 {
      %a = vector.transfer_read %view[%c0, %c0], %pad {in_bounds = [true, true]} : memref<1x16xf32, strided<[16, 1], offset: ?>>, vector<1x16xf32>
      %b = arith.addf %a, %v : vector<1x16xf32>
      vector.transfer_write %b, %view[%c0, %c0] {in_bounds = [true, true]} : vector<1x16xf32>, memref<1x16xf32, strided<[16, 1], offset: ?>>
    }
  }
  return
}

// Two views of one buffer in a loop may overlap: nothing moves.
// CHECK-LABEL: func.func @two_views(
// CHECK:         scf.for
// CHECK-NOT:       iter_args
// CHECK:           vector.transfer_read
// CHECK:           vector.transfer_write
func.func @two_views(%n: index, %i: index, %j: index) attributes {ringattn.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %pad = arith.constant 0.0 : f32
  %o = memref.alloca() : memref<64x16xf32>
  %x = memref.subview %o[%i, 0] [1, 16] [1, 1] : memref<64x16xf32> to memref<1x16xf32, strided<[16, 1], offset: ?>>
  %y = memref.subview %o[%j, 0] [1, 16] [1, 1] : memref<64x16xf32> to memref<1x16xf32, strided<[16, 1], offset: ?>>
  scf.for %k = %c0 to %n step %c1 {
    %a = vector.transfer_read %x[%c0, %c0], %pad {in_bounds = [true, true]} : memref<1x16xf32, strided<[16, 1], offset: ?>>, vector<1x16xf32>
    %b = vector.transfer_read %y[%c0, %c0], %pad {in_bounds = [true, true]} : memref<1x16xf32, strided<[16, 1], offset: ?>>, vector<1x16xf32>
    %s = arith.addf %a, %b : vector<1x16xf32>
    vector.transfer_write %s, %x[%c0, %c0] {in_bounds = [true, true]} : vector<1x16xf32>, memref<1x16xf32, strided<[16, 1], offset: ?>>
  }
  return
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-lower-tile-transfers))' | FileCheck %s

// Rows that exist are copied by vectors that end with the row, the rest is zero.
// CHECK-LABEL: func.func @load(
// CHECK:         %[[ZERO:.*]] = linalg.fill {{.*}} -> tensor<64x32xf32>
// CHECK:         %[[ROWS:.*]] = arith.minsi
// CHECK:         scf.for %[[R:.*]] = %{{.*}} to %[[ROWS]] step %{{.*}} iter_args(%{{.*}} = %[[ZERO]])
// CHECK:           vector.load {{.*}} vector<16xf32>
// CHECK:           vector.load {{.*}} vector<4xf32>
// CHECK:           vector.transfer_write {{.*}} vector<4xf32>, tensor<64x32xf32>
func.func @load(%m: memref<?x20xf32>, %i: index) -> tensor<64x32xf32> attributes {ringattn.kernel} {
  %t = ringattn.load_tile %m[%i] : memref<?x20xf32> -> tensor<64x32xf32>
  return %t : tensor<64x32xf32>
}

// Elements that do not lie next to each other are moved one by one.
// CHECK-LABEL: func.func @strided(
// CHECK:         vector.extract
// CHECK:         memref.store
// CHECK-NOT:     vector.store
func.func @strided(%t: tensor<8x2xf32>, %m: memref<?x2xf32, strided<[1, ?]>>, %i: index) attributes {ringattn.kernel} {
  ringattn.store_tile %t, %m[%i] : tensor<8x2xf32>, memref<?x2xf32, strided<[1, ?]>>
  return
}

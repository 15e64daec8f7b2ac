// RUN: ringattn-opt %s | ringattn-opt | FileCheck %s
// RUN: ringattn-opt %s --mlir-print-op-generic | ringattn-opt | FileCheck %s
// RUN: ringattn-opt %s --canonicalize | FileCheck %s --check-prefix=CANON

shard.grid @ring(shape = 4)
shard.grid @mesh(shape = 2x?x3)

// CHECK-LABEL: func.func @exchange
// CHECK-SAME: (%[[A:.*]]: memref<?xf32>, %[[B:.*]]: memref<?xf32>)
func.func @exchange(%a: memref<?xf32>, %b: memref<?xf32>) {
  %c1 = arith.constant 1 : index
  // CHECK: %[[RANK:.*]] = ringcomm.rank @ring [0]
  %rank = ringcomm.rank @ring [0]
  // CHECK: %[[SIZE:.*]] = ringcomm.size @ring [0]
  %size = ringcomm.size @ring [0]
  // CHECK: ringcomm.source %[[RANK]], %{{.*}} of %[[SIZE]] step -1
  %source = ringcomm.source %rank, %c1 of %size step -1
  %n = arith.addi %source, %c1 : index
  %send = memref.subview %a[0] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  // CHECK: %[[T:.*]] = ringcomm.shift_start %{{.*}} to %[[B]] of %[[SIZE]] step 1 on @ring [0] : memref<?xf32, strided<[1]>> to memref<?xf32>
  %t = ringcomm.shift_start %send to %b of %size step 1 on @ring [0]
    : memref<?xf32, strided<[1]>> to memref<?xf32>
  // CHECK: ringcomm.wait %[[T]]
  ringcomm.wait %t
  return
}

// A token is a value like any other.
// CHECK-LABEL: func.func @token
// CHECK-SAME: !ringcomm.token
func.func @token(%t: !ringcomm.token) {
  ringcomm.wait %t
  return
}

// The size of a ring over static axes is a constant, over others it is not.
// CANON-LABEL: func.func @sizes
func.func @sizes() -> (index, index, index) {
  // CANON-DAG: %[[STATIC:.*]] = arith.constant 6 : index
  // CANON-DAG: %[[DYNAMIC:.*]] = ringcomm.size @mesh [0, 1]
  // CHECK: ringcomm.size @mesh [0, 2]
  %static = ringcomm.size @mesh [0, 2]
  %dynamic = ringcomm.size @mesh [0, 1]
  // CANON-DAG: %[[RANK:.*]] = ringcomm.rank @mesh [2]
  %c0 = arith.constant 0 : index
  %rank = ringcomm.rank @mesh [2]
  // At hop 0 a rank holds its own block.
  %source = ringcomm.source %rank, %c0 of %static step 1
  // CANON: return %[[STATIC]], %[[DYNAMIC]], %[[RANK]]
  return %static, %dynamic, %source : index, index, index
}

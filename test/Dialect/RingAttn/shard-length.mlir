// RUN: ringattn-opt %s -canonicalize | FileCheck %s

// 10 tokens in contiguous chunks of 3: the last rank owns one.
// CHECK-LABEL: func.func @contiguous
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK: return %[[C3]], %[[C1]]
func.func @contiguous() -> (index, index) {
  %s = arith.constant 10 : index
  %p = arith.constant 4 : index
  %r0 = arith.constant 0 : index
  %r3 = arith.constant 3 : index
  %0 = ringattn.shard_length %s, %p, %r0 {layout = #ringattn.contiguous}
  %1 = ringattn.shard_length %s, %p, %r3 {layout = #ringattn.contiguous}
  return %0, %1 : index, index
}

// Blocks of 4 tokens, the last one of 2, dealt to 3 ranks: 8, 6, 4.
// CHECK-LABEL: func.func @striped
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[C6:.*]] = arith.constant 6 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK: return %[[C8]], %[[C6]], %[[C4]]
func.func @striped() -> (index, index, index) {
  %s = arith.constant 18 : index
  %p = arith.constant 3 : index
  %r0 = arith.constant 0 : index
  %r1 = arith.constant 1 : index
  %r2 = arith.constant 2 : index
  %0 = ringattn.shard_length %s, %p, %r0 {layout = #ringattn.striped<granularity = 4>}
  %1 = ringattn.shard_length %s, %p, %r1 {layout = #ringattn.striped<granularity = 4>}
  %2 = ringattn.shard_length %s, %p, %r2 {layout = #ringattn.striped<granularity = 4>}
  return %0, %1, %2 : index, index, index
}

// 13 tokens in 8 chunks of 2: the chunk of rank 1's second half (12..13) has one
// token, that of rank 0 none.
// CHECK-LABEL: func.func @zigzag
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
// CHECK: return %[[C2]], %[[C3]], %[[C4]]
func.func @zigzag() -> (index, index, index) {
  %s = arith.constant 13 : index
  %p = arith.constant 4 : index
  %r0 = arith.constant 0 : index
  %r1 = arith.constant 1 : index
  %r3 = arith.constant 3 : index
  %0 = ringattn.shard_length %s, %p, %r0 {layout = #ringattn.zigzag}
  %1 = ringattn.shard_length %s, %p, %r1 {layout = #ringattn.zigzag}
  %2 = ringattn.shard_length %s, %p, %r3 {layout = #ringattn.zigzag}
  return %0, %1, %2 : index, index, index
}

// More ranks than tokens: idle ranks own nothing.
// CHECK-LABEL: func.func @idle
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK: return %[[C1]], %[[C0]]
func.func @idle() -> (index, index) {
  %s = arith.constant 3 : index
  %p = arith.constant 16 : index
  %r2 = arith.constant 2 : index
  %r15 = arith.constant 15 : index
  %0 = ringattn.shard_length %s, %p, %r2 {layout = #ringattn.zigzag}
  %1 = ringattn.shard_length %s, %p, %r15 {layout = #ringattn.striped<granularity = 1>}
  return %0, %1 : index, index
}

// Equal on all ranks: folds without the rank.
// CHECK-LABEL: func.func @even
// CHECK: %[[C1024:.*]] = arith.constant 1024 : index
// CHECK: return %[[C1024]], %[[C1024]], %[[C1024]]
func.func @even(%r: index) -> (index, index, index) {
  %s = arith.constant 4096 : index
  %p = arith.constant 4 : index
  %0 = ringattn.shard_length %s, %p, %r {layout = #ringattn.contiguous}
  %1 = ringattn.shard_length %s, %p, %r {layout = #ringattn.striped<granularity = 64>}
  %2 = ringattn.shard_length %s, %p, %r {layout = #ringattn.zigzag}
  return %0, %1, %2 : index, index, index
}

// Not equal on all ranks (4096 is no multiple of 3, nor of 4 * 1000; 12 tokens make
// 6 of 8 zigzag chunks of 2): stays.
// CHECK-LABEL: func.func @uneven
// CHECK: ringattn.shard_length
// CHECK: ringattn.shard_length
// CHECK: ringattn.shard_length
func.func @uneven(%r: index) -> (index, index, index) {
  %s = arith.constant 4096 : index
  %s12 = arith.constant 12 : index
  %p3 = arith.constant 3 : index
  %p4 = arith.constant 4 : index
  %0 = ringattn.shard_length %s, %p3, %r {layout = #ringattn.contiguous}
  %1 = ringattn.shard_length %s, %p4, %r {layout = #ringattn.striped<granularity = 1000>}
  %2 = ringattn.shard_length %s12, %p4, %r {layout = #ringattn.zigzag}
  return %0, %1, %2 : index, index, index
}

// One rank owns everything, also of a sequence of unknown length.
// CHECK-LABEL: func.func @one_rank
// CHECK-SAME: %[[S:[^:]*]]: index
// CHECK: return %[[S]]
func.func @one_rank(%s: index, %r: index) -> index {
  %p = arith.constant 1 : index
  %0 = ringattn.shard_length %s, %p, %r {layout = #ringattn.zigzag}
  return %0 : index
}

// CHECK-LABEL: func.func @dynamic
// CHECK: ringattn.shard_length
func.func @dynamic(%s: index, %r: index) -> index {
  %p = arith.constant 4 : index
  %0 = ringattn.shard_length %s, %p, %r {layout = #ringattn.contiguous}
  return %0 : index
}

// RUN: ringattn-opt %s -ringattn-expand-index-ops | FileCheck %s

// CHECK-LABEL: func.func @source_forward(
// CHECK-SAME:    %[[R:.*]]: index, %[[H:.*]]: index, %[[A:.*]]: index
// CHECK:         %[[AHEAD:.*]] = arith.addi %[[R]], %[[A]]
// CHECK:         %[[MOVED:.*]] = arith.subi %[[AHEAD]], %[[H]]
// CHECK:         %[[WRAPPED:.*]] = arith.remui %[[MOVED]], %[[A]]
// CHECK:         %[[IN:.*]] = arith.cmpi slt, %[[R]], %[[A]]
// CHECK:         %[[S:.*]] = arith.select %[[IN]], %[[WRAPPED]], %[[R]]
// CHECK:         return %[[S]]
func.func @source_forward(%r: index, %h: index, %a: index) -> index {
  %s = ringcomm.source %r, %h of %a step 1
  return %s : index
}

// CHECK-LABEL: func.func @source_backward(
// CHECK-SAME:    %[[R:.*]]: index, %[[H:.*]]: index, %[[A:.*]]: index
// CHECK:         %[[MOVED:.*]] = arith.addi %[[R]], %[[H]]
// CHECK:         arith.remui %[[MOVED]], %[[A]]
func.func @source_backward(%r: index, %h: index, %a: index) -> index {
  %s = ringcomm.source %r, %h of %a step -1
  return %s : index
}

// ceil(S/P), clamped to what is left.
// CHECK-LABEL: func.func @length(
// CHECK-NOT:     ringattn.shard_length
// CHECK:         arith.divui
// CHECK:         arith.minsi
func.func @length(%s: index, %p: index, %r: index) -> index {
  %n = ringattn.shard_length %s, %p, %r {layout = #ringattn.contiguous}
  return %n : index
}

// RUN: ringattn-opt %s -ringattn-lower-spans | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[H:.*]]: index
// CHECK:         ringrt.span_begin compute(%[[H]])
// CHECK-NEXT:    call @kernel()
// CHECK-NEXT:    ringrt.span_end
// CHECK:         %[[NONE:.*]] = arith.constant -1 : index
// CHECK:         ringrt.span_begin finalize(%[[NONE]])
func.func private @kernel()
func.func @main(%h: index) {
  ringrt.span compute (%h) {
    func.call @kernel() : () -> ()
  }
  ringrt.span finalize {
    func.call @kernel() : () -> ()
  }
  return
}

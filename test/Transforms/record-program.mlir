// RUN: ringattn-opt %s -ringattn-record-program | FileCheck %s
// RUN: ringattn-opt %s -ringattn-record-program -ringattn-record-program | FileCheck %s

// CHECK: module attributes {ringattn.program = dense_resource<ringattn_program> : tensor<{{[0-9]+}}xi8>}
// CHECK: func.func @main
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}

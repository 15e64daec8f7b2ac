// RUN: ringattn-opt %s -split-input-file -ringattn-record-program | FileCheck %s
// RUN: ringattn-opt %s -split-input-file -ringattn-record-program -ringattn-record-program | FileCheck %s

// CHECK: module attributes {ringattn.program = dense_resource<ringattn_program> : tensor<{{[0-9]+}}xi8>}
// CHECK: func.func @main
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}

// -----

// A global program is its own record: an older one is replaced, as is one whose
// resource is lost.
// CHECK: module attributes {ringattn.program = dense_resource<ringattn_program> : tensor<{{[0-9][0-9]+}}xi8>}
// CHECK: func.func @edited
module attributes {ringattn.program = dense_resource<older> : tensor<3xi8>} {
  func.func @edited(%x: tensor<2xf32>) -> tensor<2xf32> {
    return %x : tensor<2xf32>
  }
}

// -----

// A lowered one keeps what it has.
// CHECK: module attributes {ringattn.program = dense_resource<kept> : tensor<3xi8>}
// CHECK: func.func @lowered
module attributes {ringattn.program = dense_resource<kept> : tensor<3xi8>} {
  func.func @lowered(%x: tensor<2xf32>) attributes {ringattn.entry = {
      arguments = [{type = tensor<2xf32>}], results = [], equal = []}} {
    return
  }
}

// -----

// Without a record there is none.
// CHECK-NOT: ringattn.program
// CHECK: func.func @bare
func.func @bare(%x: tensor<2xf32>) attributes {ringattn.entry = {
    arguments = [{type = tensor<2xf32>}], results = [], equal = []}} {
  return
}

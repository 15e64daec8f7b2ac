// RUN: ringattn-opt %s -split-input-file -verify-diagnostics -ringattn-record-program

// expected-error @below {{the program is at phase tile, expected one of global, spmd, ring, scheduled, target}}
func.func private @kernel(%m: memref<8xf32>, %i: index) -> tensor<8xf32> {
  %0 = ringattn.load_tile %m[%i] : memref<8xf32> -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// expected-error @below {{the program is at phase llvm, expected one of global, spmd, ring, scheduled, target}}
module {
  llvm.func @rr_module_query(i32) -> !llvm.ptr
}

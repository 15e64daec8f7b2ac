// RUN: ringattn-opt %s --ringattn-specialize-warps | FileCheck %s

// The program has a symbol of the name that the kernels would like.
// CHECK: func.func @kernels
func.func @kernels() {
  return
}
// CHECK: func.func private @copy
// CHECK:   gpu.launch_func @[[NAME:kernels_[0-9]+]]::@copy
func.func private @copy() attributes {ringattn.kernel, ringattn.hopper = {consumers = 2, stages = 0, producer_registers = 0, consumer_registers = 0}} {
  scf.forall (%t) in (4) {
  }
  return
}
// CHECK: gpu.module @[[NAME]]

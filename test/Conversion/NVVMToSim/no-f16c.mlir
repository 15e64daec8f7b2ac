// RUN: ringattn-opt %s --convert-nvvm-to-sim="target-cpu=x86-64" -verify-diagnostics
// RUN: ringattn-opt %s --convert-nvvm-to-sim="target-cpu=x86-64 target-features=+f16c" | FileCheck %s

// CHECK: @rs_kernel_k
gpu.module @kernels {
  llvm.func @k(%x: f32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{converts f16, which the simulator cannot on the CPU 'x86-64', expected one with f16c}}
    %h = llvm.fptrunc %x : f32 to f16
    llvm.return
  }
}

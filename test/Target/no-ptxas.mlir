// UNSUPPORTED: ptxas
// RUN: not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s

// CHECK: error: cannot find ptxas: looked in {{.*}}the PATH, /usr/local/cuda/bin
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
}

// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

gpu.module @kernels {
  llvm.mlir.global external @shared() {addr_space = 3 : i32} : !llvm.array<0 x i8>
  // CHECK-LABEL: llvm.func internal @rs_kernel_wait.function(
  llvm.func @wait(%x: i32, %y: i32, %ticks: i32)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[X:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[Y:.*]] = llvm.load %{{.*}} -> i32
    %bar = llvm.mlir.addressof @shared : !llvm.ptr<3>
    // CHECK: %[[A:.*]] = llvm.ptrtoint
    // CHECK: llvm.getelementptr %{{.*}}[96]
    // CHECK: llvm.call %{{.*}}, %[[A]], %[[X]])
    nvvm.mbarrier.try_wait.parity %bar, %x, %ticks : !llvm.ptr<3>, i32, i32
    // CHECK: llvm.getelementptr %{{.*}}[56]
    // CHECK: llvm.call %{{.*}}, %[[X]], %[[Y]])
    nvvm.barrier.arrive id = %x number_of_threads = %y
    // CHECK: %[[ZERO:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[56]
    // CHECK: llvm.call %{{.*}}, %[[ZERO]], %[[Y]])
    nvvm.barrier.arrive number_of_threads = %y
    llvm.return
  }
}
// CHECK: mbarrier.try_wait.parity #1
// CHECK: barrier.arrive #1
// CHECK: barrier.arrive #2

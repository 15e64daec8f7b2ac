// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

// Every call takes the function at its offset in rs_ops, and after the thread
// the index of its location.

gpu.module @kernels {
  llvm.mlir.global external @shared() {addr_space = 3 : i32} : !llvm.array<0 x i8>

  // CHECK-LABEL: llvm.func internal @rs_kernel_mbarriers.function(
  // CHECK-SAME:    %[[T:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
  llvm.func @mbarriers(%count: i32, %bytes: i32, %parity: i32, %ticks: i32)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[BASE:.*]] = llvm.call %{{.*}}(%[[T]]) : !llvm.ptr, (!llvm.ptr) -> !llvm.ptr
    // CHECK: %[[COUNT:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[BYTES:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[PARITY:.*]] = llvm.load %{{.*}} -> i32
    %bar = llvm.mlir.addressof @shared : !llvm.ptr<3>
    // CHECK: %[[A0:.*]] = llvm.ptrtoint %[[BASE]] : !llvm.ptr to i32
    // CHECK: %[[W0:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[64]
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[W0]], %[[A0]], %[[COUNT]]) : !llvm.ptr, (!llvm.ptr, i32, i32, i32) -> ()
    nvvm.mbarrier.init %bar, %count : !llvm.ptr<3>, i32
    // CHECK: %[[A1:.*]] = llvm.ptrtoint %[[BASE]]
    // CHECK: %[[W1:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[88]
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[W1]], %[[A1]], %[[BYTES]]) : !llvm.ptr, (!llvm.ptr, i32, i32, i32) -> ()
    nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
    // CHECK: %[[A2:.*]] = llvm.ptrtoint %[[BASE]]
    // CHECK: %[[W2:.*]] = llvm.mlir.constant(2 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[80]
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[W2]], %[[A2]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
    %state = nvvm.mbarrier.arrive %bar : !llvm.ptr<3> -> i64
    // CHECK: %[[A3:.*]] = llvm.ptrtoint %[[BASE]]
    // CHECK: %[[W3:.*]] = llvm.mlir.constant(3 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[96]
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[W3]], %[[A3]], %[[PARITY]]) : !llvm.ptr, (!llvm.ptr, i32, i32, i32) -> ()
    nvvm.mbarrier.try_wait.parity %bar, %parity, %ticks : !llvm.ptr<3>, i32, i32
    // CHECK: %[[A4:.*]] = llvm.ptrtoint %[[BASE]]
    // CHECK: %[[W4:.*]] = llvm.mlir.constant(4 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[72]
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[W4]], %[[A4]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
    nvvm.mbarrier.inval %bar : !llvm.ptr<3>
    // CHECK-NEXT: llvm.return
    llvm.return
  }

  // CHECK-LABEL: llvm.func internal @rs_kernel_named.function(
  llvm.func @named(%id: i32, %threads: i32)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[ID:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[THREADS:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[ZERO:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: %[[ALL:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[48]
    // CHECK: llvm.call %{{.*}}, %[[ZERO]], %[[ALL]]) :
    nvvm.barrier0
    // CHECK: llvm.getelementptr %{{.*}}[48]
    // CHECK: llvm.call
    nvvm.barrier
    // CHECK: llvm.getelementptr %{{.*}}[48]
    // CHECK: llvm.call %{{.*}}, %[[ID]], %[[THREADS]]) :
    nvvm.barrier id = %id number_of_threads = %threads
    // CHECK: llvm.getelementptr %{{.*}}[56]
    // CHECK: llvm.call %{{.*}}, %[[ID]], %[[THREADS]]) :
    nvvm.barrier.arrive id = %id number_of_threads = %threads
    llvm.return
  }

  // CHECK-LABEL: llvm.func internal @rs_kernel_fences.function(
  llvm.func @fences() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[INIT:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[104]
    // CHECK: llvm.call %{{.*}}, %[[INIT]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
    nvvm.fence.mbarrier.init
    // CHECK: %[[PROXY:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[104]
    // CHECK: llvm.call %{{.*}}, %[[PROXY]]) :
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    // CHECK: %[[WGMMA:.*]] = llvm.mlir.constant(2 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[104]
    // CHECK: llvm.call %{{.*}}, %[[WGMMA]]) :
    nvvm.wgmma.fence.aligned
    // CHECK-NEXT: llvm.return
    llvm.return
  }
}

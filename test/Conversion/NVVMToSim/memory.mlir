// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

gpu.module @kernels {
  llvm.mlir.global external @shared() {addr_space = 3 : i32} : !llvm.array<0 x i8>

  // CHECK-LABEL: llvm.func internal @rs_kernel_accesses.function(
  // CHECK-SAME:    %[[T:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
  llvm.func @accesses(%i: i32, %g: !llvm.ptr<1>)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // CHECK: %[[BUFFER:.*]] = llvm.alloca
    // CHECK: %[[BASE:.*]] = llvm.call %{{.*}}(%[[T]])
    // CHECK: %[[I:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[P:.*]] = llvm.getelementptr %[[BASE]][%[[I]]]
    %s = llvm.mlir.addressof @shared : !llvm.ptr<3>
    %p = llvm.getelementptr %s[%i] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(8 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[112]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %{{.*}}, %[[BUFFER]], %[[BYTES]])
    // CHECK-SAME: (!llvm.ptr, i32, i32, !llvm.ptr, i32) -> ()
    // CHECK: %[[V:.*]] = llvm.load %[[BUFFER]] {{.*}} -> vector<2xf32>
    %v = llvm.load %p : !llvm.ptr<3> -> vector<2xf32>
    // CHECK: llvm.store %[[V]], %[[BUFFER]]
    // CHECK: llvm.getelementptr %{{.*}}[120]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %{{.*}}, %[[BUFFER]], %{{.*}})
    llvm.store %v, %s : vector<2xf32>, !llvm.ptr<3>
    // CHECK: llvm.store %[[V]], %{{.*}} : vector<2xf32>, !llvm.ptr
    llvm.store %v, %g : vector<2xf32>, !llvm.ptr<1>
    llvm.return
  }

  // CHECK-NOT: ptr<3>
  // CHECK: constant @rs_kernel_accesses.location.0("{{.*}}memory.mlir:{{[0-9]+}}:{{[0-9]+}} ld.shared #1\00")
  // CHECK: constant @rs_kernel_accesses.location.1("{{.*}} st.shared #1\00")

  // Global memory, by what is accessed at once; private memory is the thread's.
  // CHECK-LABEL: llvm.func internal @rs_kernel_global.function(
  llvm.func @global(%g: !llvm.ptr<1>, %any: !llvm.ptr) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    %size = llvm.mlir.constant(1 : i32) : i32
    // CHECK: %[[STACK:.*]] = llvm.alloca
    %stack = llvm.alloca %size x i64 : (i32) -> !llvm.ptr
    // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(32 : i32)
    // CHECK: %[[ALIGNMENT:.*]] = llvm.mlir.constant(16 : i32)
    // CHECK: %[[READ:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[216]
    // CHECK: llvm.call %{{.*}}, %{{.*}}, %[[BYTES]], %[[ALIGNMENT]], %[[READ]]) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, i32, i32, i32) -> ()
    // CHECK: llvm.load %{{.*}} -> vector<8xf32>
    %v = llvm.load %g : !llvm.ptr<1> -> vector<8xf32>
    // CHECK: %[[LESS:.*]] = llvm.mlir.constant(4 : i32)
    // CHECK: llvm.call %{{.*}}, %{{.*}}, %{{.*}}, %[[LESS]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, i32, i32, i32) -> ()
    // CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> i64
    %x = llvm.load %any {alignment = 4 : i64} : !llvm.ptr -> i64
    // CHECK: %[[ATOMIC:.*]] = llvm.mlir.constant(2 : i32)
    // CHECK: llvm.call %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[ATOMIC]])
    // CHECK: llvm.atomicrmw
    %old = llvm.atomicrmw add %g, %size monotonic : !llvm.ptr<1>, i32
    // CHECK-NOT: llvm.call
    // CHECK: llvm.store %{{.*}}, %[[STACK]]
    llvm.store %x, %stack : i64, !llvm.ptr
    llvm.return
  }

  // The low half of a pointer is the address.
  // CHECK-LABEL: llvm.func internal @rs_kernel_casts.function(
  llvm.func @casts(%g: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // CHECK: %[[BASE:.*]] = llvm.call
    %s = llvm.mlir.addressof @shared : !llvm.ptr<3>
    // CHECK: %[[BITS:.*]] = llvm.ptrtoint %[[BASE]] : !llvm.ptr to i32
    %bits = llvm.ptrtoint %s : !llvm.ptr<3> to i32
    // CHECK: %[[LOW:.*]] = llvm.ptrtoint %[[BASE]] : !llvm.ptr to i32
    // CHECK: %[[WIDE:.*]] = llvm.zext %[[LOW]] : i32 to i64
    %wide = llvm.ptrtoint %s : !llvm.ptr<3> to i64
    // CHECK: llvm.store %[[BITS]]
    // CHECK: llvm.store %[[WIDE]]
    llvm.store %bits, %g : i32, !llvm.ptr<1>
    llvm.store %wide, %g : i64, !llvm.ptr<1>
    // CHECK: %[[ALL:.*]] = llvm.ptrtoint %[[BASE]] : !llvm.ptr to i64
    // CHECK: %[[MASK:.*]] = llvm.mlir.constant(-4294967296 : i64)
    // CHECK: %[[WINDOW:.*]] = llvm.and %[[ALL]], %[[MASK]]
    // CHECK: %[[ZEXT:.*]] = llvm.zext %[[BITS]] : i32 to i64
    // CHECK: %[[SUM:.*]] = llvm.or %[[WINDOW]], %[[ZEXT]]
    // CHECK: llvm.inttoptr %[[SUM]] : i64 to !llvm.ptr
    %p = llvm.inttoptr %bits : i32 to !llvm.ptr<3>
    %zero = llvm.mlir.constant(0 : i32) : i32
    llvm.store %zero, %p : i32, !llvm.ptr<3>
    llvm.return
  }
}

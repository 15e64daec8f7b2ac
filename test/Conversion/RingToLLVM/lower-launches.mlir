// RUN: ringattn-opt %s -ringattn-lower-runtime-ops | FileCheck %s

// A tensor map is a parameter by value, at its place on the stack; others are
// stored there. `tensor_map` is the twelfth import, `launch` the thirteenth,
// `fail` the ninth.

// CHECK-DAG:   llvm.mlir.global internal constant @ringattn.kernel_name.step("step\00")
// CHECK-DAG:   llvm.mlir.global internal constant @ringattn.requirement.[[$ID:[0-9]+]]("the sequence is too long\00")

// CHECK-LABEL: func.func private @launch(
// CHECK-SAME:    %[[CTX:.*]]: !llvm.ptr, %{{.*}}: memref<?x2x?x64xbf16>
// CHECK-DAG:     %[[MAP:.*]] = llvm.alloca {{.*}} x !llvm.array<128 x i8> {alignment = 64 : i64}
// CHECK:         cf.cond_br %{{.*}}, ^[[FITS:.*]], ^[[LONG:.*]]
// CHECK:       ^[[LONG]]:
// CHECK:         llvm.mlir.addressof @ringattn.requirement.[[$ID]]
// CHECK:         llvm.getelementptr %{{.*}}[72] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:       ^[[FITS]]:
// CHECK:         llvm.getelementptr %{{.*}}[96] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         llvm.call %{{.*}}(%[[CTX]], %[[MAP]], {{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
// CHECK:         %[[O:.*]] = llvm.addrspacecast %{{.*}} : !llvm.ptr to !llvm.ptr<1>
// CHECK:         llvm.store %[[O]], %{{.*}} : !llvm.ptr<1>, !llvm.ptr
// CHECK:         llvm.mlir.addressof @ringattn.kernel_name.step
// CHECK:         llvm.store %[[MAP]], %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK:         llvm.getelementptr %{{.*}}[104] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         llvm.call %{{.*}}(%[[CTX]], {{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
module attributes {gpu.container_module} {
  func.func @launch(%q: memref<?x2x?x64xbf16>, %o: memref<?x2x?x64xf32>, %n: index, %fits: i1) {
    ringrt.require %fits, "the sequence is too long"
    %c1 = arith.constant 1 : index
    %c128 = arith.constant 128 : index
    %shared = arith.constant 1024 : i32
    %map = ringrt.tensor_map %q {box = array<i64: 64, 128>} : memref<?x2x?x64xbf16> -> !llvm.ptr
    %address = ringrt.address read_write %o : memref<?x2x?x64xf32> -> !llvm.ptr<1>
    gpu.launch_func @kernels::@step blocks in (%n, %c1, %c1) threads in (%c128, %c1, %c1)
      dynamic_shared_memory_size %shared args(%map : !llvm.ptr, %address : !llvm.ptr<1>)
    return
  }
  gpu.module @kernels {
    llvm.func @step(%map: !llvm.ptr, %o: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
}

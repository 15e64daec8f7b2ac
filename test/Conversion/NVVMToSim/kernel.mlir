// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

// The kernel stays for the device; beside it there is what a simulated thread
// runs, and what the runtime knows of it.

// CHECK-LABEL: gpu.module @kernels
// CHECK:         llvm.func @copy(%{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}
// CHECK-SAME:      nvvm.kernel
// CHECK:           llvm.store %{{.*}}, %{{.*}} : i32, !llvm.ptr<1>
// CHECK:           nvvm.barrier0
gpu.module @kernels {
  llvm.mlir.global external @shared() {addr_space = 3 : i32} : !llvm.array<0 x i8>
  llvm.func @copy(%map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %to: !llvm.ptr<1>, %n: i32)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 384, 1, 1>} {
    %first = llvm.load %map : !llvm.ptr -> i8
    llvm.store %n, %to : i32, !llvm.ptr<1>
    nvvm.barrier0 loc("here.py":7:3)
    nvvm.barrier0 loc("epilogue"("here.py":9:5))
    llvm.return
  }
  // Half of the registers, and as many as are asked for.
  llvm.func @twice() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 384>, nvvm.minctasm = 2 : i32} {
    llvm.return
  }
  llvm.func @few() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>, nvvm.maxnreg = 40 : i32} {
    llvm.return
  }
}

// CHECK-LABEL: llvm.func internal @rs_kernel_copy.function(
// CHECK-SAME:    %[[THREAD:.*]]: !llvm.ptr, %[[ARGUMENTS:.*]]: !llvm.ptr)
// CHECK-NOT:     nvvm
// A parameter by value is where it lies; of others the value lies there.
// CHECK:         %[[S0:.*]] = llvm.getelementptr %[[ARGUMENTS]][0]
// CHECK:         %[[MAP:.*]] = llvm.load %[[S0]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[S1:.*]] = llvm.getelementptr %[[ARGUMENTS]][1]
// CHECK:         %[[P1:.*]] = llvm.load %[[S1]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[TO:.*]] = llvm.load %[[P1]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[S2:.*]] = llvm.getelementptr %[[ARGUMENTS]][2]
// CHECK:         %[[P2:.*]] = llvm.load %[[S2]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[N:.*]] = llvm.load %[[P2]] : !llvm.ptr -> i32
// Memory is the host's; what happens to the global one is told.
// CHECK:         llvm.load %[[MAP]] : !llvm.ptr -> i8
// CHECK:         %[[BYTES:.*]] = llvm.mlir.constant(4 : i32)
// CHECK:         %[[ALIGNMENT:.*]] = llvm.mlir.constant(4 : i32)
// CHECK:         %[[WRITE:.*]] = llvm.mlir.constant(1 : i32)
// CHECK:         llvm.getelementptr %{{.*}}[216]
// CHECK:         llvm.call %{{.*}}(%[[THREAD]], %{{.*}}, %[[TO]], %[[BYTES]], %[[ALIGNMENT]], %[[WRITE]])
// CHECK-NEXT:    llvm.store %[[N]], %[[TO]] : i32, !llvm.ptr
// bar_sync is the sixth function of the table.
// CHECK:         %[[OPS:.*]] = llvm.load %[[THREAD]] invariant
// CHECK:         %[[SLOT:.*]] = llvm.getelementptr %[[OPS]][48]
// CHECK:         %[[SYNC:.*]] = llvm.load %[[SLOT]] invariant
// CHECK:         llvm.call %[[SYNC]](%[[THREAD]],
// CHECK:         llvm.return

// CHECK-DAG: @rs_kernel_copy.location.0("{{.*}}kernel.mlir:{{[0-9]+}}:{{[0-9]+}} st.global #1\00")
// CHECK-DAG: @rs_kernel_copy.location.1("here.py:7:3 barrier0 #1\00")
// CHECK-DAG: @rs_kernel_copy.location.2("here.py:9:5 epilogue barrier0 #2\00")
// CHECK-LABEL: llvm.mlir.global internal constant @rs_kernel_copy.locations()
// CHECK-SAME:    !llvm.array<3 x ptr>
// CHECK:         llvm.mlir.addressof @rs_kernel_copy.location.0
// CHECK:         llvm.mlir.addressof @rs_kernel_copy.location.1
// CHECK:         llvm.mlir.addressof @rs_kernel_copy.location.2
// CHECK-LABEL: llvm.mlir.global external constant @rs_kernel_copy()
// CHECK-SAME:    !llvm.struct<(ptr, ptr, i32, i32, i32, ptr)>
// CHECK-DAG:     %[[NAME:.*]] = llvm.mlir.addressof @rs_kernel_copy.name
// CHECK-DAG:     %[[FUNCTION:.*]] = llvm.mlir.addressof @rs_kernel_copy.function
// CHECK-DAG:     %[[THREADS:.*]] = llvm.mlir.constant(384 : i32)
// CHECK-DAG:     %[[REGISTERS:.*]] = llvm.mlir.constant(168 : i32)
// CHECK-DAG:     %[[COUNT:.*]] = llvm.mlir.constant(3 : i32)
// CHECK-DAG:     %[[TABLE:.*]] = llvm.mlir.addressof @rs_kernel_copy.locations
// CHECK:         llvm.insertvalue %[[NAME]], %{{.*}}[0]
// CHECK:         llvm.insertvalue %[[FUNCTION]], %{{.*}}[1]
// CHECK:         llvm.insertvalue %[[THREADS]], %{{.*}}[2]
// CHECK:         llvm.insertvalue %[[REGISTERS]], %{{.*}}[3]
// CHECK:         llvm.insertvalue %[[COUNT]], %{{.*}}[4]
// CHECK:         llvm.insertvalue %[[TABLE]], %{{.*}}[5]

// CHECK-LABEL: llvm.mlir.global external constant @rs_kernel_twice()
// CHECK:         llvm.mlir.constant(80 : i32)
// CHECK-LABEL: llvm.mlir.global external constant @rs_kernel_few()
// CHECK:         llvm.mlir.constant(40 : i32)

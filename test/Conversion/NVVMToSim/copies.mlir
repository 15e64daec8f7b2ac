// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

gpu.module @kernels {
  llvm.mlir.global external @shared() {addr_space = 3 : i32} : !llvm.array<0 x i8>

  // CHECK-LABEL: llvm.func internal @rs_kernel_tma.function(
  // CHECK-SAME:    %[[T:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
  llvm.func @tma(%map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %x: i32, %y: i32, %hint: i64)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[BUFFER:.*]] = llvm.alloca
    // CHECK: %[[BASE:.*]] = llvm.call %{{.*}}(%[[T]]) : !llvm.ptr, (!llvm.ptr) -> !llvm.ptr
    // CHECK: %[[MAP:.*]] = llvm.load %{{.*}} -> !llvm.ptr
    // CHECK: %[[X:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[Y:.*]] = llvm.load %{{.*}} -> i32
    %bar = llvm.mlir.addressof @shared : !llvm.ptr<3>
    // CHECK: %[[TILE:.*]] = llvm.getelementptr %[[BASE]][1024]
    %tile = llvm.getelementptr %bar[1024] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %cluster = llvm.addrspacecast %tile : !llvm.ptr<3> to !llvm.ptr<7>
    // CHECK: %[[TO:.*]] = llvm.ptrtoint %[[TILE]] : !llvm.ptr to i32
    // CHECK: llvm.store %[[X]], %[[BUFFER]]
    // CHECK: %[[SECOND:.*]] = llvm.getelementptr %[[BUFFER]][4]
    // CHECK: llvm.store %[[Y]], %[[SECOND]]
    // CHECK: %[[BAR:.*]] = llvm.ptrtoint %[[BASE]] : !llvm.ptr to i32
    // CHECK: llvm.getelementptr %{{.*}}[144]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[TO]], %[[MAP]], %[[BUFFER]], %[[BAR]])
    // CHECK-SAME: (!llvm.ptr, i32, i32, !llvm.ptr, !llvm.ptr, i32) -> ()
    nvvm.cp.async.bulk.tensor.shared.cluster.global %cluster, %map, %bar, box[%x, %y] l2_cache_hint = %hint : !llvm.ptr<7>, !llvm.ptr
    // CHECK: %[[FROM:.*]] = llvm.ptrtoint %[[TILE]] : !llvm.ptr to i32
    // CHECK: %[[PLAIN:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[152]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[FROM]], %[[MAP]], %[[BUFFER]], %[[PLAIN]])
    nvvm.cp.async.bulk.tensor.global.shared.cta %map, %tile, box[%x, %y] : !llvm.ptr, !llvm.ptr<3>
    // CHECK: %[[ADD:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[152]
    // CHECK: llvm.call %{{.*}}, %[[MAP]], %[[BUFFER]], %[[ADD]])
    nvvm.cp.async.bulk.tensor.reduce %map, %tile, box[%x, %y] {redKind = #nvvm.tma_redux_kind<add>} : !llvm.ptr, !llvm.ptr<3>
    // CHECK: llvm.getelementptr %{{.*}}[160]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32) -> ()
    nvvm.cp.async.bulk.commit.group
    // CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: %[[READ:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[168]
    // CHECK: llvm.call %{{.*}}, %[[ONE]], %[[READ]]) : !llvm.ptr, (!llvm.ptr, i32, i32, i32) -> ()
    nvvm.cp.async.bulk.wait_group 1 {read}
    // CHECK: %[[NONE:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: %[[DONE:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.call %{{.*}}, %[[NONE]], %[[DONE]]) :
    nvvm.cp.async.bulk.wait_group 0
    // CHECK-NEXT: llvm.return
    nvvm.prefetch tensormap, %map : !llvm.ptr
    llvm.return
  }

  // CHECK-LABEL: llvm.func internal @rs_kernel_matrices.function(
  // CHECK-SAME:    %[[T:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
  llvm.func @matrices() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[SIZE:.*]] = llvm.mlir.constant(16 : i64)
    // CHECK: %[[BUFFER:.*]] = llvm.alloca %[[SIZE]] x i8
    // CHECK: %[[BASE:.*]] = llvm.call
    %s = llvm.mlir.addressof @shared : !llvm.ptr<3>
    // CHECK: %[[FROM:.*]] = llvm.ptrtoint %[[BASE]]
    // CHECK: %[[FOUR:.*]] = llvm.mlir.constant(4 : i32)
    // CHECK: %[[TRANS:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[128]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[FROM]], %[[BUFFER]], %[[FOUR]], %[[TRANS]])
    // CHECK: %[[R0:.*]] = llvm.load %[[BUFFER]] {{.*}} -> i32
    // CHECK: llvm.insertvalue %[[R0]], %{{.*}}[0]
    %r = nvvm.ldmatrix %s {num = 4 : i32, layout = #nvvm.mma_layout<col>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
    // CHECK: %[[X:.*]] = llvm.extractvalue %{{.*}}[1]
    %x = llvm.extractvalue %r[1] : !llvm.struct<(i32, i32, i32, i32)>
    // CHECK: llvm.store %[[X]], %[[BUFFER]]
    // CHECK: %[[TWO:.*]] = llvm.mlir.constant(2 : i32)
    // CHECK: %[[STRAIGHT:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[136]
    // CHECK: llvm.call %{{.*}}, %[[BUFFER]], %[[TWO]], %[[STRAIGHT]])
    nvvm.stmatrix %s, %x, %x {layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32, i32
    llvm.return
  }
}

// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

gpu.module @kernels {
  // CHECK-LABEL: llvm.func internal @rs_kernel_products.function(
  // CHECK-SAME:    %[[T:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
  llvm.func @products(%a: i64, %b: i64, %zero: vector<8xf32>, %f: vector<8xbf16>, %to: !llvm.ptr<1>)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[BYTES1:.*]] = llvm.mlir.constant(16 : i64)
    // CHECK: %[[FRAGMENT:.*]] = llvm.alloca %[[BYTES1]] x i8 {alignment = 64
    // CHECK: %[[BYTES0:.*]] = llvm.mlir.constant(32 : i64)
    // CHECK: %[[VALUES:.*]] = llvm.alloca %[[BYTES0]] x i8 {alignment = 64
    // CHECK: %[[A:.*]] = llvm.load %{{.*}} -> i64
    // CHECK: %[[B:.*]] = llvm.load %{{.*}} -> i64
    // CHECK: %[[ZERO:.*]] = llvm.load %{{.*}} -> vector<8xf32>
    // CHECK: %[[F:.*]] = llvm.load %{{.*}} -> vector<8xi16>

    // Both matrices in shared memory.
    // CHECK: llvm.store %[[ZERO]], %[[VALUES]]
    // CHECK: %[[NULL:.*]] = llvm.mlir.zero : !llvm.ptr
    // CHECK: %[[WHAT:.*]] = llvm.mlir.addressof @rs_wgmma.bf16.16.transpose_b
    // CHECK: llvm.getelementptr %{{.*}}[176]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[WHAT]], %[[VALUES]], %[[NULL]], %[[A]], %[[B]])
    // CHECK-SAME: (!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64) -> ()
    // CHECK: %[[D0:.*]] = llvm.load %[[VALUES]] {{.*}} -> vector<8xf32>
    %0 = ringptx.wgmma bf16 %a, %b into %zero {transpose_b} : i64, vector<8xf32>
    // A in registers.
    // CHECK: llvm.store %[[D0]], %[[VALUES]]
    // CHECK: llvm.store %[[F]], %[[FRAGMENT]]
    // CHECK: %[[NONE:.*]] = llvm.mlir.constant(0 : i64)
    // CHECK: llvm.mlir.addressof @rs_wgmma.bf16.16.accumulate
    // CHECK: llvm.call %{{.*}}, %[[VALUES]], %[[FRAGMENT]], %[[NONE]], %[[B]])
    // CHECK: %[[D1:.*]] = llvm.load %[[VALUES]]
    %1 = ringptx.wgmma bf16 %f, %b into %0 {accumulate} : vector<8xbf16>, vector<8xf32>
    // CHECK: llvm.getelementptr %{{.*}}[184]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32) -> ()
    nvvm.wgmma.commit.group.sync.aligned
    // A 16-bit fragment is what it was.
    // CHECK: llvm.store %[[D1]], %[[VALUES]]
    // CHECK: %[[PENDING:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: %[[COUNT:.*]] = llvm.mlir.constant(8 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[192]
    // CHECK: llvm.call %{{.*}}, %[[PENDING]], %[[VALUES]], %[[COUNT]]) : !llvm.ptr, (!llvm.ptr, i32, i32, !llvm.ptr, i32) -> ()
    // CHECK: %[[D:.*]] = llvm.load %[[VALUES]]
    %2:2 = ringptx.wgmma_wait %1, %f {pending = 1} : vector<8xf32>, vector<8xbf16>
    // CHECK: llvm.store %[[D]]
    // CHECK: llvm.store %[[F]]
    llvm.store %2#0, %to : vector<8xf32>, !llvm.ptr<1>
    llvm.store %2#1, %to : vector<8xbf16>, !llvm.ptr<1>
    // CHECK: %[[NULL:.*]] = llvm.mlir.zero
    // CHECK: %[[NO:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[192]
    // CHECK: llvm.call %{{.*}}, %[[NULL]], %[[NO]])
    nvvm.wgmma.wait.group.sync.aligned 0
    llvm.return
  }
}

// n, type, accumulate, transpose_a, transpose_b, registers of D and of A.
// CHECK-LABEL: llvm.mlir.global internal constant @rs_wgmma.bf16.16.transpose_b()
// CHECK-SAME:    !llvm.array<7 x i32>
// CHECK:         %[[N:.*]] = llvm.mlir.constant(16 : i32)
// CHECK:         %[[TYPE:.*]] = llvm.mlir.constant(0 : i32)
// CHECK:         %[[ACC:.*]] = llvm.mlir.constant(0 : i32)
// CHECK:         %[[TA:.*]] = llvm.mlir.constant(0 : i32)
// CHECK:         %[[TB:.*]] = llvm.mlir.constant(1 : i32)
// CHECK:         llvm.insertvalue %[[N]], %{{.*}}[0]
// CHECK:         llvm.insertvalue %[[TYPE]], %{{.*}}[1]
// CHECK:         llvm.insertvalue %[[ACC]], %{{.*}}[2]
// CHECK:         llvm.insertvalue %[[TA]], %{{.*}}[3]
// CHECK:         llvm.insertvalue %[[TB]], %{{.*}}[4]

gpu.module @registers {
  // What ops write is told: a sum in a loop and before it is in the same
  // registers, and a fragment is where its parts are taken from.
  // CHECK-LABEL: llvm.func internal @rs_kernel_written.function(
  // CHECK:         llvm.fmul
  // CHECK-NEXT:    %[[N:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK:         llvm.call %{{.*}}, %[[N]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
  // CHECK:       ^bb1
  // CHECK:         llvm.trunc
  // CHECK-NEXT:    %[[A:.*]] = llvm.mlir.constant(2 : i32)
  // CHECK:         llvm.call %{{.*}}, %[[A]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
  // CHECK:         llvm.mlir.addressof @rs_wgmma.bf16.16.accumulate.d1.a2
  // CHECK:         llvm.fadd
  // CHECK-NEXT:    %[[N1:.*]] = llvm.mlir.constant(1 : i32)
  // CHECK:         llvm.call %{{.*}}, %[[N1]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
  llvm.func @written(%b: i64, %o: vector<8xf32>, %f: vector<16xf32>, %c: i1)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    %first = llvm.fmul %o, %o : vector<8xf32>
    llvm.br ^loop(%first : vector<8xf32>)
  ^loop(%sum: vector<8xf32>):
    %tile = llvm.fptrunc %f : vector<16xf32> to vector<16xbf16>
    nvvm.wgmma.fence.aligned
    %part = llvm.shufflevector %tile, %tile [0, 1, 2, 3, 4, 5, 6, 7] : vector<16xbf16>
    %d = ringptx.wgmma bf16 %part, %b into %sum {accumulate} : vector<8xbf16>, vector<8xf32>
    nvvm.wgmma.commit.group.sync.aligned
    %r:2 = ringptx.wgmma_wait %d, %tile {pending = 0} : vector<8xf32>, vector<16xbf16>
    %next = llvm.fadd %r#0, %r#0 : vector<8xf32>
    llvm.cond_br %c, ^loop(%next : vector<8xf32>), ^exit
  ^exit:
    llvm.return
  }
}

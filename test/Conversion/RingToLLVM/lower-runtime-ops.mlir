// RUN: ringattn-opt %s -ringattn-lower-runtime-ops | FileCheck %s

shard.grid @ring(shape = 2x4)

// Every function takes the context and returns a status; each call is checked.

// CHECK-LABEL: func.func private @exchange(
// CHECK-SAME:    %[[CTX:.*]]: !llvm.ptr, %[[SEND:.*]]: memref<?xbf16>, %{{.*}}: memref<?xbf16>, %[[A:.*]]: index) -> i32
// CHECK-DAG:     %[[TOKEN:.*]] = llvm.alloca {{.*}} x i64
// CHECK:         %[[TWO:.*]] = arith.constant 2 : i64
// CHECK:         arith.muli %{{.*}}, %[[TWO]] : i64
// CHECK:         %[[IMPORTS:.*]] = llvm.load %[[CTX]] : !llvm.ptr -> !llvm.ptr
// ring_shift_start is the fifth pointer, behind two 32-bit fields.
// CHECK:         llvm.getelementptr %[[IMPORTS]][40] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         %[[STATUS:.*]] = llvm.call %{{.*}}(%[[CTX]], {{.*}}) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, i64, !llvm.ptr, i64, i64, i64, !llvm.ptr) -> i32
// CHECK:         %[[BAD:.*]] = arith.cmpi ne, %[[STATUS]]
// CHECK:         cf.cond_br %[[BAD]], ^[[EXIT:.*]](%[[STATUS]] : i32), ^[[NEXT:.*]]
// CHECK:       ^[[NEXT]]:
// CHECK:         %[[T:.*]] = llvm.load %[[TOKEN]] : !llvm.ptr -> i64
// CHECK:         llvm.getelementptr %{{.*}}[48] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         llvm.call %{{.*}}(%[[CTX]], %[[T]], %{{.*}})
// CHECK:         return %{{.*}} : i32
// CHECK:       ^[[EXIT]](%[[S:.*]]: i32):
// CHECK:         return %[[S]] : i32
func.func @exchange(%a: memref<?xbf16>, %b: memref<?xbf16>, %n: index) {
  %t = ringcomm.shift_start %a to %b of %n step -1 on @ring [1] : memref<?xbf16> to memref<?xbf16>
  ringcomm.wait %t
  return
}

// Allocations belong to the runtime.

// CHECK-LABEL: func.func private @allocate(
// CHECK:         %[[SLOT:.*]] = llvm.alloca {{.*}} x !llvm.ptr
// CHECK:         llvm.getelementptr %{{.*}}[8]
// CHECK:         %[[P:.*]] = llvm.load %[[SLOT]]
// CHECK:         llvm.insertvalue %[[P]]
// CHECK:         llvm.getelementptr %{{.*}}[16]
func.func @allocate(%n: index) {
  %m = memref.alloc(%n) : memref<4x?xf32>
  memref.dealloc %m : memref<4x?xf32>
  return
}

// A parallel loop passes its captures in a closure to a trampoline.

// CHECK-LABEL: llvm.func internal @body.parallel(
// CHECK-SAME:    %[[CTX:.*]]: !llvm.ptr, %[[CLOSURE:.*]]: !llvm.ptr, %[[B:.*]]: i64, %[[E:.*]]: i64) -> i32
// CHECK:         llvm.load %[[CLOSURE]]
// CHECK:         %[[S:.*]] = func.call @body(%[[CTX]],
// CHECK:         llvm.return %[[S]]
// CHECK-LABEL: func.func private @parallel(
// CHECK:         llvm.mlir.addressof @body.parallel
// CHECK:         llvm.getelementptr %{{.*}}[56]
func.func private @body(%m: memref<?xf32>, %n: index, %begin: index, %end: index) {
  return
}
func.func @parallel(%m: memref<?xf32>, %n: index) {
  ringrt.parallel_for @body, %n (%m, %n : memref<?xf32>, index)
  return
}

// CHECK-LABEL: func.func private @spans(
// CHECK:         llvm.getelementptr %{{.*}}[80]
// CHECK:         llvm.getelementptr %{{.*}}[88]
func.func @spans(%h: index) {
  ringrt.span_begin compute (%h)
  ringrt.span_end
  return
}

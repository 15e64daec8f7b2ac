// RUN: ringattn-opt %s -split-input-file -pass-pipeline='builtin.module(ringattn-launch-loops,canonicalize,cse)' | FileCheck %s

// A thread copies one element: of the last two dimensions the blocks in x have 256
// each; what the types do not tell are parameters.

// CHECK-LABEL: func.func @copy(
// CHECK-SAME:    %[[K:[a-z0-9]+]]: memref<2x3x?x64xbf16>, %[[SLOT:[a-z0-9]+]]:
// CHECK-DAG:     %[[FROM:.*]] = ringrt.address read %[[K]]
// CHECK-DAG:     %[[TO:.*]] = ringrt.address write %[[SLOT]]
// CHECK:         gpu.launch_func @kernels::@copy_loops_0 blocks in (%{{.*}}, %c3{{.*}}, %c2{{.*}}) threads in (%c256
// CHECK-NOT:     linalg.copy
// CHECK:         gpu.module @kernels
// CHECK:         llvm.func @copy_loops_0(%{{.*}}: i64, %{{.*}}: !llvm.ptr<1>, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr<1>) attributes {
// CHECK-SAME:      nvvm.maxntid = array<i32: 256>
// CHECK:         %[[ROW:.*]] = arith.divui %{{.*}}, %c64
// CHECK:         %[[IN:.*]] = arith.cmpi ult, %[[ROW]], %
// CHECK:         scf.if %[[IN]]
// CHECK:           %[[X:.*]] = llvm.load {{.*}} -> bf16
// CHECK:           llvm.store %[[X]]
module attributes {gpu.container_module} {
func.func @copy(%k: memref<2x3x?x64xbf16>, %slot: memref<2x3x?x64xbf16, strided<[98304, 32768, 64, 1], offset: 128>>)
    attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  linalg.copy ins(%k : memref<2x3x?x64xbf16>) outs(%slot : memref<2x3x?x64xbf16, strided<[98304, 32768, 64, 1], offset: 128>>)
  return
}
gpu.module @kernels {}
}

// -----

// Constants move into the kernel, other scalars are parameters; an array of which
// the body reads nothing is not loaded.

// CHECK-LABEL: func.func @around(
// CHECK:         ringrt.address read_write %{{.*}} : memref<4x8xf32>
// CHECK:         gpu.launch_func @kernels::@around_loops_0 {{.*}} args(%{{.*}} : !llvm.ptr<1>, %{{.*}} : f32)
// CHECK:         gpu.launch_func @kernels::@around_loops_1
// CHECK:         llvm.func @around_loops_0(
// CHECK-COUNT-1: llvm.load
// CHECK:         arith.mulf
// CHECK:         llvm.store
// CHECK:         llvm.func @around_loops_1(
// CHECK:         %[[ZERO:.*]] = arith.constant 0.0
// CHECK-NOT:     llvm.load
// CHECK:         llvm.store %[[ZERO]]
module attributes {gpu.container_module} {
func.func @around(%o: memref<4x8xf32>, %factor: f32) attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%o : memref<4x8xf32>) {
  ^bb0(%x: f32):
    %y = arith.mulf %x, %factor : f32
    linalg.yield %y : f32
  }
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%o : memref<4x8xf32>)
  return
}
gpu.module @kernels {}
}

// -----

// Reductions are loops of a thread; copies of memrefs are loops too.

// CHECK-LABEL: llvm.func @rows_loops_0(
// CHECK:         scf.if
// CHECK:           scf.for
// CHECK:             arith.addf
// CHECK-LABEL: llvm.func @rows_loops_1(
// CHECK:         %[[X:.*]] = llvm.load
// CHECK:         llvm.store %[[X]]
module attributes {gpu.container_module} {
func.func @rows(%a: memref<4x8xf32>, %s: memref<4xf32>, %t: memref<4xf32>) attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<4x8xf32>) outs(%s : memref<4xf32>) {
  ^bb0(%x: f32, %sum: f32):
    %y = arith.addf %sum, %x : f32
    linalg.yield %y : f32
  }
  memref.copy %s, %t : memref<4xf32> to memref<4xf32>
  return
}
gpu.module @kernels {}
}

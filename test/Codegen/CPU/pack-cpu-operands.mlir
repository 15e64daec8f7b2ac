// RUN: ringattn-opt %s -allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(ringattn-pack-cpu-operands))' -split-input-file | FileCheck %s

// K is copied once, transposed, before the tasks; tiles read panels.
// CHECK-LABEL: func.func @keys(
// CHECK:         %[[PACKED:.*]] = memref.alloc({{.*}}) {alignment = 64 : i64} : memref<2x2x?x8x32xf32>
// CHECK:         scf.forall {{.*}} in (2, 2, %{{.*}})
// CHECK:           vector.shuffle
// CHECK:           vector.store {{.*}}, %[[PACKED]]
// CHECK:         scf.forall
// CHECK-NOT:       ringattn.load_tile
// CHECK:           %[[PANEL:.*]] = memref.subview %[[PACKED]]{{.*}} [1, 1, 1, 8, 32]
// CHECK:           %[[K:.*]] = bufferization.to_tensor %[[PANEL]] restrict
// CHECK:           linalg.contract indexing_maps = [#{{.*}}, #{{.*}}, #{{.*}}] {{.*}} ins(%{{.*}}, %[[K]] : tensor<4x8xf32>, tensor<8x32xf32>)
// CHECK:         memref.dealloc %[[PACKED]]
func.func @keys(%k: memref<2x2x?x8xf32>, %q: tensor<4x8xf32>, %s: tensor<4x32xf32>, %j: index, %n: index)
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4},
                ringattn.tiles = {columns = 64, head_size = 8, masked_columns = 32, operand = f32,
                                   rows = 8, value_size = 16}} {
  %c2 = arith.constant 2 : index
  %len = memref.dim %k, %c2 : memref<2x2x?x8xf32>
  scf.forall (%b, %h) in (2, 2) {
    %view = memref.subview %k[%b, %h, 0, 0] [1, 1, %len, 8] [1, 1, 1, 1]
      : memref<2x2x?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
    %tile = ringattn.load_tile %view[%j] : memref<?x8xf32, strided<[8, 1], offset: ?>> -> tensor<64x8xf32>
    %ks = tensor.extract_slice %tile[%n, 0] [32, 8] [1, 1] : tensor<64x8xf32> to tensor<32x8xf32>
    %r = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      {ringattn.role = "scores"} ins(%q, %ks : tensor<4x8xf32>, tensor<32x8xf32>) outs(%s : tensor<4x32xf32>) -> tensor<4x32xf32>
    "test.use"(%r) : (tensor<4x32xf32>) -> ()
  }
  return
}

// -----

// For the bf16 dot product, pairs of keys are interleaved.
// CHECK-LABEL: func.func @pairs(
// CHECK:         memref.alloc({{.*}}) {{.*}} : memref<2x2x1x?x16x2xbf16>
// CHECK:         vector.interleave
// CHECK:         linalg.contract {{.*}} : tensor<4x32x2xbf16>, tensor<32x16x2xbf16>) outs(%{{.*}} : tensor<4x16xf32>)
func.func @pairs(%v: memref<2x2x?x10xbf16>, %p: tensor<4x64xbf16>, %o: tensor<4x16xf32>, %j: index)
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 2, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4},
                ringattn.tiles = {columns = 64, head_size = 8, masked_columns = 32, operand = bf16,
                                   rows = 8, value_size = 16}} {
  %c2 = arith.constant 2 : index
  %len = memref.dim %v, %c2 : memref<2x2x?x10xbf16>
  scf.forall (%b, %h) in (2, 2) {
    %view = memref.subview %v[%b, %h, 0, 0] [1, 1, %len, 10] [1, 1, 1, 1]
      : memref<2x2x?x10xbf16> to memref<?x10xbf16, strided<[10, 1], offset: ?>>
    %tile = ringattn.load_tile %view[%j] : memref<?x10xbf16, strided<[10, 1], offset: ?>> -> tensor<64x16xbf16>
    %r = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      {ringattn.role = "output"} ins(%p, %tile : tensor<4x64xbf16>, tensor<64x16xbf16>) outs(%o : tensor<4x16xf32>) -> tensor<4x16xf32>
    "test.use"(%r) : (tensor<4x16xf32>) -> ()
  }
  return
}

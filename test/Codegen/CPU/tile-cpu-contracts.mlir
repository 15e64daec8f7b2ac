// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-tile-cpu-contracts))' | FileCheck %s

// Panels outermost, register blocks within, and the accumulators' initial value
// inside the block.
// CHECK-LABEL: func.func @scores(
// CHECK:         scf.for {{.*}} step %c32
// CHECK:           scf.for {{.*}} step %c4
// CHECK:             linalg.fill {{.*}} -> tensor<4x32xf32>
// CHECK:             linalg.contract {{.*}} -> tensor<4x32xf32>
func.func @scores(%q: tensor<8x8xf32>, %k: tensor<64x8xf32>) -> tensor<8x64xf32>
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x64xf32>
  %s = linalg.fill ins(%zero : f32) outs(%e : tensor<8x64xf32>) -> tensor<8x64xf32>
  %r = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    {ringattn.role = "scores"} ins(%q, %k : tensor<8x8xf32>, tensor<64x8xf32>) outs(%s : tensor<8x64xf32>) -> tensor<8x64xf32>
  return %r : tensor<8x64xf32>
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-vectorize-cpu-tiles))' | FileCheck %s

// One step of k at a time.
// CHECK-LABEL: func.func @contract(
// CHECK:         scf.for {{.*}} step %c1
// CHECK:           vector.contract {{.*}} : vector<4x1xf32>, vector<1x32xf32> into vector<4x32xf32>
func.func @contract(%q: tensor<4x8xf32>, %k: tensor<8x32xf32>, %s: tensor<4x32xf32>) -> tensor<4x32xf32>
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %r = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%q, %k : tensor<4x8xf32>, tensor<8x32xf32>) outs(%s : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %r : tensor<4x32xf32>
}

// One row at a time.
// CHECK-LABEL: func.func @row_maximum(
// CHECK:         scf.for {{.*}} step %c1
// CHECK:           vector.multi_reduction <maxnumf>, {{.*}} [1] : vector<1x64xf32> to vector<1xf32>
func.func @row_maximum(%s: tensor<8x64xf32>, %m: tensor<8xf32>) -> tensor<8xf32>
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>],
                       iterator_types = ["parallel", "reduction"]}
    ins(%s : tensor<8x64xf32>) outs(%m : tensor<8xf32>) {
  ^bb0(%x: f32, %a: f32):
    %y = arith.maxnumf %a, %x : f32
    linalg.yield %y : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// Rows that are no whole number of registers: the rest apart, not one vector of
// odd size.
// CHECK-LABEL: func.func @odd_rows(
// CHECK:         arith.extf {{.*}} : vector<1x32xbf16> to vector<1x32xf32>
// CHECK:         arith.extf {{.*}} : vector<1x4xbf16> to vector<1x4xf32>
// CHECK-NOT:     vector<1x100
func.func @odd_rows(%q: tensor<8x100xbf16>, %wide: tensor<8x100xf32>) -> tensor<8x100xf32>
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 32, value_register_rows = 4}} {
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
    ins(%q : tensor<8x100xbf16>) outs(%wide : tensor<8x100xf32>) {
  ^bb0(%x: bf16, %a: f32):
    %y = arith.extf %x : bf16 to f32
    linalg.yield %y : f32
  } -> tensor<8x100xf32>
  return %r : tensor<8x100xf32>
}

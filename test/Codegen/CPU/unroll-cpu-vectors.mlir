// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-unroll-cpu-vectors))' | FileCheck %s

// CHECK-LABEL: func.func @contract(
// CHECK-COUNT-4: vector.contract {{.*}} : vector<1x1xf32>, vector<1x16xf32> into vector<1x16xf32>
// CHECK-NOT:     vector.contract
func.func @contract(%a: vector<2x1xf32>, %b: vector<1x32xf32>, %c: vector<2x32xf32>) -> vector<2x32xf32>
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %r = vector.contract {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                        iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>}
    %a, %b, %c : vector<2x1xf32>, vector<1x32xf32> into vector<2x32xf32>
  return %r : vector<2x32xf32>
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-lower-cpu-vectors,canonicalize))' | FileCheck %s

// CHECK-LABEL: func.func @fma(
// CHECK-DAG:     %[[B:.*]] = vector.load {{.*}} vector<16xf32>
// CHECK-DAG:     %[[A:.*]] = memref.load
// CHECK:         %[[S:.*]] = vector.broadcast %[[A]] : f32 to vector<16xf32>
// CHECK:         vector.fma %[[S]], %[[B]], %{{.*}} : vector<16xf32>
func.func @fma(%a: memref<4x8xf32>, %b: memref<8x16xf32>, %c: vector<1x16xf32>, %i: index) -> vector<1x16xf32>
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %pad = arith.constant 0.0 : f32
  %x = vector.transfer_read %a[%i, %i], %pad {in_bounds = [true, true]} : memref<4x8xf32>, vector<1x1xf32>
  %y = vector.transfer_read %b[%i, %i], %pad {in_bounds = [true, true]} : memref<8x16xf32>, vector<1x16xf32>
  %r = vector.contract {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                        iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>}
    %x, %y, %c : vector<1x1xf32>, vector<1x16xf32> into vector<1x16xf32>
  return %r : vector<1x16xf32>
}

// A maximum may ignore NaN, since the exponentials keep it.
// CHECK-LABEL: func.func @reductions(
// CHECK:         vector.reduction <maxnumf>, {{.*}} fastmath<reassoc,nnan,nsz>
// CHECK:         vector.reduction <add>, {{.*}} fastmath<reassoc>
func.func @reductions(%v: vector<16xf32>) -> (f32, f32) attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %m = vector.reduction <maxnumf>, %v : vector<16xf32> into f32
  %s = vector.reduction <add>, %v : vector<16xf32> into f32
  return %m, %s : f32, f32
}

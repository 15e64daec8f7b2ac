// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-expand-cpu-math))' | FileCheck %s

// CHECK-LABEL: func.func @avx512(
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"
// CHECK-COUNT-5: math.fma
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
func.func @avx512(%x: vector<1x16xf32>) -> vector<1x16xf32>
    attributes {ringattn.kernel, ringattn.cpu = {avx512_exp2, fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %y = math.exp2 %x : vector<1x16xf32>
  return %y : vector<1x16xf32>
}

// Underflow, -inf included, gives 0; a NaN is not below any limit.
// CHECK-LABEL: func.func @portable(
// CHECK-NOT:     math.exp2
// CHECK:         %[[LOW:.*]] = arith.cmpf olt, %arg0, %{{.*}} : vector<8xf64>
// CHECK:         arith.select %[[LOW]]
func.func @portable(%x: vector<8xf64>) -> vector<8xf64>
    attributes {ringattn.kernel, ringattn.cpu = {fma, lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %y = math.exp2 %x : vector<8xf64>
  return %y : vector<8xf64>
}

// Without an instruction for it, fma calls no library.
// CHECK-LABEL: func.func @baseline(
// CHECK-NOT:     math.fma
// CHECK:         arith.mulf
// CHECK:         arith.addf
func.func @baseline(%x: vector<4xf32>) -> vector<4xf32>
    attributes {ringattn.kernel, ringattn.cpu = {lanes = 16, pair = 1, panel = 32, register_rows = 4, row_chunk = 64,
                                 value_panel = 16, value_register_rows = 4}} {
  %z = math.fma %x, %x, %x : vector<4xf32>
  return %z : vector<4xf32>
}

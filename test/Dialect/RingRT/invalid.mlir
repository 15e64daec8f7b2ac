// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

func.func @unknown(%n: index) {
  // expected-error@+1 {{'ringrt.parallel_for' op names the unknown function @body, expected a function of the module}}
  ringrt.parallel_for @body, %n
  return
}

// -----

func.func private @body(%a: f32, %begin: index)
func.func @type(%n: index, %a: f32) {
  // expected-error@+1 {{'ringrt.parallel_for' op function @body has type '(f32, index) -> ()', expected '(f32, index, index) -> ()': the captures and two indices}}
  ringrt.parallel_for @body, %n (%a : f32)
  return
}

// -----

func.func @box(%k: memref<1x2x8x64xbf16>) {
  // expected-error@+1 {{'ringrt.tensor_map' op box is [64, 0], expected two positive sizes, of a row and of a column}}
  %map = ringrt.tensor_map %k {box = array<i64: 64, 0>} : memref<1x2x8x64xbf16> -> !llvm.ptr
  return
}

// -----

func.func @rank(%k: memref<8x64xbf16>) {
  // expected-error@+1 {{'ringrt.tensor_map' op operand #0 must be 4D memref of any type values, but got 'memref<8x64xbf16>'}}
  %map = ringrt.tensor_map %k {box = array<i64: 64, 8>} : memref<8x64xbf16> -> !llvm.ptr
  return
}

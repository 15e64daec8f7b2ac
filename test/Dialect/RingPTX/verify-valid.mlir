// RUN: ringattn-opt %s --ringptx-verify | FileCheck %s
// RUN: ringattn-opt %s --convert-scf-to-cf --ringptx-verify | FileCheck %s

// A loop carries the accumulator and a branch leaves it alone.
// CHECK-LABEL: func.func @structured
func.func @structured(%a: i64, %b: i64, %zero: vector<8xf32>, %n: index, %c: i1) -> vector<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d = scf.for %k = %c0 to %n step %c1 iter_args(%acc = %zero) -> (vector<8xf32>) {
    %next = ringptx.wgmma bf16 %a, %b into %acc {accumulate} : i64, vector<8xf32>
    %e = scf.if %c -> (vector<8xf32>) {
      %more = ringptx.wgmma bf16 %a, %b into %next {accumulate} : i64, vector<8xf32>
      scf.yield %more : vector<8xf32>
    } else {
      scf.yield %next : vector<8xf32>
    }
    scf.yield %e : vector<8xf32>
  }
  %r = ringptx.wgmma_wait %d {pending = 0} : vector<8xf32>
  %x = ringptx.ex2 %r : vector<8xf32>
  return %x : vector<8xf32>
}

// Each of two ways has its own use.
// CHECK-LABEL: func.func @blocks
func.func @blocks(%a: i64, %b: i64, %zero: vector<8xf32>, %c: i1) -> vector<8xf32> {
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  cf.cond_br %c, ^more(%s : vector<8xf32>), ^wait(%s : vector<8xf32>)
^more(%t: vector<8xf32>):
  %u = ringptx.wgmma bf16 %a, %b into %t {accumulate} : i64, vector<8xf32>
  cf.br ^wait(%u : vector<8xf32>)
^wait(%v: vector<8xf32>):
  %r = ringptx.wgmma_wait %v {pending = 0} : vector<8xf32>
  return %r : vector<8xf32>
}

// A wait takes the tile that a fragment is a part of, in another block.
func.func @fragments(%p: vector<16xbf16>, %b: i64, %zero: vector<8xf32>) -> vector<8xf32> {
  %a = llvm.shufflevector %p, %p [8, 9, 10, 11, 12, 13, 14, 15] : vector<16xbf16>
  %s = ringptx.wgmma bf16 %a, %b into %zero : vector<8xbf16>, vector<8xf32>
  cf.br ^wait(%s, %p : vector<8xf32>, vector<16xbf16>)
^wait(%t: vector<8xf32>, %q: vector<16xbf16>):
  %r:2 = ringptx.wgmma_wait %t, %q {pending = 0} : vector<8xf32>, vector<16xbf16>
  return %r#0 : vector<8xf32>
}

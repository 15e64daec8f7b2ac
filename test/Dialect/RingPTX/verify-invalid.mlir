// RUN: ringattn-opt %s --ringptx-verify -split-input-file -verify-diagnostics

func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>) -> vector<8xf32> {
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  ringptx.wgmma_wait {pending = 0}
  // expected-error @+1 {{reads registers that a product is writing, expected ringptx.wgmma_wait before it}}
  %x = ringptx.ex2 %s : vector<8xf32>
  return %x : vector<8xf32>
}

// -----

// Out of the function.
func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>) -> vector<8xf32> {
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  // expected-error @+1 {{reads registers that a product is writing}}
  return %s : vector<8xf32>
}

// -----

// As the other factor.
func.func @f(%a: i64, %b: i64, %zero: vector<4xf32>, %o: vector<8xf32>) {
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma tf32 %a, %b into %zero : i64, vector<4xf32>
  // expected-error @+1 {{reads registers that a product is writing}}
  %t = ringptx.wgmma tf32 %s, %b into %o : vector<4xf32>, vector<8xf32>
  %u:2 = ringptx.wgmma_wait %t, %s {pending = 0} : vector<8xf32>, vector<4xf32>
  return
}

// -----

// Through a loop and out of it.
func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>, %n: index) -> vector<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d = scf.for %k = %c0 to %n step %c1 iter_args(%acc = %zero) -> (vector<8xf32>) {
    // expected-note @+1 {{the product is here}}
    %next = ringptx.wgmma bf16 %a, %b into %acc {accumulate} : i64, vector<8xf32>
    scf.yield %next : vector<8xf32>
  }
  // expected-error @+1 {{reads registers that a product is writing}}
  %x = arith.addf %d, %d : vector<8xf32>
  return %x : vector<8xf32>
}

// -----

// Through a block argument, on one of two ways.
func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>, %c: i1) -> vector<8xf32> {
  cf.cond_br %c, ^product, ^read(%zero : vector<8xf32>)
^product:
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  cf.br ^read(%s : vector<8xf32>)
^read(%v: vector<8xf32>):
  // expected-error @+1 {{reads registers that a product is writing}}
  %x = ringptx.ex2 %v : vector<8xf32>
  return %x : vector<8xf32>
}

// -----

func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>) {
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  // expected-note @+1 {{the first use is here}}
  %t = ringptx.wgmma bf16 %a, %b into %s {accumulate} : i64, vector<8xf32>
  // expected-error @+1 {{takes the registers of a product for the second time, expected one use}}
  %r:2 = ringptx.wgmma_wait %s, %t {pending = 0} : vector<8xf32>, vector<8xf32>
  return
}

// -----

func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>) {
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  // expected-error @+2 {{takes the registers of a product for the second time, expected one use}}
  // expected-note @+1 {{the first use is here}}
  %r:2 = ringptx.wgmma_wait %s, %s {pending = 0} : vector<8xf32>, vector<8xf32>
  return
}

// -----

func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  scf.for %k = %c0 to %n step %c1 {
    // expected-error @+1 {{takes the registers of a product again in every iteration, expected the loop to carry them}}
    %r = ringptx.wgmma_wait %s {pending = 0} : vector<8xf32>
  }
  return
}

// -----

func.func @f(%a: i64, %b: i64, %zero: vector<8xf32>, %c: i1) {
  // expected-note @+1 {{the product is here}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<8xf32>
  cf.br ^loop
^loop:
  // expected-error @+1 {{takes the registers of a product again in every iteration, expected the loop to carry them}}
  %r = ringptx.wgmma_wait %s {pending = 0} : vector<8xf32>
  cf.cond_br %c, ^loop, ^exit
^exit:
  return
}

// -----

func.func @f(%p: vector<16xbf16>, %b: i64, %zero: vector<8xf32>) {
  %a = vector.extract_strided_slice %p {offsets = [0], sizes = [8], strides = [1]} : vector<16xbf16> to vector<8xbf16>
  %before = ringptx.wgmma_wait %p {pending = 0} : vector<16xbf16>
  // expected-error @+1 {{reads an A fragment that no ringptx.wgmma_wait behind it takes, expected the one that finishes the product to take it}}
  %s = ringptx.wgmma bf16 %a, %b into %zero : vector<8xbf16>, vector<8xf32>
  %r = ringptx.wgmma_wait %s {pending = 0} : vector<8xf32>
  return
}

// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

func.func @f(%a: i64, %b: i64, %o: vector<6xf32>) {
  // expected-error @+1 {{has an accumulator of 6 elements, expected a multiple of 4 from 4 to 128}}
  %0 = ringptx.wgmma bf16 %a, %b into %o : i64, vector<6xf32>
  return
}

// -----

func.func @f(%a: i64, %b: i64, %o: vector<132xf32>) {
  // expected-error @+1 {{has an accumulator of 132 elements, expected a multiple of 4 from 4 to 128}}
  %0 = ringptx.wgmma bf16 %a, %b into %o : i64, vector<132xf32>
  return
}

// -----

func.func @f(%a: i64, %b: i64, %o: vector<4xbf16>) {
  // expected-error @+1 {{operand #2 must be vector of 32-bit float values of ranks 1}}
  %0 = ringptx.wgmma bf16 %a, %b into %o : i64, vector<4xbf16>
  return
}

// -----

func.func @f(%a: vector<8xf16>, %b: i64, %o: vector<4xf32>) {
  // expected-error @+1 {{has an A fragment of 'f16', expected 'bf16' for bf16}}
  %0 = ringptx.wgmma bf16 %a, %b into %o : vector<8xf16>, vector<4xf32>
  return
}

// -----

func.func @f(%a: vector<8xbf16>, %b: i64, %o: vector<4xf32>) {
  // expected-error @+1 {{has an A fragment of 'bf16', expected 'f32' for tf32}}
  %0 = ringptx.wgmma tf32 %a, %b into %o : vector<8xbf16>, vector<4xf32>
  return
}

// -----

func.func @f(%a: vector<4xbf16>, %b: i64, %o: vector<4xf32>) {
  // expected-error @+1 {{operand #0 must be 64-bit signless integer or A fragment in registers}}
  %0 = ringptx.wgmma bf16 %a, %b into %o : vector<4xbf16>, vector<4xf32>
  return
}

// -----

func.func @f(%a: vector<8xbf16>, %b: i64, %o: vector<4xf32>) {
  // expected-error @+1 {{transposes an A fragment, expected A in shared memory}}
  %0 = ringptx.wgmma bf16 %a, %b into %o {transpose_a} : vector<8xbf16>, vector<4xf32>
  return
}

// -----

func.func @f(%a: i64, %b: i64, %o: vector<4xf32>) {
  // expected-error @+1 {{transposes a matrix of tf32, expected a 16-bit type}}
  %0 = ringptx.wgmma tf32 %a, %b into %o {transpose_b} : i64, vector<4xf32>
  return
}

// -----

func.func @f(%o: vector<4xf32>) {
  // expected-error @+1 {{leaves 8 groups pending, expected at most 7}}
  %0 = ringptx.wgmma_wait %o {pending = 8} : vector<4xf32>
  return
}

// -----

func.func @f(%o: vector<3xbf16>) {
  // expected-error @+1 {{has an operand of type 'vector<3xbf16>', expected an even number of 16-bit elements}}
  %0 = ringptx.wgmma_wait %o {pending = 0} : vector<3xbf16>
  return
}

// -----

func.func @f(%o: vector<2x2xf32>) {
  // expected-error @+1 {{operand #0 must be 32-bit float or vector of 32-bit float values of ranks 1}}
  %0 = ringptx.ex2 %o : vector<2x2xf32>
  return
}

// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

// Ranks.
func.func @f(%q: tensor<8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op query has rank 3, expected 4 (batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %v : (tensor<8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// The LSE has no head_dim.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op lse has rank 4, expected 3 (batch, heads, sequence)}}
  %o:2 = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> (tensor<1x8x16x4xf32>, tensor<1x8x16x1xf32>)
  return
}

// -----

// An unranked tensor.
func.func @f(%q: tensor<*xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op operand #0 must be ranked tensor of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values, but got 'tensor<*xf32>'}}
  %o = ringattn.attention %q, %k, %v : (tensor<*xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Storage types.
func.func @f(%q: tensor<1x8x16x4xi32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op operand #0 must be ranked tensor of 64-bit float or 32-bit float or 16-bit float or bfloat16 type values, but got 'tensor<1x8x16x4xi32>'}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xi32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// One storage type for all.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf16>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op key element type is 'f16', expected 'f32'}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf16>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// One storage type for all.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf64>) {
  // expected-error@+1 {{'ringattn.attention' op value element type is 'f64', expected 'f32'}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf64>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// One storage type for all.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op output element type is 'bf16', expected 'f32'}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xbf16>
  return
}

// -----

// The LSE is never rounded to 16 bits.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op result #1 must be ranked tensor of 64-bit float or 32-bit float values, but got 'tensor<1x8x16xf16>'}}
  %o:2 = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> (tensor<1x8x16x4xf32>, tensor<1x8x16xf16>)
  return
}

// -----

// The LSE of f32 storage is f32.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op lse element type is 'f64', expected 'f32'}}
  %o:2 = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> (tensor<1x8x16x4xf32>, tensor<1x8x16xf64>)
  return
}

// -----

// The LSE of f64 storage is f64.
func.func @f(%q: tensor<1x8x16x4xf64>, %k: tensor<1x2x16x4xf64>, %v: tensor<1x2x16x4xf64>) {
  // expected-error@+1 {{'ringattn.attention' op lse element type is 'f32', expected 'f64'}}
  %o:2 = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf64>, tensor<1x2x16x4xf64>, tensor<1x2x16x4xf64>) -> (tensor<1x8x16x4xf64>, tensor<1x8x16xf32>)
  return
}

// -----

// Grouped heads.
func.func @f(%q: tensor<1x7x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op query head count is 7, expected a multiple of the key head count 2 (the order is batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x7x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x7x16x4xf32>
  return
}

// -----

// Fault 18: K and V as (batch, sequence, heads, head_dim). The head ratio reveals it.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x16x2x4xf32>, %v: tensor<1x16x2x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op query head count is 8, expected a multiple of the key head count 16 (the order is batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x16x2x4xf32>, tensor<1x16x2x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Fault 18: the same where the lengths reveal it.
func.func @f(%q: tensor<1x8x4x4xf32>, %k: tensor<1x4x2x4xf32>, %v: tensor<1x4x2x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op mask #ringattn.causal needs equal sequence lengths, got 4 queries and 2 keys (the order is batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %v {mask = #ringattn.causal} : (tensor<1x8x4x4xf32>, tensor<1x4x2x4xf32>, tensor<1x4x2x4xf32>) -> tensor<1x8x4x4xf32>
  return
}

// -----

// Fault 18: only V transposed.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x16x2x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op value head count is 16, expected 2 as in key}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x16x2x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Sizes of the key against the query.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<2x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op key batch size is 2, expected 1 as in query}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<2x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Sizes of the key against the query.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x8xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op key head size is 8, expected 4 as in query}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Sizes of the value against the key.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<2x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op value batch size is 2, expected 1 as in key}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<2x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Sizes of the value against the key.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x17x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op value sequence length is 17, expected 16 as in key}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x17x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Sizes of the output.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op output batch size is 2, expected 1 as in query}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<2x8x16x4xf32>
  return
}

// -----

// Sizes of the output.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op output head count is 4, expected 8 as in query}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x4x16x4xf32>
  return
}

// -----

// Sizes of the output.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op output sequence length is 17, expected 16 as in query}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x17x4xf32>
  return
}

// -----

// Sizes of the output.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x5xf32>) {
  // expected-error@+1 {{'ringattn.attention' op output head size is 4, expected 5 as in value}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x5xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Sizes of the LSE.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op lse sequence length is 17, expected 16 as in query}}
  %o:2 = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> (tensor<1x8x16x4xf32>, tensor<1x8x17xf32>)
  return
}

// -----

// Head counts are static.
func.func @f(%q: tensor<1x?x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op query head count is dynamic, expected a static size}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x?x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x?x16x4xf32>
  return
}

// -----

// Head sizes are static.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x?xf32>) {
  // expected-error@+1 {{'ringattn.attention' op value head size is dynamic, expected a static size}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x?xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Zero sizes.
func.func @f(%q: tensor<1x8x0x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op query dimension 2 is 0, expected at least 1}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x0x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x0x4xf32>
  return
}

// -----

// Zero sizes.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x0x16x4xf32>, %v: tensor<1x0x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op key dimension 1 is 0, expected at least 1}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x0x16x4xf32>, tensor<1x0x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Sizes whose product overflows 64 bits.
func.func @f(%q: tensor<1x8x4611686018427387904x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op query has 2^63 bytes or more ('tensor<1x8x4611686018427387904x4xf32>'), expected a size that fits in 63 bits}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x4611686018427387904x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x4611686018427387904x4xf32>
  return
}

// -----

// The same in the value alone.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x9223372036854775807xf32>) {
  // expected-error@+1 {{'ringattn.attention' op value has 2^63 bytes or more ('tensor<1x2x16x9223372036854775807xf32>'), expected a size that fits in 63 bits}}
  %o = ringattn.attention %q, %k, %v : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x9223372036854775807xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Masks by position need one sequence.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x17x4xf32>, %v: tensor<1x2x17x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op mask #ringattn.causal needs equal sequence lengths, got 16 queries and 17 keys (the order is batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %v {mask = #ringattn.causal} : (tensor<1x8x16x4xf32>, tensor<1x2x17x4xf32>, tensor<1x2x17x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Masks by position need one sequence.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x17x4xf32>, %v: tensor<1x2x17x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op mask #ringattn.sliding_window<left = 3, right = 0> needs equal sequence lengths, got 16 queries and 17 keys (the order is batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %v {mask = #ringattn.sliding_window<left = 3, right = 0>} : (tensor<1x8x16x4xf32>, tensor<1x2x17x4xf32>, tensor<1x2x17x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Negative windows.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{sliding window left extent must be at least 0, got -1}}
  %o = ringattn.attention %q, %k, %v {mask = #ringattn.sliding_window<left = -1>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// Negative windows.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{sliding window right extent must be at least 0, got -7}}
  %o = ringattn.attention %q, %k, %v {mask = #ringattn.sliding_window<left = 3, right = -7>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// An unknown mask.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{unknown attribute `causl` in dialect `ringattn`}}
  %o = ringattn.attention %q, %k, %v {mask = #ringattn.causl} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// A layout is no mask.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{attribute 'mask' failed to satisfy constraint: got #ringattn.zigzag, expected a mask (#ringattn.full, #ringattn.causal, ...)}}
  %o = ringattn.attention %q, %k, %v {mask = #ringattn.zigzag} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// A scale is a float.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{attribute 'scale' failed to satisfy constraint: got 1 : i64, expected a float}}
  %o = ringattn.attention %q, %k, %v {scale = 1 : i64} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// A scale is finite.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op scale is 0x7FC00000 : f32, expected a magnitude of at most 2.359e+38, which log2(e) leaves finite in 'f32'}}
  %o = ringattn.attention %q, %k, %v {scale = 0x7FC00000 : f32} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// The scale is applied in the accumulators' type, in base 2.
func.func @wide_scale(%q: tensor<1x8x16x4xbf16>, %k: tensor<1x2x16x4xbf16>, %v: tensor<1x2x16x4xbf16>) -> tensor<1x8x16x4xbf16> {
  // expected-error@+1 {{'ringattn.attention' op scale is -3.000000e+38 : f64, expected a magnitude of at most 2.359e+38, which log2(e) leaves finite in 'f32'}}
  %o = ringattn.attention %q, %k, %v {scale = -3.0e+38 : f64} : (tensor<1x8x16x4xbf16>, tensor<1x2x16x4xbf16>, tensor<1x2x16x4xbf16>) -> tensor<1x8x16x4xbf16>
  return %o : tensor<1x8x16x4xbf16>
}

// -----

func.func @wide_scale_f64(%q: tensor<1x8x16x4xf64>, %k: tensor<1x2x16x4xf64>, %v: tensor<1x2x16x4xf64>) -> tensor<1x8x16x4xf64> {
  // expected-error@+1 {{'ringattn.attention' op scale is 1.300000e+308 : f64, expected a magnitude of at most 1.246e+308, which log2(e) leaves finite in 'f64'}}
  %o = ringattn.attention %q, %k, %v {scale = 1.3e+308 : f64} : (tensor<1x8x16x4xf64>, tensor<1x2x16x4xf64>, tensor<1x2x16x4xf64>) -> tensor<1x8x16x4xf64>
  return %o : tensor<1x8x16x4xf64>
}

// -----

// A reserved name.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op query_offset is reserved and not supported yet, expected no such attribute}}
  %o = ringattn.attention %q, %k, %v {query_offset = 3 : i64} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// An unknown grid.
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op sharding names the unknown grid @ring, expected a shard.grid of the module}}
  %o = ringattn.attention %q, %k, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// A symbol that is no grid.
func.func private @ring()
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op sharding names the unknown grid @ring, expected a shard.grid of the module}}
  %o = ringattn.attention %q, %k, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// An unknown axis.
// expected-note@+1 {{the grid is defined here}}
shard.grid @ring(shape = 4x2)
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op sharding uses axis 2 of grid @ring, expected an axis below 2}}
  %o = ringattn.attention %q, %k, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0, 2]>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// A grid of size 0.
// expected-note@+1 {{the grid is defined here}}
shard.grid @ring(shape = 4x0)
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op grid @ring has size 0 in axis 1, expected at least 1}}
  %o = ringattn.attention %q, %k, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// The same axis twice.
shard.grid @ring(shape = 4)
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{grid axis 0 is listed twice, expected each axis once}}
  %o = ringattn.attention %q, %k, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0, 0]>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// A negative axis.
shard.grid @ring(shape = 4)
func.func @f(%q: tensor<1x8x16x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>) {
  // expected-error@+1 {{grid axis must be at least 0, got -1}}
  %o = ringattn.attention %q, %k, %v {sharding = #ringattn.seq_sharding<@ring, axes = [-1]>} : (tensor<1x8x16x4xf32>, tensor<1x2x16x4xf32>, tensor<1x2x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// expected-note@+1 {{the grid is defined here}}
shard.grid @ring(shape = 4294967296x4294967296)
func.func @too_many_devices(%q: tensor<1x1x8x4xf32>) -> tensor<1x1x8x4xf32> {
  // expected-error@+1 {{'ringattn.attention' op grid @ring has more than 2147483647 devices, expected fewer}}
  %o = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0, 1]>}
    : (tensor<1x1x8x4xf32>, tensor<1x1x8x4xf32>, tensor<1x1x8x4xf32>) -> tensor<1x1x8x4xf32>
  return %o : tensor<1x1x8x4xf32>
}

// -----

// expected-note@+1 {{the grid is defined here}}
shard.grid @ring(shape = ?x?)
func.func @two_dynamic_axes(%q: tensor<1x1x8x4xf32>) -> tensor<1x1x8x4xf32> {
  // expected-error@+1 {{'ringattn.attention' op grid @ring has 2 axes of dynamic size, expected at most one, which the number of ranks tells}}
  %o = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x1x8x4xf32>, tensor<1x1x8x4xf32>, tensor<1x1x8x4xf32>) -> tensor<1x1x8x4xf32>
  return %o : tensor<1x1x8x4xf32>
}

// -----

// A misspelt mask must not run unmasked.
func.func @f(%q: tensor<1x1x4x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op has the unknown attribute 'msk', expected mask, scale, sharding or a name with another dialect's prefix}}
  %o = ringattn.attention %q, %q, %q {msk = #ringattn.causal} : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return
}

// -----

// Nor one with the dialect's own prefix.
func.func @f(%q: tensor<1x1x4x4xf32>) {
  // expected-error@+1 {{'ringattn.attention' op has the unknown attribute 'ringattn.mask', expected mask, scale, sharding}}
  %o = ringattn.attention %q, %q, %q {ringattn.mask = #ringattn.causal} : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return
}

// -----

// A sharding is one of sequences.
func.func @f(%q: tensor<1x8x16x4xf32>) {
  // expected-error@+1 {{attribute 'sharding' failed to satisfy constraint: got 3 : i64, expected a sharding (#ringattn.seq_sharding<...>)}}
  %o = ringattn.attention %q, %q, %q {sharding = 3 : i64} : (tensor<1x8x16x4xf32>, tensor<1x8x16x4xf32>, tensor<1x8x16x4xf32>) -> tensor<1x8x16x4xf32>
  return
}

// -----

// A mask is no layout.
// expected-error@+1 {{sharding layout is #ringattn.causal, expected a sequence layout (#ringattn.contiguous, #ringattn.striped, #ringattn.zigzag)}}
func.func @f() attributes {test = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.causal>} { return }

// -----

// A ring has an axis.
// expected-error@+1 {{sharding of @ring must list at least one grid axis, got none}}
func.func @f() attributes {test = #ringattn.seq_sharding<@ring, axes = []>} { return }

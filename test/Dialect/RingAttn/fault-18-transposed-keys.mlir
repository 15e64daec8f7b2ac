// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

// Fault 18: keys and values in the order (batch, sequence, heads, head_dim) must
// not pass for a degenerate grouped-query attention.

func.func @head_ratio(%q: tensor<1x8x64x16xf32>, %k: tensor<1x64x8x16xf32>) -> tensor<1x8x64x16xf32> {
  // expected-error@+1 {{query head count is 8, expected a multiple of the key head count 64 (the order is batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %k
    : (tensor<1x8x64x16xf32>, tensor<1x64x8x16xf32>, tensor<1x64x8x16xf32>) -> tensor<1x8x64x16xf32>
  return %o : tensor<1x8x64x16xf32>
}

// -----

func.func @sequence_lengths(%q: tensor<1x8x4x16xf32>, %k: tensor<1x4x8x16xf32>) -> tensor<1x8x4x16xf32> {
  // expected-error@+1 {{mask #ringattn.causal needs equal sequence lengths, got 4 queries and 8 keys (the order is batch, heads, sequence, head_dim)}}
  %o = ringattn.attention %q, %k, %k {mask = #ringattn.causal}
    : (tensor<1x8x4x16xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>) -> tensor<1x8x4x16xf32>
  return %o : tensor<1x8x4x16xf32>
}

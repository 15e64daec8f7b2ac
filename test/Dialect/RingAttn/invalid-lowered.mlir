// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

// Granularity 0.
// expected-error@+1 {{striped granularity must be at least 1, got 0}}
func.func @f() attributes {test = #ringattn.striped<granularity = 0>} {
  return
}

// -----

// A layout is wanted.
func.func @f(%s: index) {
  // expected-error@+1 {{attribute 'layout' failed to satisfy constraint: got #ringattn.causal, expected a sequence layout (#ringattn.contiguous, #ringattn.striped, #ringattn.zigzag)}}
  %0 = ringattn.shard_length %s, %s, %s {layout = #ringattn.causal}
  return
}

// -----

// Tensors or memrefs.
func.func @f(%q: tensor<1x2x8x4xf32>, %k: memref<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op mixes 'tensor<1x2x8x4xf32>' and 'memref<1x2x8x4xf32>', expected tensors or memrefs only}}
  %0 = ringattn.ring_attention ins(%q, %k, %v : tensor<1x2x8x4xf32>, memref<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%o : tensor<1x2x8x4xf32>)
    global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f32} -> tensor<1x2x8x4xf32>
  return
}

// -----

// A result for each destination on tensors.
func.func @f(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op has 0 results, expected 1}}
  ringattn.ring_attention ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%o : tensor<1x2x8x4xf32>)
    global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// -----

// No results on memrefs.
func.func @f(%q: memref<1x2x8x4xf32>, %k: memref<1x2x8x4xf32>, %v: memref<1x2x8x4xf32>, %o: memref<1x2x8x4xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op has 1 results, expected 0}}
  %0 = ringattn.ring_attention ins(%q, %k, %v : memref<1x2x8x4xf32>, memref<1x2x8x4xf32>, memref<1x2x8x4xf32>) outs(%o : memref<1x2x8x4xf32>)
    global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f32} -> tensor<1x2x8x4xf32>
  return
}

// -----

// The result is the destination.
func.func @f(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op result type is 'tensor<1x2x?x4xf32>', expected 'tensor<1x2x8x4xf32>' as in its destination}}
  %0 = ringattn.ring_attention ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%o : tensor<1x2x8x4xf32>)
    global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f32} -> tensor<1x2x?x4xf32>
  return
}

// -----

// Shapes as in attention, shard by shard.
func.func @f(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x9x4xf32>, %o: tensor<1x2x8x4xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op value sequence length is 9, expected 8 as in key}}
  %0 = ringattn.ring_attention ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x9x4xf32>) outs(%o : tensor<1x2x8x4xf32>)
    global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f32} -> tensor<1x2x8x4xf32>
  return
}

// -----

// An unknown grid.
func.func @f(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %o: tensor<1x2x8x4xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op sharding names the unknown grid @ring, expected a shard.grid of the module}}
  %0 = ringattn.ring_attention ins(%q, %k, %v : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) outs(%o : tensor<1x2x8x4xf32>)
    global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f32, sharding = #ringattn.seq_sharding<@ring, axes = [0]>} -> tensor<1x2x8x4xf32>
  return
}

// -----

// Accumulators are f32, not the storage type, across all hops.
func.func @f(%q: memref<1x2x8x4xbf16>, %k: memref<1x2x8x4xbf16>, %v: memref<1x2x8x4xbf16>, %a: memref<1x2x8x4xbf16>, %m: memref<1x2x8xf32>, %l: memref<1x2x8xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op operand #3 must be 4D memref of 64-bit float or 32-bit float values, but got 'memref<1x2x8x4xbf16>'}}
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>) outs(%a, %m, %l : memref<1x2x8x4xbf16>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// -----

// Accumulators of 16-bit storage are f32.
func.func @f(%q: memref<1x2x8x4xbf16>, %k: memref<1x2x8x4xbf16>, %v: memref<1x2x8x4xbf16>, %a: memref<1x2x8x4xf64>, %m: memref<1x2x8xf32>, %l: memref<1x2x8xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op acc element type is 'f64', expected 'f32'}}
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>) outs(%a, %m, %l : memref<1x2x8x4xf64>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// -----

// So are the statistics.
func.func @f(%q: memref<1x2x8x4xbf16>, %k: memref<1x2x8x4xbf16>, %v: memref<1x2x8x4xbf16>, %a: memref<1x2x8x4xf32>, %m: memref<1x2x8xf64>, %l: memref<1x2x8xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op max element type is 'f64', expected 'f32'}}
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>) outs(%a, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf64>, memref<1x2x8xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// -----

// A row of state for every query row.
func.func @f(%q: memref<1x2x8x4xbf16>, %k: memref<1x2x8x4xbf16>, %v: memref<1x2x8x4xbf16>, %a: memref<1x2x8x4xf32>, %m: memref<1x2x8xf32>, %l: memref<1x2x9xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op sum dimension 2 is 9, expected 8}}
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>) outs(%a, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x9xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// -----

// The accumulator has the value's head size.
func.func @f(%q: memref<1x2x8x4xbf16>, %k: memref<1x2x8x4xbf16>, %v: memref<1x2x8x4xbf16>, %a: memref<1x2x8x5xf32>, %m: memref<1x2x8xf32>, %l: memref<1x2x8xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op acc head size is 5, expected 4 as in value}}
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>) outs(%a, %m, %l : memref<1x2x8x5xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// -----

// Shapes as in attention.
func.func @f(%q: memref<1x2x8x4xbf16>, %k: memref<1x2x8x8xbf16>, %v: memref<1x2x8x4xbf16>, %a: memref<1x2x8x4xf32>, %m: memref<1x2x8xf32>, %l: memref<1x2x8xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op key head size is 8, expected 4 as in query}}
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x8x4xbf16>, memref<1x2x8x8xbf16>, memref<1x2x8x4xbf16>) outs(%a, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 1.0 : f32}
  return
}

// -----

// A scale is finite.
func.func @f(%q: memref<1x2x8x4xbf16>, %k: memref<1x2x8x4xbf16>, %v: memref<1x2x8x4xbf16>, %a: memref<1x2x8x4xf32>, %m: memref<1x2x8xf32>, %l: memref<1x2x8xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op scale is 0x7F800000 : f32, expected a magnitude of at most 2.359e+38, which log2(e) leaves finite in 'f32'}}
  ringattn.online_attention ins(%q, %k, %v : memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>, memref<1x2x8x4xbf16>) outs(%a, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0x7F800000 : f32}
  return
}

// -----

// The state of the output's rows.
func.func @f(%a: memref<1x2x8x4xf32>, %m: memref<1x3x8xf32>, %l: memref<1x2x8xf32>, %o: memref<1x2x8x4xbf16>, %lse: memref<1x2x8xf32>) {
  // expected-error@+1 {{'ringattn.finalize' op max dimension 1 is 3, expected 2}}
  ringattn.finalize ins(%a, %m, %l : memref<1x2x8x4xf32>, memref<1x3x8xf32>, memref<1x2x8xf32>) outs(%o, %lse : memref<1x2x8x4xbf16>, memref<1x2x8xf32>)
  return
}

// -----

// The LSE has the accumulators' type.
func.func @f(%a: memref<1x2x8x4xf32>, %m: memref<1x2x8xf32>, %l: memref<1x2x8xf32>, %o: memref<1x2x8x4xbf16>, %lse: memref<1x2x8xf64>) {
  // expected-error@+1 {{'ringattn.finalize' op lse element type is 'f64', expected 'f32'}}
  ringattn.finalize ins(%a, %m, %l : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%o, %lse : memref<1x2x8x4xbf16>, memref<1x2x8xf64>)
  return
}

// -----

// Tiles have the rank of what they are read from.
func.func @f(%m: memref<?x?xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.load_tile' op expects a memref and a tile of one rank, 1 or 2, got 'memref<?x?xf32>' and 'tensor<8xf32>'}}
  %0 = ringattn.load_tile %m[%i] : memref<?x?xf32> -> tensor<8xf32>
  return
}

// -----

// Tiles have the type of what they are written to.
func.func @f(%t: tensor<8x4xf32>, %m: memref<?x?xbf16>, %i: index) {
  // expected-error@+1 {{'ringattn.store_tile' op tile element type is 'f32', expected 'bf16'}}
  ringattn.store_tile %t, %m[%i] : tensor<8x4xf32>, memref<?x?xbf16>
  return
}

// -----

// A misspelt sharding must not run on one rank.
func.func @f(%q: memref<1x1x4x4xf32>, %o: memref<1x1x4x4xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op has the unknown attribute 'shard', expected mask, scale, sharding or a name with another dialect's prefix}}
  ringattn.ring_attention ins(%q, %q, %q : memref<1x1x4x4xf32>, memref<1x1x4x4xf32>, memref<1x1x4x4xf32>)
    outs(%o : memref<1x1x4x4xf32>) global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f64, shard}
  return
}

// -----

func.func @f(%q: memref<1x2x5x4xf32>, %k: memref<1x0x5x4xf32>, %acc: memref<1x2x5x4xf32>, %m: memref<1x2x5xf32>, %s: memref<1x2x5xf32>, %i: index) {
  // expected-error@+1 {{'ringattn.online_attention' op key head count is 0, expected at least 1}}
  ringattn.online_attention ins(%q, %k, %k : memref<1x2x5x4xf32>, memref<1x0x5x4xf32>, memref<1x0x5x4xf32>) outs(%acc, %m, %s : memref<1x2x5x4xf32>, memref<1x2x5xf32>, memref<1x2x5xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i) {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0.5 : f64}
  return
}

// -----

func.func @f(%q: memref<1x2x5x0xf32>, %o: memref<1x2x5x0xf32>, %s: index) {
  // expected-error@+1 {{'ringattn.ring_attention' op query head size is 0, expected at least 1}}
  ringattn.ring_attention ins(%q, %q, %q : memref<1x2x5x0xf32>, memref<1x2x5x0xf32>, memref<1x2x5x0xf32>)
    outs(%o : memref<1x2x5x0xf32>) global(%s, %s) {mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// -----

func.func @f(%a: memref<1x2x8x4xf32>, %m: memref<1x2x8xf32>, %o: memref<1x2x8x4xbf16>, %lse: memref<1x2x9xf32>) {
  // expected-error@+1 {{'ringattn.finalize' op lse sequence length is 9, expected 8 as in output}}
  ringattn.finalize ins(%a, %m, %m : memref<1x2x8x4xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) outs(%o, %lse : memref<1x2x8x4xbf16>, memref<1x2x9xf32>)
  return
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-plan-hopper-tiles))' | FileCheck %s

// CHECK-LABEL: @causal(
// CHECK-SAME:    ringattn.hopper = {consumer_registers = 240 : i64, consumers = 2 : i64, longest_first, ping_pong, producer_registers = 24 : i64, stages = 2 : i64}
// CHECK-SAME:    ringattn.tiles = {columns = 128 : i64, head_size = 128 : i64, masked_columns = 128 : i64, operand = bf16, pipelined, rows = 128 : i64, value_size = 128 : i64}
func.func private @causal(%q: memref<1x4x?x128xbf16>, %o: memref<1x4x?x128xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x128xbf16>, memref<1x4x?x128xbf16>, memref<1x4x?x128xbf16>)
    outs(%o, %m, %m : memref<1x4x?x128xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// Without a mask tiles are wider, and no block is longer than another.
// CHECK-LABEL: @full(
// CHECK-NOT:     longest_first
// CHECK-SAME:    columns = 176 : i64
func.func private @full(%q: memref<1x4x?x128xf16>, %o: memref<1x4x?x128xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x128xf16>, memref<1x4x?x128xf16>, memref<1x4x?x128xf16>)
    outs(%o, %m, %m : memref<1x4x?x128xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0.125 : f64}
  return
}

// Heads are padded to 64; small ones leave room for a third warpgroup. Positions
// of striped shards need registers.
// CHECK-LABEL: @small(
// CHECK-SAME:    consumer_registers = 160 : i64, consumers = 3 : i64
// CHECK-SAME:    columns = 80 : i64, head_size = 64 : i64, masked_columns = 80 : i64, operand = bf16, pipelined, rows = 192 : i64, value_size = 64 : i64
func.func private @small(%q: memref<1x4x?x40xbf16>, %o: memref<1x4x?x40xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x40xbf16>, memref<1x4x?x40xbf16>, memref<1x4x?x40xbf16>)
    outs(%o, %m, %m : memref<1x4x?x40xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.striped<granularity = 8>, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// A plan that is there stays; finalize needs neither products nor a producer.
// CHECK-LABEL: @finalize(
// CHECK-SAME:    ringattn.hopper = {consumer_registers = 0 : i64, consumers = 2 : i64, producer_registers = 0 : i64, stages = 0 : i64}
// CHECK-SAME:    ringattn.tiles = {columns = 1 : i64, head_size = 1 : i64, masked_columns = 1 : i64, operand = f32, rows = 128 : i64, value_size = 136 : i64}
func.func private @finalize(%o: memref<1x4x?x128xf32>, %m: memref<1x4x?xf32>, %r: memref<1x4x?x128xbf16>)
    attributes {ringattn.kernel, ringattn.tiles =
      {columns = 1, head_size = 1, masked_columns = 1, operand = f32, rows = 128, value_size = 136}} {
  ringattn.finalize ins(%o, %m, %m : memref<1x4x?x128xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>) outs(%r : memref<1x4x?x128xbf16>)
  return
}

// Positions have 32 bits: a window that reaches further has no edge.
// CHECK-LABEL: func.func private @distant
// CHECK: mask = #ringattn.sliding_window<right = 2147483646>
func.func private @distant(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.sliding_window<left = 2147483647, right = 2147483646>, scale = 0.125 : f64}
  return
}

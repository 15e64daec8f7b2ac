// RUN: ringattn-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(func.func(ringattn-plan-hopper-tiles))'

// What a person may write over a plan.

// expected-error @below {{ringattn.tiles is "mine", expected a dictionary}}
func.func private @wrong_kind(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = "mine",
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles has "colums", expected one of rows, columns, masked_columns, head_size, value_size, operand, pipelined}}
func.func private @unknown(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64, colums = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles rows is 64, expected 128, 64 for each of 2 consumers}}
func.func private @rows(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 64, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles columns is 40, expected a multiple of 16 up to 256}}
func.func private @columns_odd(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 40, head_size = 64, masked_columns = 40, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles columns is 272, expected a multiple of 16 up to 256}}
func.func private @columns_wide(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 272, head_size = 64, masked_columns = 272, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles head_size is 32, expected a multiple of 64 from 64 to 256}}
func.func private @head_small(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 32, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles value_size is 72, expected a multiple of 64 from 64 to 256}}
func.func private @value_odd(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 72},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles operand is f16, expected 'bf16'}}
func.func private @operand(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = f16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles pipelined is missing, expected a unit attribute on sm_90a}}
func.func private @not_pipelined(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper ping_pong is false, expected a unit attribute or none}}
func.func private @flag(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 240, longest_first, ping_pong = false}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper stages is 0, expected 2 to 8 in a kernel with products}}
func.func private @no_stages(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 0, producer_registers = 0, consumer_registers = 0, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper stages is 1, expected 0 or 2 to 8}}
func.func private @one_stage(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 1, producer_registers = 24, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper producer_registers is 16, expected 0 or at least 24}}
func.func private @few_registers(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 16, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper producer_registers is 0, expected at least 24 as with consumer_registers}}
func.func private @one_register(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 0, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper producer_registers is 176, expected at most 168, the registers of the launch of 384 threads}}
func.func private @producer(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 176, consumer_registers = 240, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper consumer_registers is 248, expected 168 to 240, what the launch of 384 threads and the producer leave}}
func.func private @consumer(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 248, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper consumer_registers is 160, expected 168 to 240}}
func.func private @fewer(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 128, value_size = 64},
                ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 160, longest_first}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.hopper consumers is 1, expected at least 2 with ping_pong}}
func.func private @turns(%q: memref<1x4x?x64xbf16>, %o: memref<1x4x?x64xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel, ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 128, operand = bf16, pipelined, rows = 64, value_size = 64},
                ringattn.hopper = {consumers = 1, stages = 2, producer_registers = 0, consumer_registers = 0, longest_first, ping_pong}} {
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>, memref<1x4x?x64xbf16>)
    outs(%o, %m, %m : memref<1x4x?x64xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.125 : f64}
  return
}

// -----

// expected-error @below {{ringattn.tiles value_size is 132, expected a multiple of 8 from 128 to 256}}
func.func private @finalize(%o: memref<1x4x?x128xf32>, %m: memref<1x4x?xf32>, %r: memref<1x4x?x128xbf16>)
    attributes {ringattn.kernel, ringattn.tiles =
      {columns = 1, head_size = 1, masked_columns = 1, operand = f32, rows = 128, value_size = 132}} {
  ringattn.finalize ins(%o, %m, %m : memref<1x4x?x128xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>) outs(%r : memref<1x4x?x128xbf16>)
  return
}

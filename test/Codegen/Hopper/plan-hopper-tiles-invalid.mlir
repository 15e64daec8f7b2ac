// RUN: ringattn-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(func.func(ringattn-plan-hopper-tiles))'

func.func private @wide(%q: memref<1x4x?x257xbf16>, %o: memref<1x4x?x257xf32>, %m: memref<1x4x?xf32>, %i: index)
    attributes {ringattn.kernel} {
  // expected-error@+1 {{head size is 257, expected at most 256 on sm_90a}}
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x257xbf16>, memref<1x4x?x257xbf16>, memref<1x4x?x257xbf16>)
    outs(%o, %m, %m : memref<1x4x?x257xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0.125 : f64}
  return
}

// -----

func.func private @double(%q: memref<1x4x?x64xf64>, %o: memref<1x4x?x64xf64>, %m: memref<1x4x?xf64>, %i: index)
    attributes {ringattn.kernel} {
  // expected-error@+1 {{has elements of 'f64', expected bf16, f16 or f32 on sm_90a}}
  ringattn.online_attention ins(%q, %q, %q : memref<1x4x?x64xf64>, memref<1x4x?x64xf64>, memref<1x4x?x64xf64>)
    outs(%o, %m, %m : memref<1x4x?x64xf64>, memref<1x4x?xf64>, memref<1x4x?xf64>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0.125 : f64}
  return
}

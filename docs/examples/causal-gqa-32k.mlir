// Causal attention of 32768 tokens, 8 query heads on 2 key/value heads, spread over a
// ring of 4 ranks in blocks of 64 tokens: every rank has the same work at every hop.
//
//   ringattn-compile causal-gqa-32k.mlir -o causal-gqa-32k.so
//   ringattn-run causal-gqa-32k.so --random-inputs=1 --check

shard.grid @ring(shape = 4)

func.func @main(%q: tensor<1x8x32768x64xf32>, %k: tensor<1x2x32768x64xf32>,
                %v: tensor<1x2x32768x64xf32>) -> tensor<1x8x32768x64xf32> {
  %o = ringattn.attention %q, %k, %v {
      mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.striped<granularity = 64>>}
    : (tensor<1x8x32768x64xf32>, tensor<1x2x32768x64xf32>, tensor<1x2x32768x64xf32>) -> tensor<1x8x32768x64xf32>
  return %o : tensor<1x8x32768x64xf32>
}

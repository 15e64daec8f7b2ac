shard.grid @ring(shape = 2)

func.func @main(%q: tensor<1x2x16x8xf32>, %k: tensor<1x2x16x8xf32>, %v: tensor<1x2x16x8xf32>)
    -> (tensor<1x2x16x8xf32>, tensor<1x2x16xf32>) {
  %o, %lse = ringattn.attention %q, %k, %v {
      mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>)
      -> (tensor<1x2x16x8xf32>, tensor<1x2x16xf32>)
  return %o, %lse : tensor<1x2x16x8xf32>, tensor<1x2x16xf32>
}

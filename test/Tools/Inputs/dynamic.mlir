shard.grid @ring(shape = ?)

func.func @main(%q: tensor<1x2x?x8xf32>, %k: tensor<1x2x?x8xf32>, %v: tensor<1x2x?x8xf32>)
    -> tensor<1x2x?x8xf32> {
  %o = ringattn.attention %q, %k, %v {
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>}
    : (tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>) -> tensor<1x2x?x8xf32>
  return %o : tensor<1x2x?x8xf32>
}

// RUN: ringattn-opt %s -split-input-file -verify-diagnostics -ringattn-emit-entries

shard.grid @ring(shape = 2)
shard.grid @other(shape = 2)
// expected-note @below {{@ring is used here}}
func.func @first(%q: memref<1x1x4x4xf32>) attributes {ringattn.entry = {
    arguments = [{type = tensor<1x1x8x4xf32>, sharding = #ringattn.seq_sharding<@ring, axes = [0]>, dim = 2}],
    results = [], equal = []}} {
  return
}
func.func private @second() -> index {
  // expected-error @below {{uses the grid @other, expected @ring: the ranks of a module form one grid}}
  %r = ringcomm.rank @other [0]
  return %r : index
}

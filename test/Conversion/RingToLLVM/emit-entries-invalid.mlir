// RUN: ringattn-opt %s -split-input-file -verify-diagnostics -ringattn-emit-entries

// The phase target of another target.
// expected-error @below {{is code for GPUs, expected none as the target is cpu}}
gpu.module @kernels {
}

// -----

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

// -----

// expected-error @below {{argument 0 of entry 'tensors' has type 'tensor<2xf32>', expected a memref of rank 1}}
func.func @tensors(%x: tensor<2xf32>, %y: memref<2xf32>) attributes {ringattn.entry = {
    arguments = [{type = tensor<2xf32>}], results = [{type = tensor<2xf32>}], equal = []}} {
  return
}

// -----

// expected-error @below {{entry 'sizes' has 1 arguments, expected 2 by its ringattn.entry}}
func.func @sizes(%x: memref<?xf32>) attributes {ringattn.entry = {
    arguments = [{type = tensor<?xf32>}], results = [], equal = []}} {
  return
}

// -----

// expected-error @below {{argument 1 of entry 'size' has type 'i64', expected 'index'}}
func.func @size(%x: memref<?xf32>, %n: i64) attributes {ringattn.entry = {
    arguments = [{type = tensor<?xf32>}], results = [], equal = []}} {
  return
}

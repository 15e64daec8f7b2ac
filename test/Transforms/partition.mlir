// RUN: ringattn-opt %s -split-input-file -pass-pipeline='builtin.module(ringattn-partition,canonicalize)' | FileCheck %s

// Equal shards are static, and the entry writes its results to destinations.

// CHECK-LABEL: func.func @even(
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<1x2x8x4xf32> {bufferization.writable = false},
// CHECK-SAME:    %[[K:[a-z0-9]+]]: tensor<1x2x8x4xf32>
// CHECK-SAME:    %[[V:[a-z0-9]+]]: tensor<1x2x8x4xf32>
// CHECK-SAME:    %[[OUT:[a-z0-9]+]]: memref<1x2x8x4xf32>)
// CHECK-SAME:    ringattn.entry = {
// CHECK-SAME:      type = tensor<1x2x32x4xf32>
// CHECK-DAG:     %[[S:.*]] = arith.constant 32 : index
// CHECK-DAG:     %[[INIT:.*]] = bufferization.to_tensor %[[OUT]] restrict writable
// CHECK:         %[[O:.*]] = ringattn.ring_attention ins(%[[Q]], %[[K]], %[[V]]
// CHECK-SAME:      outs(%[[INIT]] : tensor<1x2x8x4xf32>) global(%[[S]], %[[S]])
// CHECK-SAME:      mask = #ringattn.causal
// CHECK-SAME:      scale = 5.000000e-01 : f64
// CHECK:         bufferization.materialize_in_destination %[[O]] in restrict writable %[[OUT]]
shard.grid @ring(shape = 4)
func.func @even(%q: tensor<1x2x32x4xf32>, %k: tensor<1x2x32x4xf32>,
                %v: tensor<1x2x32x4xf32>) -> tensor<1x2x32x4xf32> {
  %o = ringattn.attention %q, %k, %v {
      mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>}
    : (tensor<1x2x32x4xf32>, tensor<1x2x32x4xf32>, tensor<1x2x32x4xf32>) -> tensor<1x2x32x4xf32>
  return %o : tensor<1x2x32x4xf32>
}

// -----

// Unequal shards are dynamic; what is no result alone has a tensor of its own,
// with exactly the rows that the rank owns.

// CHECK-LABEL: func.func @uneven(
// CHECK-SAME:    tensor<1x2x?x4xf32>
// CHECK-DAG:     %[[S:.*]] = arith.constant 30 : index
// CHECK-DAG:     %[[P:.*]] = arith.constant 4 : index
// CHECK-DAG:     %[[R:.*]] = ringcomm.rank @ring [0]
// CHECK:         %[[N:.*]] = ringattn.shard_length %[[S]], %[[P]], %[[R]] {layout = #ringattn.contiguous}
// CHECK:         tensor.empty(%[[N]]) : tensor<1x2x?x4xf32>
shard.grid @ring(shape = 4)
func.func @uneven(%q: tensor<1x2x30x4xf32>) -> (tensor<1x2x30x4xf32>, tensor<1x2x30x4xf32>) {
  %o = ringattn.attention %q, %q, %q {
      sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x2x30x4xf32>, tensor<1x2x30x4xf32>, tensor<1x2x30x4xf32>) -> tensor<1x2x30x4xf32>
  return %o, %o : tensor<1x2x30x4xf32>, tensor<1x2x30x4xf32>
}

// -----

// One module for any ring and any sizes: the entry takes the global sizes, and
// what must be equal is recorded for the runtime.

// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME:    %{{.*}}: tensor<?x2x?x4xf32>
// CHECK-SAME:    %[[QB:[a-z0-9]+]]: index, %[[QS:[a-z0-9]+]]: index, %[[KB:[a-z0-9]+]]: index, %[[KS:[a-z0-9]+]]: index)
// CHECK-SAME:    equal = [array<i64: 1, 0, 0, 0>, array<i64: 1, 2, 0, 2>]
// CHECK-SAME:    sizes = [array<i64: 0, 0>, array<i64: 0, 2>]
// CHECK:         %[[P:.*]] = ringcomm.size @ring [0]
// CHECK:         ringattn.shard_length %[[QS]], %[[P]]
// CHECK:         global(%[[QS]], %[[KS]])
shard.grid @ring(shape = ?)
func.func @dynamic(%q: tensor<?x2x?x4xf32>, %k: tensor<?x1x?x4xf32>) -> (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) {
  %o = ringattn.attention %q, %k, %k {mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<?x2x?x4xf32>, tensor<?x1x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x2x?x4xf32>
  return %o, %o : tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>
}

// -----

// Ops that are independent along the sequence work on shards; what they do not
// index by the sequence stays replicated.

// CHECK-LABEL: func.func @around(
// CHECK-SAME:    tensor<1x1x4x8xf32>
// CHECK-SAME:    %[[W:[a-z0-9]+]]: tensor<8xf32>
// CHECK-DAG:     arith.constant dense<2.000000e+00> : tensor<1x1x4x8xf32>
// CHECK:         arith.mulf {{.*}} : tensor<1x1x4x8xf32>
// CHECK:         ringattn.ring_attention
// CHECK:         linalg.generic
// CHECK-SAME:      ins(%{{.*}}, %[[W]] : tensor<1x1x4x8xf32>, tensor<8xf32>)
// CHECK-SAME:      outs(%{{.*}} : tensor<1x1x4x8xf32>)
shard.grid @grid(shape = 3x2)
func.func @around(%q: tensor<1x1x8x8xf32>, %w: tensor<8xf32>) -> tensor<1x1x8x8xf32> {
  %two = arith.constant dense<2.0> : tensor<1x1x8x8xf32>
  %q2 = arith.mulf %q, %two : tensor<1x1x8x8xf32>
  %o = ringattn.attention %q2, %q, %q {
      sharding = #ringattn.seq_sharding<@grid, axes = [1], layout = #ringattn.striped<granularity = 2>>}
    : (tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32>
  %e = tensor.empty() : tensor<1x1x8x8xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(b, h, s, d) -> (b, h, s, d)>, affine_map<(b, h, s, d) -> (d)>,
                       affine_map<(b, h, s, d) -> (b, h, s, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%o, %w : tensor<1x1x8x8xf32>, tensor<8xf32>) outs(%e : tensor<1x1x8x8xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<1x1x8x8xf32>
  return %r : tensor<1x1x8x8xf32>
}

// -----

// What the sequence's loop indexes is sharded, though no attention reads it: a
// rank has its rows of the table.

// CHECK-LABEL: func.func @table(
// CHECK-SAME:    %{{[a-z0-9]+}}: tensor<1x1x4x8xf32>
// CHECK-SAME:    %[[T:[a-z0-9]+]]: tensor<8x4xf32>
// CHECK-SAME:    dim = 1 : i64, sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>, type = tensor<8x8xf32>
// CHECK:         linalg.generic
// CHECK-SAME:      ins(%[[T]] : tensor<8x4xf32>)
shard.grid @ring(shape = 2)
func.func @table(%q: tensor<1x1x8x8xf32>, %t: tensor<8x8xf32>) -> tensor<1x1x8x8xf32> {
  %e = tensor.empty() : tensor<1x1x8x8xf32>
  %v = linalg.generic {
      indexing_maps = [affine_map<(b, h, s, d) -> (d, s)>, affine_map<(b, h, s, d) -> (b, h, s, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%t : tensor<8x8xf32>) outs(%e : tensor<1x1x8x8xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<1x1x8x8xf32>
  %o = ringattn.attention %q, %q, %v {
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>}
    : (tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32>
  return %o : tensor<1x1x8x8xf32>
}

// -----

// Without a sharding one device has everything.

// CHECK-LABEL: func.func @one(
// CHECK-SAME:    tensor<1x2x30x4xf32>
// CHECK-NOT:     ringcomm
// CHECK:         ringattn.ring_attention
// CHECK-NOT:     sharding
func.func @one(%q: tensor<1x2x30x4xf32>) -> (tensor<1x2x30x4xf32>, tensor<1x2x30xf32>) {
  %o, %lse = ringattn.attention %q, %q, %q
    : (tensor<1x2x30x4xf32>, tensor<1x2x30x4xf32>, tensor<1x2x30x4xf32>)
    -> (tensor<1x2x30x4xf32>, tensor<1x2x30xf32>)
  return %o, %lse : tensor<1x2x30x4xf32>, tensor<1x2x30xf32>
}

// -----

// A splat of a scalar is sharded by its size.

// CHECK-LABEL: func.func @splat(
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<1x1x?x8xf32>
// CHECK-SAME:    %[[S:[a-z0-9]+]]: index)
// CHECK-DAG:     %[[N:.*]] = ringattn.shard_length %[[S]],
// CHECK-DAG:     %[[X:.*]] = tensor.extract
// CHECK:         %[[SPLAT:.*]] = tensor.splat %[[X]][%[[N]]] : tensor<1x1x?x8xf32>
// CHECK:         arith.mulf %[[Q]], %[[SPLAT]] : tensor<1x1x?x8xf32>
shard.grid @ring(shape = 4)
func.func @splat(%q: tensor<1x1x?x8xf32>, %w: tensor<f32>) -> tensor<1x1x?x8xf32> {
  %c2 = arith.constant 2 : index
  %x = tensor.extract %w[] : tensor<f32>
  %n = tensor.dim %q, %c2 : tensor<1x1x?x8xf32>
  %s = tensor.splat %x[%n] : tensor<1x1x?x8xf32>
  %q2 = arith.mulf %q, %s : tensor<1x1x?x8xf32>
  %o = ringattn.attention %q2, %q, %q {
      sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32>
  return %o : tensor<1x1x?x8xf32>
}

// -----

// What a cast claims of an argument's size is checked in the call.

// CHECK-LABEL: func.func @cast(
// CHECK-SAME:    equal = [array<i64: 0, 0, 3>]
func.func @cast(%q: tensor<?x?xf32>) -> tensor<3x?xf32> {
  %o = tensor.cast %q : tensor<?x?xf32> to tensor<3x?xf32>
  return %o : tensor<3x?xf32>
}

// -----

// So is what an attention claims of its results' sizes.

// CHECK-LABEL: func.func @static_results(
// CHECK-SAME:    equal = [array<i64: 0, 0, 2>, array<i64: 0, 2, 10>]
func.func @static_results(%q: tensor<?x2x?x8xf32>) -> (tensor<2x2x?x8xf32>, tensor<?x2x10xf32>) {
  %o, %lse = ringattn.attention %q, %q, %q
    : (tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>) -> (tensor<2x2x?x8xf32>, tensor<?x2x10xf32>)
  return %o, %lse : tensor<2x2x?x8xf32>, tensor<?x2x10xf32>
}

// -----

// A size that the program leaves open but that follows from a static one is
// static for the caller.

// CHECK-LABEL: func.func @derived(
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<1x2x5x8xf32>
// CHECK-SAME:    %[[OUT:[a-z0-9]+]]: memref<1x2x5x8xf32>
// CHECK-SAME:    results = [{
// CHECK-SAME:      type = tensor<1x2x10x8xf32>}]
// CHECK:         %[[O:.*]] = ringattn.ring_attention {{.*}} -> tensor<1x2x5x8xf32>
// CHECK:         materialize_in_destination %[[O]] in restrict writable %[[OUT]]
shard.grid @ring(shape = 2)
func.func @derived(%q: tensor<1x2x10x8xf32>) -> tensor<?x?x?x8xf32> {
  %o = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x2x10x8xf32>, tensor<1x2x10x8xf32>, tensor<1x2x10x8xf32>) -> tensor<?x?x?x8xf32>
  return %o : tensor<?x?x?x8xf32>
}

// -----

// A length that the program computes is global, also behind an op.

// CHECK-LABEL: func.func @computed(
// CHECK:         %[[N:.*]] = arith.index_cast
// CHECK:         ringattn.ring_attention {{.*}} global(%[[N]], %[[N]])
shard.grid @ring(shape = 2)
func.func @computed(%n: tensor<i64>) -> tensor<1xf32> {
  %i = tensor.extract %n[] : tensor<i64>
  %s = arith.index_cast %i : i64 to index
  %z = arith.constant 0.0 : f32
  %e = tensor.empty(%s) : tensor<1x1x?x4xf32>
  %q = linalg.fill ins(%z : f32) outs(%e : tensor<1x1x?x4xf32>) -> tensor<1x1x?x4xf32>
  %o = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x4xf32>
  %r = arith.constant dense<0.0> : tensor<1xf32>
  return %r : tensor<1xf32>
}

// -----

// A size that a body reads is the global one, too.

// CHECK-LABEL: func.func @size_in_body(
// CHECK-SAME:    %[[SIZE:[a-z0-9]+]]: index)
// CHECK:         linalg.map
// CHECK-NOT:     tensor.dim
// CHECK:         arith.index_cast %[[SIZE]] : index to i32
shard.grid @ring(shape = 2)
func.func @size_in_body(%q: tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32> {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %q, %c2 : tensor<1x1x?x8xf32>
  %e = tensor.empty(%n) : tensor<1x1x?x8xf32>
  %v = linalg.map ins(%q : tensor<1x1x?x8xf32>) outs(%e : tensor<1x1x?x8xf32>)
    (%x: f32, %out: f32) {
      %c = arith.constant 2 : index
      %d = tensor.dim %q, %c : tensor<1x1x?x8xf32>
      %i = arith.index_cast %d : index to i32
      %f = arith.sitofp %i : i32 to f32
      %y = arith.divf %x, %f : f32
      linalg.yield %y : f32
    }
  %o = ringattn.attention %q, %q, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32>
  return %o : tensor<1x1x?x8xf32>
}

// -----

// A size of a tensor without a rank is left to the tensor.

// CHECK-LABEL: func.func @unranked(
// CHECK:         %[[E:[a-z0-9]+]] = tensor.empty() : tensor<2xf32>
// CHECK:         materialize_in_destination %[[E]]
func.func @unranked(%x: tensor<2xf32>) -> tensor<2xf32> {
  %u = tensor.cast %x : tensor<2xf32> to tensor<*xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %u, %c0 : tensor<*xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %r = tensor.cast %e : tensor<?xf32> to tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

// In the memory of a result is computed what nothing but its return reads, be it
// through ops that bufferize in place.

// CHECK-LABEL: func.func @places(
// CHECK-SAME:    %[[OUT0:[a-z0-9]+]]: memref<1x2x8x4xf32>, %[[OUT1:[a-z0-9]+]]: memref<1x2x8x4xf32>, %[[OUT2:[a-z0-9]+]]: memref<1x2x8x4xf32>)
// CHECK:         %[[D1:.*]] = bufferization.to_tensor %[[OUT1]] restrict writable
// CHECK-NEXT:    %[[A:.*]] = ringattn.ring_attention {{.*}} outs(%[[D1]] :
// CHECK:         %[[OWN:.*]] = tensor.empty()
// CHECK-NEXT:    %[[B:.*]] = ringattn.ring_attention {{.*}} outs(%[[OWN]] :
// CHECK:         %[[NEG:.*]] = arith.negf %[[A]]
// CHECK:         %[[SUM:.*]] = arith.addf %[[B]], %
// CHECK:         materialize_in_destination %[[B]] in restrict writable %[[OUT0]]
// CHECK-NEXT:    materialize_in_destination %[[NEG]] in restrict writable %[[OUT1]]
// CHECK-NEXT:    materialize_in_destination %[[SUM]] in restrict writable %[[OUT2]]
!t = tensor<1x2x8x4xf32>
func.func @places(%q: !t) -> (!t, !t, !t) {
  %a = ringattn.attention %q, %q, %q : (!t, !t, !t) -> !t
  %b = ringattn.attention %q, %q, %q {mask = #ringattn.causal} : (!t, !t, !t) -> !t
  %n = arith.negf %a : !t
  %s = arith.addf %b, %q : !t
  return %b, %n, %s : !t, !t, !t
}

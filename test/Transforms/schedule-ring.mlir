// RUN: ringattn-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(ringattn-form-ring,ringattn-plan-ring,ringattn-schedule-ring),canonicalize,cse)' | FileCheck %s

// The exchange is posted before the compute and awaited after it; the last hop
// is outside the loop and exchanges nothing: P - 1 exchanges.

// CHECK-LABEL: func.func @causal
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C3:.*]] = arith.constant 3 : index
// CHECK:         %[[LAST:.*]]:2 = scf.for %{{.*}} = %[[C0]] to %[[C3]] {{.*}} iter_args(%[[CUR:.*]] = %{{.*}}, %[[NEXT:.*]] = %{{.*}})
// CHECK:           %[[T:.*]] = ringcomm.shift_start
// CHECK:           memref.reinterpret_cast %[[CUR]]
// CHECK:           ringattn.online_attention
// CHECK:           ringcomm.wait %[[T]]
// CHECK:           scf.yield %[[NEXT]], %[[CUR]]
// CHECK:         memref.reinterpret_cast %[[LAST]]#0
// CHECK:         ringattn.online_attention
// CHECK-NOT:     shift_start
// CHECK:         ringattn.finalize
!t = memref<1x1x16x4xf32>
shard.grid @ring(shape = 4)
func.func @causal(%q: !t, %o: !t) {
  %s = arith.constant 64 : index
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) global(%s, %s)
    {mask = #ringattn.causal, scale = 1.0 : f64, sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// -----

// A window that ends in the neighbour's shard: one exchange.

// CHECK-LABEL: func.func @window
// CHECK-NOT:     scf.for
// CHECK:         ringcomm.shift_start
// CHECK:         ringattn.online_attention
// CHECK:         ringcomm.wait
// CHECK:         ringattn.online_attention
// CHECK-NOT:     ringattn.online_attention
// CHECK:         ringattn.finalize
!t = memref<1x1x16x4xf32>
shard.grid @ring(shape = 8)
func.func @window(%q: !t, %o: !t) {
  %s = arith.constant 128 : index
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 16, right = 0>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// -----

// A window within the shard's own token: no exchange at all.

// CHECK-LABEL: func.func @self
// CHECK-NOT:     shift_start
// CHECK:         ringattn.finalize
!t = memref<1x1x16x4xf32>
shard.grid @ring(shape = 8)
func.func @self(%q: !t, %o: !t) {
  %s = arith.constant 128 : index
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 0, right = 0>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// -----

// A window on both sides: two chains over three slots; the second starts from
// the own block, whose slot the first has not written.

// CHECK-LABEL: func.func @two_sided
// CHECK:         %[[OWN:.*]] = memref.alloc() {{.*}} : memref<128xf32>
// CHECK:         memref.alloc() {{.*}} : memref<128xf32>
// CHECK:         memref.alloc() {{.*}} : memref<128xf32>
// CHECK:         %[[SEND:.*]] = memref.cast %[[OWN]] : memref<128xf32> to
// CHECK:         ringcomm.shift_start %[[SEND]] to {{.*}} step 1 on
// CHECK:         ringattn.online_attention
// CHECK:         ringcomm.wait
// CHECK:         ringcomm.shift_start %[[SEND]] to {{.*}} step -1 on
// CHECK:         ringattn.online_attention
// CHECK:         ringcomm.wait
// CHECK:         ringattn.online_attention
// CHECK:         ringattn.finalize
!t = memref<1x1x16x4xf32>
shard.grid @ring(shape = 8)
func.func @two_sided(%q: !t, %o: !t) {
  %s = arith.constant 128 : index
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 3, right = 4>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// -----

// Reaches that cover the ring: one chain over all of it, P - 1 exchanges.

// CHECK-LABEL: func.func @wide
// CHECK-DAG:     %[[C3:.*]] = arith.constant 3 : index
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[C3]]
// CHECK:           ringcomm.shift_start {{.*}} step 1
// CHECK-NOT:     step -1
!t = memref<1x1x16x4xf32>
shard.grid @ring(shape = 4)
func.func @wide(%q: !t, %o: !t) {
  %s = arith.constant 64 : index
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 20, right = 9>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// RUN: ringattn-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(ringattn-form-ring),canonicalize,cse)' | FileCheck %s

// Two slots that swap through the loop, K and V in one message of exactly the
// source's rows, accumulators in f32 for 16-bit storage.

// CHECK-LABEL: func.func @uneven(
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: memref<1x4x?x8xbf16>, %[[K:[a-z0-9]+]]: memref<1x2x?x8xbf16>
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG:     %[[S:.*]] = arith.constant 100 : index
// CHECK:         %[[ACC:.*]] = memref.alloc({{.*}}) {alignment = 64 : i64} : memref<1x4x?x8xf32>
// CHECK-COUNT-2: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<1x4x?xf32>
// CHECK-COUNT-3: linalg.fill
// CHECK:         %[[R:.*]] = ringcomm.rank @ring [0]
// CHECK:         %[[SLOT0:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1088xbf16>
// CHECK:         %[[SLOT1:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1088xbf16>
// CHECK:         %[[OWN:.*]] = ringattn.shard_length %[[S]], %[[C3]], %[[R]]
// CHECK:         memref.reinterpret_cast %[[SLOT0]] to offset: [0], sizes: [1, 2, %[[OWN]], 8]
// CHECK:         linalg.copy ins(%[[K]]
// CHECK:         scf.for %[[H:.*]] = %[[C0]] to %[[C3]] {{.*}} iter_args(%[[CUR:.*]] = %{{.*}}, %[[NEXT:.*]] = %{{.*}})
// CHECK:           %[[SRC:.*]] = ringcomm.source %[[R]], %[[H]] of %[[C3]] step 1
// CHECK:           %[[N:.*]] = ringattn.shard_length %[[S]], %[[C3]], %[[SRC]]
// CHECK:           memref.reinterpret_cast %[[CUR]] to offset: [0], sizes: [1, 2, %[[N]], 8]
// CHECK:           ringattn.online_attention ins(%[[Q]],
// CHECK-SAME:        at(%[[R]], %[[SRC]] of %[[C3]])
// CHECK:           scf.if
// CHECK:             %[[T:.*]] = ringcomm.shift_start
// CHECK:             ringcomm.wait %[[T]]
// CHECK:           scf.yield %[[NEXT]], %[[CUR]]
// CHECK:         } {ringattn.ring}
// CHECK:         ringattn.finalize ins(%[[ACC]]
// CHECK-COUNT-5: memref.dealloc
shard.grid @ring(shape = 3)
func.func @uneven(%q: memref<1x4x?x8xbf16>, %k: memref<1x2x?x8xbf16>, %v: memref<1x2x?x8xbf16>,
                  %o: memref<1x4x?x8xbf16>) {
  %s = arith.constant 100 : index
  ringattn.ring_attention ins(%q, %k, %v : memref<1x4x?x8xbf16>, memref<1x2x?x8xbf16>, memref<1x2x?x8xbf16>)
    outs(%o : memref<1x4x?x8xbf16>) global(%s, %s)
    {mask = #ringattn.causal, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// -----

// A ring of one rank has neither slots nor a loop.

// CHECK-LABEL: func.func @one(
// CHECK-NOT:     ringcomm
// CHECK-NOT:     scf.for
// CHECK:         ringattn.online_attention ins(%arg0, %arg1, %arg1
// CHECK:         ringattn.finalize
// CHECK-SAME:      outs(%arg2, %arg3
func.func @one(%q: memref<1x1x8x4xf64>, %k: memref<1x1x6x4xf64>, %o: memref<1x1x8x4xf64>,
               %lse: memref<1x1x8xf64>) {
  %sq = arith.constant 8 : index
  %sk = arith.constant 6 : index
  ringattn.ring_attention ins(%q, %k, %k : memref<1x1x8x4xf64>, memref<1x1x6x4xf64>, memref<1x1x6x4xf64>)
    outs(%o, %lse : memref<1x1x8x4xf64>, memref<1x1x8xf64>) global(%sq, %sk)
    {mask = #ringattn.full, scale = 1.0 : f64}
  return
}

// -----

// With Sq != Sk, the ranks that take part own a query or a key.

// CHECK-LABEL: func.func @cross(
// CHECK:         %[[P:.*]] = ringcomm.size @ring [0]
// CHECK:         %[[A:.*]] = arith.maxsi
// CHECK:         scf.for {{.*}} to %[[A]]
// CHECK:           ringcomm.source %{{.*}}, %{{.*}} of %[[A]] step 1
// CHECK:           ringcomm.shift_start {{.*}} of %[[A]] step 1 on @ring [0]
shard.grid @ring(shape = ?)
func.func @cross(%q: memref<?x1x?x4xf32>, %k: memref<?x1x?x4xf32>, %o: memref<?x1x?x4xf32>,
                 %sq: index, %sk: index) {
  ringattn.ring_attention ins(%q, %k, %k : memref<?x1x?x4xf32>, memref<?x1x?x4xf32>, memref<?x1x?x4xf32>)
    outs(%o : memref<?x1x?x4xf32>) global(%sq, %sk)
    {mask = #ringattn.full, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.striped<granularity = 4>>}
  return
}

// -----

// A ring of one rank has no loop, no slots and nothing to exchange.

// CHECK-LABEL: func.func @alone(
// CHECK-NOT:     scf.for
// CHECK-NOT:     ringcomm.
// CHECK-COUNT-3: memref.alloc()
// CHECK-NOT:     memref.alloc()
// CHECK:         ringattn.online_attention ins(%arg0, %arg0, %arg0
shard.grid @ring(shape = 1)
func.func @alone(%q: memref<1x1x8x4xf32>, %o: memref<1x1x8x4xf32>) {
  %s = arith.constant 8 : index
  ringattn.ring_attention ins(%q, %q, %q : memref<1x1x8x4xf32>, memref<1x1x8x4xf32>, memref<1x1x8x4xf32>)
    outs(%o : memref<1x1x8x4xf32>) global(%s, %s)
    {mask = #ringattn.full, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

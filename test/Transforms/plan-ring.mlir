// RUN: ringattn-opt %s -pass-pipeline='builtin.module(func.func(ringattn-form-ring,ringattn-plan-ring))' | FileCheck %s
// RUN: ringattn-opt %s -pass-pipeline='builtin.module(func.func(ringattn-form-ring,ringattn-plan-ring{overlap=false}))' | FileCheck %s --check-prefix=PLAIN

!t = memref<1x1x16x4xf32>
shard.grid @ring(shape = 4)

// CHECK-LABEL: func.func @full
// CHECK:         ringattn.schedule = #ringattn.ring_schedule<chains = all>
// PLAIN-LABEL: func.func @full
// PLAIN:         ringattn.schedule = #ringattn.ring_schedule<chains = all, overlap = false>
func.func @full(%q: !t, %s: index) {
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%q : !t) global(%s, %s)
    {mask = #ringattn.full, scale = 1.0 : f64, sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// CHECK-LABEL: func.func @causal
// CHECK:         chains = all
func.func @causal(%q: !t, %s: index) {
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%q : !t) global(%s, %s)
    {mask = #ringattn.causal, scale = 1.0 : f64, sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// CHECK-LABEL: func.func @before
// CHECK:         chains = previous
func.func @before(%q: !t, %s: index) {
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%q : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 5, right = 0>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// CHECK-LABEL: func.func @after
// CHECK:         chains = next
func.func @after(%q: !t, %s: index) {
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%q : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 0, right = 5>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// CHECK-LABEL: func.func @two_sided
// CHECK:         chains = both
func.func @two_sided(%q: !t, %s: index) {
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%q : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 2, right = 5>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// In the back half of a zigzag the predecessor's chunk is the successor rank's.
// CHECK-LABEL: func.func @zigzag
// CHECK:         chains = both
func.func @zigzag(%q: !t, %s: index) {
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%q : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 5, right = 0>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>}
  return
}

// RUN: ringattn-opt %s -pass-pipeline='builtin.module(func.func(ringattn-form-ring))' \
// RUN:   | sed 's/{ringattn.ring}/{ringattn.ring, ringattn.schedule = #ringattn.ring_schedule<chains = all, overlap = false>}/' \
// RUN:   | ringattn-opt -pass-pipeline='builtin.module(func.func(ringattn-plan-ring,ringattn-schedule-ring))' | FileCheck %s
// RUN: ringattn-opt %s -pass-pipeline='builtin.module(func.func(ringattn-form-ring))' \
// RUN:   | sed 's/{ringattn.ring}/{ringattn.ring, ringattn.schedule = #ringattn.ring_schedule<chains = previous>}/' \
// RUN:   | not ringattn-opt -pass-pipeline='builtin.module(func.func(ringattn-schedule-ring))' 2>&1 | FileCheck %s --check-prefix=DROPS
// RUN: sed 's/right = 4/right = 0/' %s | ringattn-opt -pass-pipeline='builtin.module(func.func(ringattn-form-ring))' \
// RUN:   | sed 's/{ringattn.ring}/{ringattn.ring, ringattn.schedule = #ringattn.ring_schedule<chains = both>}/' \
// RUN:   | not ringattn-opt -pass-pipeline='builtin.module(func.func(ringattn-schedule-ring))' 2>&1 | FileCheck %s --check-prefix=IDLE
// RUN: ringattn-opt %s -pass-pipeline='builtin.module(func.func(ringattn-form-ring))' \
// RUN:   | not ringattn-opt -pass-pipeline='builtin.module(func.func(ringattn-schedule-ring))' 2>&1 | FileCheck %s --check-prefix=NONE

// A schedule written by hand is kept: here without overlap.
// CHECK:      scf.for
// CHECK:        ringattn.online_attention
// CHECK:        %[[T:.*]] = ringcomm.shift_start
// CHECK-NEXT:   ringcomm.wait %[[T]]

// DROPS: error: schedule #ringattn.ring_schedule<chains = previous> does not reach every key that mask #ringattn.sliding_window<left = 3, right = 4> shows under layout #ringattn.contiguous, expected chains = both or all
// IDLE: error: schedule #ringattn.ring_schedule<chains = both> has a chain without a key that mask #ringattn.sliding_window<left = 3, right = 0> shows under layout #ringattn.contiguous, expected chains = previous or all
// NONE: error: has no ringattn.schedule attribute, expected one (run ringattn-plan-ring)

!t = memref<1x1x16x4xf32>
shard.grid @ring(shape = 8)
func.func @main(%q: !t, %o: !t) {
  %s = arith.constant 128 : index
  ringattn.ring_attention ins(%q, %q, %q : !t, !t, !t) outs(%o : !t) global(%s, %s)
    {mask = #ringattn.sliding_window<left = 3, right = 4>, scale = 1.0 : f64,
     sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
  return
}

// RUN: ringattn-opt %s -ringattn-pipeline=compile-to=global | FileCheck %s --check-prefix=GLOBAL
// RUN: ringattn-opt %s -ringattn-pipeline=compile-to=spmd | FileCheck %s --check-prefix=SPMD
// RUN: ringattn-opt %s -ringattn-pipeline=compile-to=ring | FileCheck %s --check-prefix=RING
// RUN: ringattn-opt %s -ringattn-pipeline=compile-to=scheduled | FileCheck %s --check-prefix=SCHED
// RUN: ringattn-opt %s -ringattn-pipeline=compile-to=tile | FileCheck %s --check-prefix=TILE
// RUN: ringattn-opt %s -ringattn-pipeline=compile-to=target | FileCheck %s --check-prefix=TARGET
// RUN: ringattn-opt %s -ringattn-pipeline= | FileCheck %s --check-prefix=LLVM
// RUN: not ringattn-opt %s -ringattn-pipeline=compile-to=nowhere 2>&1 | FileCheck %s --check-prefix=PHASE
// RUN: ringattn-opt %s -ringattn-pipeline="target=sm_90a compile-to=tile" | FileCheck %s --check-prefix=TILE
// RUN: ringattn-opt %s -ringattn-pipeline="target=sm_90a compile-to=target" | FileCheck %s --check-prefix=HOPPER
// RUN: ringattn-opt %s -ringattn-pipeline=target=sm_90a | FileCheck %s --check-prefix=LLVM
// RUN: ringattn-opt %s -ringattn-pipeline= --dump-pass-pipeline -o %t 2>&1 | FileCheck %s --check-prefix=PROOF
// RUN: ringattn-opt %s -ringattn-pipeline=target=sm_90a --dump-pass-pipeline -o %t 2>&1 | FileCheck %s --check-prefix=PROOF
// RUN: not ringattn-opt %s -ringattn-pipeline=target=sm_80 2>&1 | FileCheck %s --check-prefix=TARGETS
// RUN: not ringattn-opt %s -ringattn-pipeline=target-cpu=z80 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not ringattn-opt %s -ringattn-pipeline=target-features=+warp 2>&1 | FileCheck %s --check-prefix=FEATURE

// The exchanges are proved safe as scheduled, and last before they are calls.
// PROOF:      ringattn-schedule-ring
// PROOF:      ringcomm-verify
// PROOF:      ringattn-emit-entries
// PROOF:      ringcomm-verify
// PROOF-NEXT: convert-scf-to-cf
// PROOF-NEXT: ringattn-lower-runtime-ops
// PROOF-NOT:  ringcomm-verify

// GLOBAL: ringattn.program
// GLOBAL: ringattn.attention
// SPMD:   ringattn.ring_attention {{.*}}tensor
// RING:   ringattn.online_attention
// RING:   ringcomm.shift_start
// RING-NEXT: ringcomm.wait
// SCHED:  ringcomm.shift_start
// SCHED:  ringattn.online_attention
// SCHED:  ringcomm.wait
// SCHED:  ringattn.online_attention
// TILE:   ringrt.span compute
// TILE-NOT: ringattn.online_attention
// TILE:   linalg.contract
// TARGET-NOT: linalg.contract
// TARGET: ringrt.parallel_for
// HOPPER-NOT: linalg.contract
// HOPPER: gpu.launch_func
// HOPPER: gpu.module {{.*}}sm_90a
// HOPPER: ringptx.wgmma
// LLVM-NOT: ringcomm
// LLVM-NOT: func.func
// LLVM:   llvm.func @rr_module_query

// PHASE: error: -ringattn-pipeline: unknown phase 'nowhere', expected one of global, spmd, ring, scheduled, tile, target, llvm
// TARGETS: error: -ringattn-pipeline: target 'sm_80' is not available in this build, expected cpu or sm_90a
// CPU: error: -ringattn-pipeline: unknown target CPU 'z80', expected one of LLVM's names for x86_64
// FEATURE: error: -ringattn-pipeline: unknown target feature 'warp', expected one of LLVM's names for x86_64
shard.grid @ring(shape = 4)
func.func @main(%q: tensor<1x2x256x16xf32>, %k: tensor<1x1x256x16xf32>) -> tensor<1x2x256x16xf32> {
  %o = ringattn.attention %q, %k, %k {mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>}
    : (tensor<1x2x256x16xf32>, tensor<1x1x256x16xf32>, tensor<1x1x256x16xf32>) -> tensor<1x2x256x16xf32>
  return %o : tensor<1x2x256x16xf32>
}

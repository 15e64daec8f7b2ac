// The distribution's mlir-opt, with the plugin, down to the LLVM dialect.
// RUN: mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin \
// RUN:   --pass-pipeline='builtin.module(ringattn-pipeline{target=cpu})' %s | FileCheck %s
// RUN: mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin %s | FileCheck %s --check-prefix=PARSED
// RUN: not mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin \
// RUN:   --pass-pipeline='builtin.module(ringattn-pipeline{target=sm_80})' %s 2>&1 | FileCheck %s --check-prefix=TARGET

// TARGET: error: target 'sm_80' is not available in this build, expected cpu
// TARGET-NOT: current operation

// CHECK-NOT: {{^ *}}func.func
// CHECK: llvm.func @rr_module_query

// PARSED: ringattn.attention {{.*}} {mask = #ringattn.causal, scale = 1.250000e-01 : f32, sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.striped<granularity = 1>>}

shard.grid @ring(shape = 4)

func.func @main(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x2x4096x64xf32>, %v: tensor<1x2x4096x64xf32>)
    -> tensor<1x8x4096x64xf32> {
  %o = ringattn.attention %q, %k, %v {
      mask = #ringattn.causal,
      scale = 1.250000e-01 : f32,
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.striped<granularity = 1>>}
    : (tensor<1x8x4096x64xf32>, tensor<1x2x4096x64xf32>, tensor<1x2x4096x64xf32>) -> tensor<1x8x4096x64xf32>
  return %o : tensor<1x8x4096x64xf32>
}

// RUN: ringattn-opt %s --ringattn-cpu-kernels=target-cpu=znver5 | FileCheck %s
// RUN: ringattn-opt %s --ringattn-cpu-kernels=target-cpu=haswell | FileCheck %s --check-prefix=AVX2

// The bf16 kernel keeps 24 accumulators in registers and consumes pairs.
// CHECK-LABEL: func.func private @attention_kernel_tasks_1(
// CHECK:         scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>,
// CHECK-NOT:     vector.store
// CHECK-COUNT-24:  x86vector.avx512.dot
// CHECK:           scf.yield

// Nothing is left of tensors, tiles or linalg.
// CHECK-NOT: {{tensor<|linalg\.|ringattn\.load_tile|ringattn\.store_tile|scf\.forall|affine\.}}

// AVX2-LABEL: func.func private @attention_kernel_tasks_1(
// AVX2-NOT:   x86vector
// AVX2:       vector.fma {{.*}} : vector<8xf32>
func.func @step(%q: memref<1x4x?x128xbf16>, %k: memref<1x2x?x128xbf16>, %v: memref<1x2x?x128xbf16>,
    %o: memref<1x4x?x128xf32>, %m: memref<1x4x?xf32>, %l: memref<1x4x?xf32>, %i: index) {
  ringattn.online_attention ins(%q, %k, %v : memref<1x4x?x128xbf16>, memref<1x2x?x128xbf16>, memref<1x2x?x128xbf16>)
    outs(%o, %m, %l : memref<1x4x?x128xf32>, memref<1x4x?xf32>, memref<1x4x?xf32>)
    at(%i, %i of %i) global(%i, %i) hop(%i)
    {layout = #ringattn.striped<granularity = 1>, mask = #ringattn.causal, scale = 0.1 : f64}
  return
}

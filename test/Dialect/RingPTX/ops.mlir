// RUN: ringattn-opt %s | ringattn-opt | FileCheck %s
// RUN: ringattn-opt %s --mlir-print-op-generic | ringattn-opt | FileCheck %s

// CHECK-LABEL: func.func @products
func.func @products(%a: i64, %b: i64, %p: vector<8xbf16>, %h: vector<8xf16>, %t: vector<4xf32>,
                    %s: vector<88xf32>, %o: vector<4xf32>) {
  // CHECK: %[[S:.*]] = ringptx.wgmma bf16 %{{.*}}, %{{.*}} into %{{.*}} : i64, vector<88xf32>
  %0 = ringptx.wgmma bf16 %a, %b into %s : i64, vector<88xf32>
  // CHECK: ringptx.wgmma bf16 %{{.*}}, %{{.*}} into %[[S]] {accumulate, transpose_b} : vector<8xbf16>, vector<88xf32>
  %1 = ringptx.wgmma bf16 %p, %b into %0 {accumulate, transpose_b} : vector<8xbf16>, vector<88xf32>
  // CHECK: ringptx.wgmma f16 %{{.*}}, %{{.*}} into %{{.*}} {transpose_a} : i64, vector<4xf32>
  %2 = ringptx.wgmma f16 %a, %b into %o {transpose_a} : i64, vector<4xf32>
  // CHECK: ringptx.wgmma f16 %{{.*}}, %{{.*}} into %{{.*}} {accumulate} : vector<8xf16>, vector<4xf32>
  %3 = ringptx.wgmma f16 %h, %b into %2 {accumulate} : vector<8xf16>, vector<4xf32>
  // CHECK: ringptx.wgmma tf32 %{{.*}}, %{{.*}} into %{{.*}} {accumulate} : vector<4xf32>, vector<4xf32>
  %4 = ringptx.wgmma tf32 %t, %b into %3 {accumulate} : vector<4xf32>, vector<4xf32>
  nvvm.wgmma.commit.group.sync.aligned
  // CHECK: ringptx.wgmma_wait %{{.*}}, %{{.*}}, %{{.*}} {pending = 1} : vector<88xf32>, vector<4xf32>, vector<8xbf16>
  %5:3 = ringptx.wgmma_wait %1, %4, %p {pending = 1} : vector<88xf32>, vector<4xf32>, vector<8xbf16>
  // CHECK: ringptx.wgmma_wait {pending = 0}
  ringptx.wgmma_wait {pending = 0}
  return
}

// CHECK-LABEL: func.func @approximations
func.func @approximations(%x: f32, %v: vector<7xf32>) {
  // CHECK: ringptx.ex2 %{{.*}} : vector<7xf32>
  %0 = ringptx.ex2 %v : vector<7xf32>
  // CHECK: ringptx.lg2 %{{.*}} : f32
  %1 = ringptx.lg2 %x : f32
  // CHECK: ringptx.rcp %{{.*}} : f32
  %2 = ringptx.rcp %x : f32
  // CHECK: ringptx.to_tf32 %{{.*}} : vector<7xf32>
  %3 = ringptx.to_tf32 %v : vector<7xf32>
  return
}

// RUN: ringattn-opt %s --convert-ringptx-to-nvvm | FileCheck %s

// Both matrices in shared memory: K-major is row for A and col for B.
// CHECK-LABEL: func.func @shared
// CHECK-SAME: (%[[A:.*]]: i64, %[[B:.*]]: i64, %[[O:.*]]: vector<4xf32>)
func.func @shared(%a: i64, %b: i64, %o: vector<4xf32>) -> vector<4xf32> {
  // CHECK: %[[P:.*]] = llvm.mlir.poison : !llvm.struct<(f32, f32, f32, f32)>
  // CHECK: %[[R:.*]] = nvvm.wgmma.mma_async %[[A]], %[[B]], %[[P]], <m = 64, n = 8, k = 16>, D[<f32>, <zero>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <col>]
  %0 = ringptx.wgmma bf16 %a, %b into %o : i64, vector<4xf32>
  // CHECK: llvm.extractvalue %[[R]][0]
  // CHECK: llvm.insertelement
  // CHECK: llvm.insertvalue %{{.*}}, %{{.*}}[3]
  // CHECK: nvvm.wgmma.mma_async {{.*}}, D[<f32>, <one>], A[<bf16>, <one>, <col>], B[<bf16>, <one>, <row>]
  %1 = ringptx.wgmma bf16 %a, %b into %0 {accumulate, transpose_a, transpose_b} : i64, vector<4xf32>
  // CHECK: nvvm.wgmma.mma_async {{.*}}, <m = 64, n = 8, k = 8>, D[<f32>, <one>], A[<tf32>, <one>, <row>], B[<tf32>, <one>, <col>]
  %2 = ringptx.wgmma tf32 %a, %b into %1 {accumulate} : i64, vector<4xf32>
  return %2 : vector<4xf32>
}

// A in registers: the accumulators are tied to the outputs.
// CHECK-LABEL: func.func @registers
// CHECK-SAME: (%[[A:[^:]*]]: vector<8xbf16>, %[[T:.*]]: vector<4xf32>, %[[B:.*]]: i64,
func.func @registers(%a: vector<8xbf16>, %t: vector<4xf32>, %b: i64, %o: vector<4xf32>) -> vector<4xf32> {
  // CHECK: llvm.bitcast %{{.*}} : vector<2xbf16> to i32
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, 1, 1, 1, 1;", "=f,=f,=f,=f,r,r,r,r,l,0,1,2,3" %{{.*}}, %[[B]], %{{.*}} : (i32, i32, i32, i32, i64, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
  %0 = ringptx.wgmma bf16 %a, %b into %o {accumulate, transpose_b} : vector<8xbf16>, vector<4xf32>
  // CHECK: llvm.bitcast %{{.*}} : f32 to i32
  // CHECK: "wgmma.mma_async.sync.aligned.m64n8k8.f32.tf32.tf32 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, 0, 1, 1;", "=f,=f,=f,=f,r,r,r,r,l,0,1,2,3"
  %1 = ringptx.wgmma tf32 %t, %b into %0 : vector<4xf32>, vector<4xf32>
  return %1 : vector<4xf32>
}

// A wait holds accumulators and fragments in their registers.
// CHECK-LABEL: func.func @wait
func.func @wait(%o: vector<2xf32>, %p: vector<4xf16>) -> vector<4xf16> {
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.wait_group.sync.aligned 1;", "=f,=f,=r,=r,0,1,2,3" %{{.*}} : (f32, f32, i32, i32) -> !llvm.struct<(f32, f32, i32, i32)>
  %0:2 = ringptx.wgmma_wait %o, %p {pending = 1} : vector<2xf32>, vector<4xf16>
  // CHECK: llvm.bitcast %{{.*}} : i32 to vector<2xf16>
  // CHECK: nvvm.wgmma.wait.group.sync.aligned 0
  ringptx.wgmma_wait {pending = 0}
  return %0#1 : vector<4xf16>
}

// A branch that is never taken, and nothing that a value depends on.
// CHECK-LABEL: func.func @scheduling_barrier
func.func @scheduling_barrier() {
  // CHECK-NEXT: llvm.inline_asm has_side_effects "{ .reg .pred never; {{.*}} mov.u32 blocks, %nctaid.x; setp.eq.u32 never, blocks, 0x7fffffff; @never trap; }", "" : () -> ()
  // CHECK-NEXT: return
  ringptx.scheduling_barrier
  return
}

// CHECK-LABEL: func.func @approximations
// CHECK-SAME: (%[[X:.*]]: f32, %[[V:.*]]: vector<2xf32>)
func.func @approximations(%x: f32, %v: vector<2xf32>) -> (vector<2xf32>, f32, f32, f32) {
  // CHECK-COUNT-2: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"
  %0 = ringptx.ex2 %v : vector<2xf32>
  // CHECK: llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"(%[[X]])
  %1 = ringptx.lg2 %x : f32
  // CHECK: nvvm.rcp.approx.ftz.f %[[X]]
  %2 = ringptx.rcp %x : f32
  // CHECK: %[[T:.*]] = nvvm.convert.float.to.tf32 %[[X]] {rnd = #nvvm.fp_rnd_mode<rna>}
  // CHECK: llvm.bitcast %[[T]] : i32 to f32
  %3 = ringptx.to_tf32 %x : f32
  return %0, %1, %2, %3 : vector<2xf32>, f32, f32, f32
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-plan-hopper-tiles,ringattn-emit-tile-program,canonicalize,cse,loop-invariant-code-motion,ringattn-schedule-tiles,ringattn-pipeline-tiles,canonicalize,cse,canonicalize),ringattn-specialize-warps)' | FileCheck %s

// One parameter a tensor map; addresses, strides and sizes of what is read and
// written without TMA.
// CHECK: gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_90a", features = "+ptx88">]
// CHECK:   llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 1024 : i64}
// CHECK:   llvm.func @attention(%[[TQ:.*]]: !llvm.ptr {{{.*}}llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %{{.*}}: !llvm.ptr {{.*}}, %{{.*}}: !llvm.ptr {{.*}}, %{{.*}}: !llvm.ptr<1>, %{{.*}}: i64
// CHECK-SAME: attributes {gpu.kernel, nvvm.kernel, nvvm.maxntid = array<i32: 384>, nvvm.minctasm = 1 : i32}

// Barriers: Q, K and V arrived, K and V read by both consumers.
// CHECK:     scf.if
// CHECK-COUNT-9: nvvm.mbarrier.init
// CHECK:       nvvm.fence.mbarrier.init
// CHECK:     nvvm.barrier

// The producer: Q and the first K, then K of a tile and V of the one before.
// CHECK:     scf.if
// CHECK:       nvvm.setmaxregister decrease 24
// CHECK:       nvvm.elect.sync
// CHECK:       scf.while
// CHECK:       scf.if
// CHECK-COUNT-4: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK:         scf.for
// CHECK:           nvvm.mbarrier.try_wait.parity
// CHECK:           nvvm.mbarrier.arrive.expect_tx
// CHECK-COUNT-2:   nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK:           nvvm.mbarrier.try_wait.parity
// CHECK:           nvvm.mbarrier.arrive.expect_tx
// CHECK-COUNT-2:   nvvm.cp.async.bulk.tensor.shared.cluster.global

// The consumers: Q K^T of a tile and P V of the one before are started, S is
// awaited with P V under way, O before P is rounded.
// CHECK:     } else {
// CHECK:       nvvm.setmaxregister increase 240
// CHECK:       scf.for {{.*}} -> (vector<2xf32>, vector<2xf32>, i32, vector<64xbf16>, vector<64xf32>, i32, i32)
// CHECK:         nvvm.mbarrier.try_wait.parity
// CHECK:         nvvm.barrier id = %{{.*}} number_of_threads = %c256
// CHECK:         nvvm.wgmma.fence.aligned
// CHECK-COUNT-8: ringptx.wgmma bf16 %{{.*}} : i64, vector<64xf32>
// CHECK:         nvvm.wgmma.commit.group.sync.aligned
// CHECK:         nvvm.mbarrier.try_wait.parity
// CHECK:         nvvm.wgmma.fence.aligned
// CHECK-COUNT-8: ringptx.wgmma bf16 %{{.*}} {accumulate, transpose_b} : vector<8xbf16>, vector<64xf32>
// CHECK:         nvvm.wgmma.commit.group.sync.aligned
// CHECK:         nvvm.barrier.arrive
// CHECK:         %[[S:.*]] = ringptx.wgmma_wait %{{.*}} {pending = 1} : vector<64xf32>
// CHECK:         nvvm.mbarrier.arrive
// CHECK:         scf.if
// CHECK:           arith.select %{{.*}} : vector<64xi1>, vector<64xf32>
// CHECK:         nvvm.shfl.sync bfly
// CHECK:         ringptx.ex2 %{{.*}} : vector<64xf32>
// CHECK-NOT:     nvvm.shfl.sync
// CHECK:         ringptx.scheduling_barrier
// CHECK-NEXT:    %[[O:.*]] = ringptx.wgmma_wait %{{.*}} {pending = 0} : vector<64xf32>
// CHECK:         nvvm.mbarrier.arrive
// CHECK:         arith.truncf {{.*}} : vector<64xf32> to vector<64xbf16>
// What all threads of a row have read, one overwrites.
// CHECK:         nvvm.bar.warp.sync
// CHECK:         llvm.store {{.*}} : f32, !llvm.ptr<1>
func.func private @attention(%q: memref<1x8x4096x128xbf16>, %k: memref<1x2x4096x128xbf16>, %v: memref<1x2x4096x128xbf16>,
    %o: memref<1x8x4096x128xf32>, %m: memref<1x8x4096xf32>, %l: memref<1x8x4096xf32>, %qr: index, %kr: index, %s: index, %p: index, %hop: index)
    attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : memref<1x8x4096x128xbf16>, memref<1x2x4096x128xbf16>, memref<1x2x4096x128xbf16>)
    outs(%o, %m, %l : memref<1x8x4096x128xf32>, memref<1x8x4096xf32>, memref<1x8x4096xf32>)
    at(%qr, %kr of %p) global(%s, %s) hop(%hop)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.088 : f64}
  return
}

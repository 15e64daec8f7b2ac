// REQUIRES: ptxas
// RUN: ringattn-opt %s --ringattn-assemble-kernels | FileCheck %s
// RUN: ringattn-opt %s --ringattn-assemble-kernels=ptx-only | FileCheck %s --check-prefix=PTX

// Products whose A comes from registers, in a loop that carries accumulators and
// the A fragment: no register moves to local memory, no product is serialised.

// CHECK: gpu.binary @kernels
// CHECK-SAME: metadata = {barriers = 0 : i64, registers = {{[0-9]+}} : i64, shared_bytes = 0 : i64, stack_bytes = 0 : i64}
// CHECK-SAME: "tf32"

// PTX: gpu.binary @kernels
// PTX-SAME: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// PTX-SAME: cvt.rn.bf16x2.f32
// PTX-SAME: cvt.rna.tf32.f32
// PTX-SAME: wgmma.mma_async.sync.aligned.m64n16k8.f32.tf32.tf32
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  llvm.func @bf16(%d: !llvm.ptr<1>, %db: i64, %n: i32, %x: f32)
      attributes {gpu.kernel, nvvm.kernel, nvvm.maxntid = array<i32: 128>, nvvm.minctasm = 1 : i32} {
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %c1 = llvm.mlir.constant(1 : i32) : i32
    %zero = llvm.mlir.constant(dense<0.0> : vector<64xf32>) : vector<64xf32>
    %p0 = llvm.load %d : !llvm.ptr<1> -> vector<8xbf16>
    llvm.br ^loop(%c0, %zero, %p0 : i32, vector<64xf32>, vector<8xbf16>)
  ^loop(%i: i32, %o: vector<64xf32>, %p: vector<8xbf16>):
    nvvm.wgmma.fence.aligned
    %o1 = ringptx.wgmma bf16 %p, %db into %o {accumulate, transpose_b} : vector<8xbf16>, vector<64xf32>
    nvvm.wgmma.commit.group.sync.aligned
    %o2, %p1 = ringptx.wgmma_wait %o1, %p {pending = 0} : vector<64xf32>, vector<8xbf16>
    %s = llvm.shufflevector %o2, %o2 [0, 1, 2, 3, 4, 5, 6, 7] : vector<64xf32>
    %e = ringptx.ex2 %s : vector<8xf32>
    %p2 = llvm.fptrunc %e : vector<8xf32> to vector<8xbf16>
    %next = llvm.add %i, %c1 : i32
    %more = llvm.icmp "slt" %next, %n : i32
    llvm.cond_br %more, ^loop(%next, %o2, %p2 : i32, vector<64xf32>, vector<8xbf16>), ^exit(%o2 : vector<64xf32>)
  ^exit(%r: vector<64xf32>):
    llvm.store %r, %d {alignment = 16} : vector<64xf32>, !llvm.ptr<1>
    llvm.return
  }

  llvm.func @tf32(%d: !llvm.ptr<1>, %db: i64)
      attributes {gpu.kernel, nvvm.kernel, nvvm.maxntid = array<i32: 128>, nvvm.minctasm = 1 : i32} {
    %none = llvm.mlir.poison : vector<8xf32>
    %a0 = llvm.load %d : !llvm.ptr<1> -> vector<4xf32>
    %a = ringptx.to_tf32 %a0 : vector<4xf32>
    nvvm.wgmma.fence.aligned
    %s = ringptx.wgmma tf32 %a, %db into %none : vector<4xf32>, vector<8xf32>
    %s1 = ringptx.wgmma tf32 %a, %db into %s {accumulate} : vector<4xf32>, vector<8xf32>
    nvvm.wgmma.commit.group.sync.aligned
    %r = ringptx.wgmma_wait %s1 {pending = 0} : vector<8xf32>
    %l = ringptx.lg2 %r : vector<8xf32>
    %i = ringptx.rcp %l : vector<8xf32>
    llvm.store %i, %d {alignment = 16} : vector<8xf32>, !llvm.ptr<1>
    llvm.return
  }
}

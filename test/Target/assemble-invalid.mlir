// REQUIRES: ptxas
// RUN: ringattn-opt %s --ringattn-assemble-kernels -split-input-file -verify-diagnostics

// More registers are alive across the barrier than a thread has.
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  // expected-error @+1 {{kernel spill spills 712 bytes of stores and 712 of loads, expected 0}}
  llvm.func @spill(%d: !llvm.ptr<1>, %e: !llvm.ptr<1>)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 1024>, nvvm.minctasm = 1 : i32} {
    %v = llvm.load %d {alignment = 16} : !llvm.ptr<1> -> vector<128xf32>
    %w = ringptx.ex2 %v : vector<128xf32>
    nvvm.barrier
    llvm.store %w, %e {alignment = 16} : vector<128xf32>, !llvm.ptr<1>
    llvm.return
  }
}

// -----

// One instruction needs more registers than a thread has.
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  // expected-error @+1 {{Insufficient registers}}
  llvm.func @crowd(%d: !llvm.ptr<1>, %db: i64, %a: i64)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 1024>, nvvm.minctasm = 1 : i32} {
    %none = llvm.mlir.poison : vector<128xf32>
    nvvm.wgmma.fence.aligned
    %s = ringptx.wgmma bf16 %a, %db into %none : i64, vector<128xf32>
    nvvm.wgmma.commit.group.sync.aligned
    %r = ringptx.wgmma_wait %s {pending = 0} : vector<128xf32>
    llvm.store %r, %d {alignment = 16} : vector<128xf32>, !llvm.ptr<1>
    llvm.return
  }
}

// -----

// The accumulators are changed while a product writes them.
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  // expected-error @+1 {{(C7519) warpgroup.arrive is injected}}
  llvm.func @serialised(%d: !llvm.ptr<1>, %db: i64, %a: i64)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>, nvvm.minctasm = 1 : i32} {
    %none = llvm.mlir.poison : vector<8xf32>
    nvvm.wgmma.fence.aligned
    %s = ringptx.wgmma bf16 %a, %db into %none : i64, vector<8xf32>
    %t = llvm.fmul %s, %s : vector<8xf32>
    %u = ringptx.wgmma bf16 %a, %db into %t {accumulate} : i64, vector<8xf32>
    nvvm.wgmma.commit.group.sync.aligned
    %r = ringptx.wgmma_wait %u {pending = 0} : vector<8xf32>
    llvm.store %r, %d {alignment = 16} : vector<8xf32>, !llvm.ptr<1>
    llvm.return
  }
}

// -----

// expected-error @+1 {{gpu.module @kernels needs exactly one #nvvm.target}}
gpu.module @kernels {
  llvm.func @k() attributes {nvvm.kernel} {
    llvm.return
  }
}

// REQUIRES: ptxas
// RUN: ringattn-opt %s --ringattn-assemble-kernels | FileCheck %s
// RUN: ringattn-opt %s --ringattn-assemble-kernels=ptx-only | FileCheck %s --check-prefix=PTX

// A 64 x 64 tile of A * B' for bf16: the producer's elected lane loads 64 x 64
// tiles by TMA, the warpgroup multiplies them and stores the fragment.

// CHECK: gpu.binary @kernels
// CHECK-SAME: assembly = "
// CHECK-SAME: metadata = {barriers = 1 : i64, registers = {{[0-9]+}} : i64, shared_bytes = {{[0-9]+}} : i64, stack_bytes = 0 : i64}
// CHECK-SAME: bin = "

// PTX: gpu.binary @kernels
// PTX-SAME: .target sm_90a
// PTX-SAME: cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
// PTX-SAME: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// PTX-SAME: wgmma.wait_group.sync.aligned 0
// PTX-SAME: st.global.v2.b32
// PTX-NOT: bin = "
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  llvm.func @product(
      %a: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant, llvm.align = 64 : i64},
      %b: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant, llvm.align = 64 : i64},
      %d: !llvm.ptr<1>)
      attributes {gpu.kernel, nvvm.kernel, nvvm.maxntid = array<i32: 128>, nvvm.minctasm = 1 : i32} {
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %c1 = llvm.mlir.constant(1 : i32) : i32
    %c2 = llvm.mlir.constant(2 : i32) : i32
    %c4 = llvm.mlir.constant(4 : i32) : i32
    %c8 = llvm.mlir.constant(8 : i32) : i32
    %c31 = llvm.mlir.constant(31 : i32) : i32
    %c64 = llvm.mlir.constant(64 : i32) : i32
    %bytes = llvm.mlir.constant(16384 : i32) : i32
    %ticks = llvm.mlir.constant(10000000 : i32) : i32
    %shared = llvm.mlir.addressof @shared : !llvm.ptr<3>
    %bar = llvm.getelementptr %shared[16384] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %bp = llvm.getelementptr %shared[8192] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %first = llvm.icmp "eq" %tid, %c0 : i32
    llvm.cond_br %first, ^init, ^ready
  ^init:
    nvvm.mbarrier.init %bar, %c1 : !llvm.ptr<3>, i32
    nvvm.fence.mbarrier.init
    llvm.br ^ready
  ^ready:
    nvvm.barrier id = %c0
    llvm.cond_br %first, ^load, ^multiply
  ^load:
    nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
    %ac = llvm.addrspacecast %shared : !llvm.ptr<3> to !llvm.ptr<7>
    %bc = llvm.addrspacecast %bp : !llvm.ptr<3> to !llvm.ptr<7>
    nvvm.cp.async.bulk.tensor.shared.cluster.global %ac, %a, %bar, box [%c0, %c0] : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %bc, %b, %bar, box [%c0, %c0] : !llvm.ptr<7>, !llvm.ptr
    llvm.br ^multiply
  ^multiply:
    nvvm.mbarrier.try_wait.parity %bar, %c0, %ticks : !llvm.ptr<3>, i32, i32
    %address = llvm.ptrtoint %shared : !llvm.ptr<3> to i32
    %window = llvm.mlir.constant(262143 : i32) : i32
    %masked = llvm.and %address, %window : i32
    %start32 = llvm.lshr %masked, %c4 : i32
    %start = llvm.zext %start32 : i32 to i64
    // LBO 16, SBO 1024, swizzle of 128 bytes.
    %layout = llvm.mlir.constant(4611686293305360384 : i64) : i64
    %c512 = llvm.mlir.constant(512 : i64) : i64
    %step = llvm.mlir.constant(2 : i64) : i64
    %da0 = llvm.or %start, %layout : i64
    %db0 = llvm.add %da0, %c512 : i64
    %none = llvm.mlir.poison : vector<32xf32>
    nvvm.wgmma.fence.aligned
    %s0 = ringptx.wgmma bf16 %da0, %db0 into %none : i64, vector<32xf32>
    %da1 = llvm.add %da0, %step : i64
    %db1 = llvm.add %db0, %step : i64
    %s1 = ringptx.wgmma bf16 %da1, %db1 into %s0 {accumulate} : i64, vector<32xf32>
    %da2 = llvm.add %da1, %step : i64
    %db2 = llvm.add %db1, %step : i64
    %s2 = ringptx.wgmma bf16 %da2, %db2 into %s1 {accumulate} : i64, vector<32xf32>
    %da3 = llvm.add %da2, %step : i64
    %db3 = llvm.add %db2, %step : i64
    %s3 = ringptx.wgmma bf16 %da3, %db3 into %s2 {accumulate} : i64, vector<32xf32>
    nvvm.wgmma.commit.group.sync.aligned
    %s = ringptx.wgmma_wait %s3 {pending = 0} : vector<32xf32>
    %e = ringptx.ex2 %s : vector<32xf32>
    // The first four elements of the fragment: two rows, two columns each.
    %c5 = llvm.mlir.constant(5 : i32) : i32
    %warp = llvm.lshr %tid, %c5 : i32
    %c3 = llvm.mlir.constant(3 : i32) : i32
    %c16 = llvm.mlir.constant(16 : i32) : i32
    %lane = llvm.and %tid, %c31 : i32
    %row0 = llvm.mul %warp, %c16 : i32
    %row1 = llvm.lshr %lane, %c2 : i32
    %row = llvm.add %row0, %row1 : i32
    %quad = llvm.and %lane, %c3 : i32
    %col = llvm.mul %quad, %c2 : i32
    %offset0 = llvm.mul %row, %c64 : i32
    %offset = llvm.add %offset0, %col : i32
    %p = llvm.getelementptr %d[%offset] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %v = llvm.shufflevector %e, %e [0, 1] : vector<32xf32>
    llvm.store %v, %p : vector<2xf32>, !llvm.ptr<1>
    %q = llvm.getelementptr %p[512] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    %w = llvm.shufflevector %e, %e [2, 3] : vector<32xf32>
    llvm.store %w, %q : vector<2xf32>, !llvm.ptr<1>
    llvm.return
  }
}

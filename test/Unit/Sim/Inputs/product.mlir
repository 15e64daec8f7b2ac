// C = A * B^T of 64 x 64 tiles, one block: two loads, four products of depth 16,
// stores from the accumulator. Lines with a marker (#...) are for broken variants.
gpu.module @kernels {
  llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  llvm.func @product(%a: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant},
                     %b: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant},
                     %c: !llvm.ptr<1>, %stride: i32)
      attributes {gpu.kernel, nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %c1 = llvm.mlir.constant(1 : i32) : i32
    %c2 = llvm.mlir.constant(2 : i32) : i32
    %c3 = llvm.mlir.constant(3 : i32) : i32
    %c4 = llvm.mlir.constant(4 : i32) : i32
    %c8 = llvm.mlir.constant(8 : i32) : i32
    %c16 = llvm.mlir.constant(16 : i32) : i32
    %c32 = llvm.mlir.constant(32 : i32) : i32
    %bytes = llvm.mlir.constant(16384 : i32) : i32
    %ticks = llvm.mlir.constant(10000000 : i32) : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %sa = llvm.mlir.addressof @shared : !llvm.ptr<3>
    %sb = llvm.getelementptr %sa[8192] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %bar = llvm.getelementptr %sa[16384] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %first = llvm.icmp "eq" %tid, %c0 : i32
    llvm.cond_br %first, ^load, ^wait
  ^load:
    nvvm.mbarrier.init %bar, %c1 : !llvm.ptr<3>, i32
    nvvm.fence.mbarrier.init // #init-fence
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>} // #init-fence
    nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
    %ca = llvm.addrspacecast %sa : !llvm.ptr<3> to !llvm.ptr<7>
    %cb = llvm.addrspacecast %sb : !llvm.ptr<3> to !llvm.ptr<7>
    nvvm.cp.async.bulk.tensor.shared.cluster.global %ca, %a, %bar, box[%c0, %c0] : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %cb, %b, %bar, box[%c0, %c0] : !llvm.ptr<7>, !llvm.ptr
    llvm.br ^wait
  ^wait:
    nvvm.barrier // #barrier
    nvvm.mbarrier.try_wait.parity %bar, %c0, %ticks : !llvm.ptr<3>, i32, i32 // #wait

    // Descriptors: rows of 128 bytes, swizzled; groups of eight are 1024 apart.
    %fields = llvm.mlir.constant(0x4000004000010000 : i64) : i64
    %mask = llvm.mlir.constant(0x3ffff : i32) : i32
    %aa = llvm.ptrtoint %sa : !llvm.ptr<3> to i32
    %am = llvm.and %aa, %mask : i32
    %as = llvm.lshr %am, %c4 : i32
    %ax = llvm.zext %as : i32 to i64
    %a0 = llvm.or %ax, %fields : i64
    %ba = llvm.ptrtoint %sb : !llvm.ptr<3> to i32
    %bm = llvm.and %ba, %mask : i32
    %bs = llvm.lshr %bm, %c4 : i32
    %bx = llvm.zext %bs : i32 to i64
    %b0 = llvm.or %bx, %fields : i64
    %step = llvm.mlir.constant(2 : i64) : i64
    %a1 = llvm.add %a0, %step : i64
    %a2 = llvm.add %a1, %step : i64
    %a3 = llvm.add %a2, %step : i64
    %b1 = llvm.add %b0, %step : i64
    %b2 = llvm.add %b1, %step : i64
    %b3 = llvm.add %b2, %step : i64

    %none = llvm.mlir.poison : vector<32xf32>
    nvvm.wgmma.fence.aligned // #fence
    %d0 = ringptx.wgmma bf16 %a0, %b0 into %none : i64, vector<32xf32>
    %d1 = ringptx.wgmma bf16 %a1, %b1 into %d0 {accumulate} : i64, vector<32xf32>
    %d2 = ringptx.wgmma bf16 %a2, %b2 into %d1 {accumulate} : i64, vector<32xf32>
    %d3 = ringptx.wgmma bf16 %a3, %b3 into %d2 {accumulate} : i64, vector<32xf32>
    nvvm.wgmma.commit.group.sync.aligned
    %d = ringptx.wgmma_wait %d3 {pending = 0} : vector<32xf32>

    // Element i: row 16 warp + lane / 4 + 8 ((i / 2) % 2), column
    // 8 (i / 4) + 2 (lane % 4) + i % 2.
    %warp = llvm.udiv %tid, %c32 : i32
    %wrow = llvm.mul %warp, %c16 : i32
    %lrow = llvm.udiv %lane, %c4 : i32
    %row0 = llvm.add %wrow, %lrow : i32
    %lcol = llvm.and %lane, %c3 : i32
    %col0 = llvm.mul %lcol, %c2 : i32
    llvm.br ^store(%c0 : i32)
  ^store(%i: i32):
    %half = llvm.udiv %i, %c2 : i32
    %odd = llvm.and %half, %c1 : i32
    %r8 = llvm.mul %odd, %c8 : i32
    %row = llvm.add %row0, %r8 : i32
    %quad = llvm.udiv %i, %c4 : i32
    %q8 = llvm.mul %quad, %c8 : i32
    %even = llvm.and %i, %c1 : i32
    %col1 = llvm.add %col0, %q8 : i32
    %col = llvm.add %col1, %even : i32
    %start = llvm.mul %row, %stride : i32
    %index = llvm.add %start, %col : i32
    %value = llvm.extractelement %d[%i : i32] : vector<32xf32>
    %to = llvm.getelementptr %c[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    llvm.store %value, %to : f32, !llvm.ptr<1>
    %next = llvm.add %i, %c1 : i32
    %more = llvm.icmp "ult" %next, %c32 : i32
    llvm.cond_br %more, ^store(%next : i32), ^end
  ^end:
    llvm.return
  }
}

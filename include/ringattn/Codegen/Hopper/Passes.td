//===- Passes.td - The tile program on sm_90a -------------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_HOPPER_PASSES_TD
#define RINGATTN_CODEGEN_HOPPER_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanHopperTilesPass
    : Pass<"ringattn-plan-hopper-tiles", "::mlir::func::FuncOp"> {
  let summary = "Decides tile sizes, stages and warp roles for sm_90a";
  let description = [{
    Policy only. Writes two attributes on every kernel, unless it has them
    already: `ringattn.tiles` (see `TilePlan`) and `ringattn.hopper` (see
    `HopperPlan`), from the types, D, Dv and the mask. D and Dv are padded to
    multiples of 64; the number of keys of a tile is what registers (S in f32, P
    in 16 bits, O in f32; fewer where the mask is computed from striped positions) and shared memory (Q, and K and V twice) have room for.
    Factors from f32 are tf32.

    Errors: a head size above 256, elements other than bf16, f16 and f32, more
    than 65535 heads, a granularity above 2^31 - 1; a plan that was there and does
    not suit the operands, the other plan, or the registers of an SM.

    Before:
    ```mlir
    func.func private @attention_kernel(...) attributes {ringattn.kernel}
    ```
    After, for D = Dv = 128, bf16 and a causal mask:
    ```mlir
    func.func private @attention_kernel(...) attributes {ringattn.kernel,
      ringattn.tiles = {columns = 128, head_size = 128, masked_columns = 128,
                        operand = bf16, pipelined, rows = 128, value_size = 128},
      ringattn.hopper = {consumers = 2, consumer_registers = 240, longest_first,
                         ping_pong, producer_registers = 24, stages = 2}}
    ```

    Requires `ringattn-outline-kernels`. Should run before
    `ringattn-emit-tile-program`.
  }];
}

def SpecializeWarpsPass : Pass<"ringattn-specialize-warps", "::mlir::ModuleOp"> {
  let summary = "Distributes the tile program over the warps of a block";
  let description = [{
    Makes a device function, in `gpu.module @kernels` (or a name like it that is free), of every kernel: a block
    computes one tile of queries. The tile program is emitted twice, as each role
    sees it:

    - one elected thread of the producer warpgroup starts the TMA loads of the
      factors of products, into the slots of their streams;
    - each consumer warpgroup computes 64 rows. Tiles are fragments in registers
      (vectors, in the layout of wgmma's accumulators), ops on tiles become ops on
      vectors, reductions over a row end in shuffles of four lanes, row sums stay
      thread-local until they are stored. A product is started where it stands
      (`ringptx.wgmma`) and awaited where its result is first used, which the
      schedule of `ringattn-pipeline-tiles` has moved apart; then its factors'
      slots are given back.

    Slots are guarded by a pair of mbarriers each (one that the loads complete,
    one that the readers do). With `ping_pong`, named barriers make the consumers
    take turns in starting products. The function that was the kernel describes the
    arguments (`ringrt.tensor_map`, addresses, strides, sizes) and launches the
    device function. Index arithmetic is done in 32 bits, offsets into arrays in
    64.

    Factors that TMA or wgmma cannot take as they are (rows that do not start at
    multiples of 16 bytes, f32) are copied before the launch, by kernels that all
    kernels of the module share: aligned, rounded to tf32 to nearest, and, where
    the depth of a tf32 product runs along the rows, transposed.

    Before:
    ```mlir
    scf.forall (%b, %h, %t) in (%batch, %heads, %tiles) {
      %q = ringattn.load_tile %Q[%i] : ... -> tensor<128x128xbf16>
      %s = linalg.contract {ringattn.role = "scores"} ins(%q, %k ...)
    ```
    After:
    ```mlir
    gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
      llvm.func @attention_kernel(%tq: !llvm.ptr {llvm.byval, ...}, ...) {
        scf.if %isProducer {
          nvvm.cp.async.bulk.tensor.shared.cluster.global ...
        } else {
          nvvm.mbarrier.try_wait.parity ...
          %s = ringptx.wgmma bf16 %dq, %dk into %zero : i64, vector<64xf32>
    ```

    Requires `ringattn-emit-tile-program` with a plan of
    `ringattn-plan-hopper-tiles`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::ringattn::ringptx::RingPTXDialect",
    "::ringattn::ringrt::RingRTDialect"
  ];
}

def LaunchLoopsPass : Pass<"ringattn-launch-loops", "::mlir::ModuleOp"> {
  let summary = "Makes kernels of the loops that an entry has around attention";
  let description = [{
    The host does not see the memory of a GPU: packing K and V into the first
    slot, fills, and elementwise ops around attention run there too. Every linalg
    op and `memref.copy` of an entry becomes a device function in the GPU module
    of the kernels and its launch. A thread computes one point of the parallel
    loops: the last two share the blocks in x, the others are the blocks in y and
    z; reductions are loops.

    Before:
    ```mlir
    linalg.copy ins(%k : memref<1x2x?x64xbf16>) outs(%slot : memref<1x2x?x64xbf16, ...>)
    ```
    After:
    ```mlir
    %from = ringrt.address read %k : memref<1x2x?x64xbf16> -> !llvm.ptr<1>
    %to = ringrt.address write %slot : memref<1x2x?x64xbf16, ...> -> !llvm.ptr<1>
    gpu.launch_func @kernels::@main_loops_0 blocks in (%x, %y, %z) threads in (%c256, %c1, %c1)
        args(%rows : i64, %from : !llvm.ptr<1>, ...)
    ```

    Errors: an op in a body that is not of arith; a constant that is no splat; a
    load or store of the entry itself; more than 65535 points in the dimensions of
    y or of z.

    Requires `ringattn-specialize-warps`, and floats in the bodies that the host
    has as well (the simulator runs there).
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::ringattn::ringrt::RingRTDialect"
  ];
}

#endif // RINGATTN_CODEGEN_HOPPER_PASSES_TD

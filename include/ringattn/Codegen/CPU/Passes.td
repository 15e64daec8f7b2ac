//===- Passes.td - The tile program on x86-64 -------------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_CPU_PASSES_TD
#define RINGATTN_CODEGEN_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

class CPUKernelPass<string name> : Pass<name, "::mlir::func::FuncOp"> {
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect", "::mlir::x86vector::X86VectorDialect"
  ];
}

def PlanCPUTilesPass : CPUKernelPass<"ringattn-plan-cpu-tiles"> {
  let summary = "Decides tile sizes, packing and registers of CPU kernels";
  let description = [{
    Policy only. Writes two attributes on every kernel, unless it has them
    already: `ringattn.tiles` (see `TilePlan`) and `ringattn.cpu` (see
    `CPUPlan`), from the CPU's features, the types, D, Dv, and the sequence sizes
    where they are static and small.

    Before:
    ```mlir
    func.func private @attention_kernel(...) attributes {ringattn.kernel}
    ```
    After, for AVX-512 and f32:
    ```mlir
    func.func private @attention_kernel(...) attributes {ringattn.kernel,
      ringattn.tiles = {columns = 128, head_size = 64, masked_columns = 64,
                        operand = f32, rows = 48, value_size = 64},
      ringattn.cpu = {avx512_exp2, fma, lanes = 16, pair = 1, panel = 64,
                      register_rows = 6, row_chunk = 128, value_panel = 64,
                      value_register_rows = 6}}
    ```

    Requires `ringattn-outline-kernels`. Should run before
    `ringattn-emit-tile-program`.
  }];
  let options = [
    Option<"targetCpu", "target-cpu", "std::string", "",
           "CPU in LLVM's names; empty: the one this runs on">,
    Option<"targetFeatures", "target-features", "std::string", "",
           "features added to or taken from the CPU's: +avx2,-avx512f">
  ];
}

def TileCPUContractsPass : CPUKernelPass<"ringattn-tile-cpu-contracts"> {
  let summary = "Tiles both products to one block of registers";
  let description = [{
    Tiles the contractions by (register rows, panel), panels outermost, and fuses
    what initialises their accumulators (the fill of S, the rescaling of O).

    Before:
    ```mlir
    %s = linalg.contract ... ins(%q, %k) outs(%zero) -> tensor<48x128xf32>
    ```
    After:
    ```mlir
    scf.for %n = %c0 to %c128 step %c64 iter_args(...)
      scf.for %m = %c0 to %c48 step %c6 iter_args(...)
        %z = linalg.fill ... -> tensor<6x64xf32>
        linalg.contract ... ins(%qs, %ks) outs(%z) -> tensor<6x64xf32>
    ```

    Requires `ringattn-emit-tile-program`. Should run before
    `ringattn-pack-cpu-operands`.
  }];
}

def PackCPUOperandsPass : CPUKernelPass<"ringattn-pack-cpu-operands"> {
  let summary = "Copies K and V into panels that the products stream through";
  let description = [{
    At the kernel's entry K and V are copied once into scratch memory, converted
    to the type of the products' operands: K as [batch, head, panel, D/pair,
    width, pair] (transposed), V as [batch, head, panel, keys/pair, width, pair],
    `pair` being 2 where a bf16 dot product consumes two products at a time and 1
    (no dimension) otherwise. Padding is written as zeros. The tiles of K and V
    become views of panels.

    Before:
    ```mlir
    %k = ringattn.load_tile %K[%j] : ... -> tensor<128x64xf32>
    %ks = tensor.extract_slice %k[%n, 0] [64, 64] [1, 1]
    linalg.contract indexing_maps = [(m,k), (n,k), (m,n)] ins(%qs, %ks) ...
    ```
    After:
    ```mlir
    %panel = memref.subview %packed[%b, %h, %p, 0, 0] [1, 1, 1, 64, 64] ...
    %ks = bufferization.to_tensor %panel restrict
    linalg.contract indexing_maps = [(m,k), (k,n), (m,n)] ins(%qs, %ks) ...
    ```

    Requires `ringattn-tile-cpu-contracts`. Should run before
    `ringattn-lower-tile-transfers`.
  }];
}

def LowerTileTransfersPass : CPUKernelPass<"ringattn-lower-tile-transfers"> {
  let summary = "Expands load_tile and store_tile into loops over rows";
  let description = [{
    Rows inside the memref are copied with vectors (element by element where the
    last stride is not 1), the rest of a loaded tile is zero.

    Before:
    ```mlir
    %t = ringattn.load_tile %m[%i] : memref<1024x64xf32> -> tensor<48x64xf32>
    ```
    After:
    ```mlir
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<48x64xf32>)
    %t = scf.for %r = %c0 to %rows step %c1 iter_args(%a = %z) {
      %row = arith.addi %i, %r : index
      %v = vector.load %m[%row, %c0] : memref<1024x64xf32>, vector<16xf32>
      %w = vector.transfer_write %v, %a[%r, %c0] : vector<16xf32>, tensor<48x64xf32>
      ... // columns 16, 32 and 48
    ```

    Should run before `ringattn-vectorize-cpu-tiles`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"
  ];
}

def VectorizeCPUTilesPass : CPUKernelPass<"ringattn-vectorize-cpu-tiles"> {
  let summary = "Turns the linalg ops of a kernel into vector ops";
  let description = [{
    Ops over rows are tiled to one row, contractions to one step of k; all are
    then vectorized by upstream's vectorizer.

    Before:
    ```mlir
    linalg.contract ... ins(%q, %k) outs(%s : tensor<6x64xf32>)
    ```
    After:
    ```mlir
    scf.for %k = %c0 to %c64 step %c1 iter_args(...)
      vector.contract ... : vector<6x1xf32>, vector<1x64xf32> into
                            vector<6x64xf32>
    ```

    Requires `ringattn-lower-tile-transfers`. Should run before bufferization.
  }];
}

def PlaceTileBuffersPass : CPUKernelPass<"ringattn-place-tile-buffers"> {
  let summary = "Puts the buffers of tiles on the stack";
  let description = [{
    Every static buffer allocated for a task of an `scf.forall` becomes an
    `alloca` at the start of the task. Fails where a task would need more than
    512 KiB, and where a loop carries a buffer that it allocates itself.

    Before:
    ```mlir
    scf.forall (%t) in (%n) {
      scf.for ... { %s = memref.alloc() : memref<48x128xf32>
    ```
    After:
    ```mlir
    scf.forall (%t) in (%n) {
      %s = memref.alloca() {alignment = 64} : memref<48x128xf32>
    ```

    Requires one-shot bufferization.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def UnrollCPUVectorsPass : CPUKernelPass<"ringattn-unroll-cpu-vectors"> {
  let summary = "Unrolls vector ops to the target's registers";
  let description = [{
    Every vector op becomes ops on one register: `lanes` elements of the
    innermost dimension (and the pair dimension of a bf16 dot product).

    Before: `vector.contract ... into vector<6x64xf32>`

    After: 24 `vector.contract ... into vector<1x16xf32>`

    Requires `ringattn-place-tile-buffers`. Should run before
    `ringattn-hoist-accumulators`, with canonicalization, CSE and loop invariant
    code motion in between: without them accumulators stay in memory.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def HoistAccumulatorsPass : CPUKernelPass<"ringattn-hoist-accumulators"> {
  let summary = "Keeps accumulators in registers across the loop over k";
  let description = [{
    Upstream's store-to-load forwarding and hoisting of redundant transfers.

    Before:
    ```mlir
    scf.for %k = %c0 to %c64 step %c1 {
      ...
      %a = vector.transfer_read %s[%c0, %c0] : memref<6x64xf32>, vector<1x16xf32>
      %b = vector.contract ... %q, %p, %a : vector<1x1xf32>, vector<1x16xf32> into
                                            vector<1x16xf32>
      vector.transfer_write %b, %s[%c0, %c0] : vector<1x16xf32>, memref<6x64xf32>
      ... // 23 more
    }
    ```
    After:
    ```mlir
    %r:24 = scf.for %k = %c0 to %c64 step %c1 iter_args(%a = %zero, ...) {
      ...
      %b = vector.contract ... %q, %p, %a : vector<1x1xf32>, vector<1x16xf32> into
                                            vector<1x16xf32>
      ...
      scf.yield %b, ...
    }
    vector.transfer_write %r#0, %s[%c0, %c0] : vector<1x16xf32>, memref<6x64xf32>
    ```

    Requires `ringattn-unroll-cpu-vectors`.
  }];
  let dependentDialects = [
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def ExpandCPUMathPass : CPUKernelPass<"ringattn-expand-cpu-math"> {
  let summary = "Replaces exp2 and fma by what the CPU has";
  let description = [{
    exp2: on AVX-512, `vreduceps`, a polynomial of degree 5 and `vscalefps`
    (relative error 8e-8); elsewhere, and for f64, integer arithmetic on the
    exponent and a polynomial (f32 2e-7, f64 4e-16). -inf and what underflows
    give 0, NaN gives NaN; results of 2^-126 and less (f64: 2^-1022) may be 0.

    `math.fma` becomes a product and a sum where there is no instruction for it.

    Before: `math.exp2 %x : vector<16xf32>`

    After: `llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"(...)`

    Requires `ringattn-unroll-cpu-vectors`.
  }];
}

def LegalizeNarrowFloatsPass
    : Pass<"ringattn-legalize-narrow-floats", "::mlir::func::FuncOp"> {
  let summary = "Makes f16 and bf16 independent of a support library";
  let description = [{
    Outside of kernels, which accumulate in f32 anyway, arithmetic and functions
    on f16 and bf16 are computed in f32 and rounded after every op. Conversions
    that the CPU has no instructions for become integer arithmetic, since the
    compiler's support library need not have them; f64 reaches f16 and bf16
    through f32, rounded to odd, so that it is rounded to nearest once. Vectors in
    memory are accessed in powers of two of lanes, put together and taken apart as
    integers. The last access overlaps rather than having a single lane: LLVM
    cannot generate code for a rest of one bf16 with AVX512-BF16.

    Requires: transfers lowered to loads and stores of vectors
    (`ringattn-lower-cpu-vectors`).

    Before:
    ```mlir
    %c = arith.addf %a, %b : bf16
    ```
    After, with AVX512-BF16:
    ```mlir
    %x = arith.extf %a : bf16 to f32
    %y = arith.extf %b : bf16 to f32
    %z = arith.addf %x, %y : f32
    %c = arith.truncf %z : f32 to bf16
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
  let options = [
    Option<"targetCpu", "target-cpu", "std::string", "",
           "CPU in LLVM's names; empty: the one this runs on">,
    Option<"targetFeatures", "target-features", "std::string", "",
           "features added to or taken from the CPU's: +avx2,-avx512f">
  ];
}

def MoveNarrowFloatsPass
    : Pass<"ringattn-move-narrow-floats", "::mlir::LLVM::LLVMFuncOp"> {
  let summary = "Reads and writes f16 and bf16 as integers";
  let description = [{
    Where a CPU has no f16 or bf16, LLVM keeps vectors of them that live across
    basic blocks as f32, and rounds them by functions of the support library
    before they are written, also those that are only moved.

    Requires `ringattn-legalize-narrow-floats` and lowering to the LLVM dialect.
    Should run before the last canonicalization.

    Before:
    ```mlir
    %x = llvm.load %p : !llvm.ptr -> vector<4xbf16>
    llvm.store %x, %q : vector<4xbf16>, !llvm.ptr
    ```
    After, once canonical:
    ```mlir
    %x = llvm.load %p : !llvm.ptr -> vector<4xi16>
    llvm.store %x, %q : vector<4xi16>, !llvm.ptr
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def LowerCPUVectorsPass : CPUKernelPass<"ringattn-lower-cpu-vectors"> {
  let summary = "Lowers contractions and transfers to rank-1 vector ops";
  let description = [{
    Contractions become `vector.fma` (multiplication and addition on CPUs
    without FMA) or `x86vector.avx512.dot`; transfers become loads and stores of
    rank 1.

    Before: `vector.contract ... : vector<1x1xf32>, vector<1x16xf32>`

    After: `vector.fma ... : vector<16xf32>`

    Requires `ringattn-hoist-accumulators`. Should run before the conversion to
    LLVM.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::mlir::x86vector::X86VectorDialect"
  ];
}

def OutlineParallelPass
    : Pass<"ringattn-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Turns scf.forall into ringrt.parallel_for";
  let description = [{
    The body becomes a private function over a range of task numbers. Tasks of
    one batch and head are neighbours, the last tile first: under a causal mask
    it has the most work.

    Before:
    ```mlir
    scf.forall (%b, %h, %t) in (%nb, 8, %nt) { "use"(%q, %b, %h, %t) }
    ```
    After:
    ```mlir
    %count = ... // %nb * 8 * %nt
    ringrt.parallel_for @kernel_tasks, %count (%q, %nt : memref<?xf32>, index)
    func.func private @kernel_tasks(%q: memref<?xf32>, %nt: index,
                                    %begin: index, %end: index) {
      scf.for %i = %begin to %end step %c1 { ... }
    ```

    Requires kernels without tensors.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::ringattn::ringrt::RingRTDialect"
  ];
}

#endif // RINGATTN_CODEGEN_CPU_PASSES_TD

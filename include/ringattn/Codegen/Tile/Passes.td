//===- Passes.td - Kernels and the tile program -----------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CODEGEN_TILE_PASSES_TD
#define RINGATTN_CODEGEN_TILE_PASSES_TD

include "mlir/Pass/PassBase.td"

def StartEmptyPass : Pass<"ringattn-start-empty", "::mlir::func::FuncOp"> {
  let summary = "Lets the first hop start from empty accumulators";
  let description = [{
    Erases the fills of accumulators that only steps of a ring use, and marks the
    steps `starts_empty`: the one at hop 0 then starts from the initial state
    instead of reading it. Fills stay where the first step that runs may not be
    that of hop 0.

    Before:
    ```mlir
    linalg.fill ins(%zero : f32) outs(%o : memref<1x8x?x64xf32>)
    linalg.fill ins(%minus_inf : f32) outs(%m : memref<1x8x?xf32>)
    linalg.fill ins(%zero : f32) outs(%l : memref<1x8x?xf32>)
    scf.for %hop = %c0 to %last step %c1 {
      ringattn.online_attention ... outs(%o, %m, %l : ...) ... hop(%hop) {...}
    }
    ```
    After:
    ```mlir
    scf.for %hop = %c0 to %last step %c1 {
      ringattn.online_attention ... outs(%o, %m, %l : ...) ... hop(%hop)
        {..., starts_empty}
    }
    ```

    Requires the ring loop on memrefs (after `ringattn-schedule-ring`). Should
    run before `ringattn-outline-kernels`, for targets where a fill is a kernel
    of its own.
  }];
}

def FinishStepsPass : Pass<"ringattn-finish-steps", "::mlir::func::FuncOp"> {
  let summary = "Lets the last step of a ring write the results";
  let description = [{
    A `ringattn.finalize` becomes part of the step before it, where that is in
    the same block and nothing else uses the accumulators in between or later.

    Before:
    ```mlir
    ringattn.online_attention ... outs(%o, %m, %l : ...) ... hop(%hop) {...}
    ringattn.finalize ins(%o, %m, %l : ...) outs(%out : memref<1x8x?x64xbf16>)
    ```
    After:
    ```mlir
    ringattn.online_attention ... outs(%o, %m, %l : ...) ... hop(%hop)
      finish(%out : memref<1x8x?x64xbf16>) {...}
    ```

    Requires the ring loop on memrefs (after `ringattn-schedule-ring`). Should
    run before `ringattn-outline-kernels`, for targets where the accumulators
    would travel through memory.
  }];
}

def GeneralizeShapesPass
    : Pass<"ringattn-generalize-shapes", "::mlir::func::FuncOp"> {
  let summary = "Hides batch and lengths from the kernels";
  let description = [{
    Casts the memrefs of the steps of a ring to types with `?` for the batch and
    the sequence. All lengths then share a kernel, and the code of a short one is
    not specialised beyond what its plan counts with.

    Before:
    ```mlir
    ringattn.finalize ins(%o, %m, %l : memref<1x8x256x64xf32>, ...)
      outs(%out : memref<1x8x256x64xbf16>)
    ```
    After:
    ```mlir
    %any = memref.cast %o : memref<1x8x256x64xf32> to memref<?x8x?x64xf32>
    ...
    ringattn.finalize ins(%any, ... : memref<?x8x?x64xf32>, ...)
      outs(%any_out : memref<?x8x?x64xbf16>)
    ```

    Should run before `ringattn-outline-kernels`, and after
    `ringattn-start-empty` and `ringattn-finish-steps`.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def OutlineKernelsPass : Pass<"ringattn-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Moves the steps of the ring loop into kernel functions";
  let description = [{
    Each `ringattn.online_attention` and `ringattn.finalize` becomes a call of a
    private function that takes its operands and contains the op; steps with
    equal types and attributes share one function, which carries the attribute
    `ringattn.kernel`. The call sits in a `ringrt.span`. A hop without queries,
    without keys or without visible keys (the mask, classified on the hulls of
    the two shards) is skipped; what is known at compile time emits no test.

    Before:
    ```mlir
    ringattn.online_attention ins(%q, %k, %v : ...) outs(%o, %m, %l : ...)
      at(%qr, %kr of %p) global(%s, %s) hop(%hop) {...}
    ```
    After:
    ```mlir
    scf.if %visible {
      ringrt.span compute(%hop) {
        func.call @attention_kernel(%q, %k, %v, %o, %m, %l, %qr, ...) : ...
      }
    }
    func.func private @attention_kernel(...) attributes {ringattn.kernel} {
      ringattn.online_attention ...
      return
    }
    ```

    Requires the ring loop on memrefs (after `ringattn-schedule-ring`). Should
    run before `ringattn-plan-cpu-tiles`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::ringattn::ringrt::RingRTDialect"
  ];
}

def EmitTileProgramPass
    : Pass<"ringattn-emit-tile-program", "::mlir::func::FuncOp"> {
  let summary = "Expands a kernel into the online softmax on static tiles";
  let description = [{
    Replaces the op in a kernel by an `scf.forall` over (batch, head, query
    tile). Its body holds the algorithm as linalg on static two-dimensional tile
    tensors, with the state (O, m, l) carried by `scf.for` over the K/V tiles.
    A tile that the mask leaves whole runs without mask code, a tile that it
    cuts (or that reaches past the last key) in narrower steps with it, an empty
    tile not at all. Nothing here is specific to a target. The roles of the
    linalg ops are named by `ringattn.role`:

    | role | op |
    |---|---|
    | `scores` | S = Q K^T |
    | `scale` | S * c, where the scale cannot be fused into the exponential |
    | `mask` | S, -inf where invisible |
    | `rowmax` | maximum of each row of S |
    | `stat` | new m, l * alpha, alpha = 2^(m - m'), the subtrahend of S |
    | `exp` | P = 2^(c*S - m'), l += row sums |
    | `rescale` | O * alpha |
    | `output` | O += P V |

    Before:
    ```mlir
    func.func private @attention_kernel(...)
        attributes {ringattn.kernel, ringattn.tiles = #tiles} {
      ringattn.online_attention ...
    ```
    After:
    ```mlir
      scf.forall (%b, %h, %t) in (%batch, %heads, %tiles) {
        %q = ringattn.load_tile %Q[%i] : ... -> tensor<48x64xf32>
        %r:3 = scf.for %j = %c0 to %nk step %c128 iter_args(...) {
          %s = linalg.contract {ringattn.role = "scores"} ...
    ```

    Requires `ringattn.tiles` (written by `ringattn-plan-cpu-tiles`). Should run
    before the passes of a target.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::ringattn::RingAttnDialect"
  ];
}

def ScheduleTilesPass : Pass<"ringattn-schedule-tiles", "::mlir::func::FuncOp"> {
  let summary = "Decides which steps of the key loop overlap";
  let description = [{
    Policy only. Writes `ringattn.schedule = [stage, slot]` (see `TileSchedule`)
    on the ops of the loop over the K/V tiles of a kernel whose plan is
    `pipelined`, unless they have it: S = Q K^T of tile j is issued first, then
    O += P V of tile j - 1, then follows the softmax of tile j, whose arithmetic
    the second product hides (FlashAttention-3, arXiv:2407.08608, section 3.2).

    Before:
    ```mlir
    %s = linalg.contract {ringattn.role = "scores"} ...
    %o = linalg.contract {ringattn.role = "output"} ...
    ```
    After:
    ```mlir
    %s = linalg.contract {ringattn.role = "scores",
                          ringattn.schedule = array<i64: 0, 0>} ...
    %o = linalg.contract {ringattn.role = "output",
                          ringattn.schedule = array<i64: 1, 1>} ...
    ```

    Requires `ringattn-emit-tile-program`. Should run before
    `ringattn-pipeline-tiles`.
  }];
}

def PipelineTilesPass : Pass<"ringattn-pipeline-tiles", "::mlir::func::FuncOp"> {
  let summary = "Applies the schedule of the key loop";
  let description = [{
    Rewrites every loop that is scheduled (upstream's `scf::pipelineForLoop`),
    under a test that it has an iteration. Stages are 0 and 1.

    Before:
    ```mlir
    %r = scf.for %t = %first to %last ... {
      A {ringattn.schedule = array<i64: 0, 0>}
      B {ringattn.schedule = array<i64: 1, 1>}
    ```
    After:
    ```mlir
    %r = scf.if %any {
      A(first)
      scf.for %t = %first to %last - 1 { A(t + 1) B(t) }
      B(last - 1)
    ```

    Requires `ringattn-schedule-tiles`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect"];
}

#endif // RINGATTN_CODEGEN_TILE_PASSES_TD

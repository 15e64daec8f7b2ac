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

#endif // RINGATTN_CODEGEN_TILE_PASSES_TD

//===- Passes.td - From ringptx to nvvm --------------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CONVERSION_RINGPTXTONVVM_PASSES_TD
#define RINGATTN_CONVERSION_RINGPTXTONVVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertRingPTXToNVVMPass : Pass<"convert-ringptx-to-nvvm"> {
  let summary = "Turns ringptx ops into nvvm ops and inline assembly";
  let description = [{
    Products of two matrices in shared memory become `nvvm.wgmma.mma_async`;
    products of a fragment, and waits, become inline assembly whose outputs are
    tied to the accumulators, so that they stay in their registers.

    Before:
    ```mlir
    %s = ringptx.wgmma bf16 %q, %k into %zero : i64, vector<4xf32>
    %r = ringptx.wgmma_wait %s {pending = 0} : vector<4xf32>
    ```
    After:
    ```mlir
    %0 = llvm.mlir.poison : !llvm.struct<(f32, f32, f32, f32)>
    %1 = nvvm.wgmma.mma_async %q, %k, %0, <m = 64, n = 8, k = 16>,
        D[<f32>, <zero>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <col>] : ...
    %2 = llvm.extractvalue %1[0] : !llvm.struct<(f32, f32, f32, f32)>
    ...
    %6 = llvm.inline_asm has_side_effects asm_dialect = att
        "wgmma.wait_group.sync.aligned 0;", "=f,=f,=f,=f,0,1,2,3" %2, ...
    %7 = llvm.extractvalue %6[0] : !llvm.struct<(f32, f32, f32, f32)>
    %8 = llvm.insertelement %7, %poison[%c0 : i32] : vector<4xf32>
    ...
    ```

    Should run after `ringptx-verify` and before `ringattn-split-fragments` and
    `convert-nvvm-to-llvm`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect"];
}

def SplitFragmentsPass : Pass<"ringattn-split-fragments"> {
  let summary = "Splits vectors into what a register holds";
  let description = [{
    A vector of 32-bit or 64-bit elements, or of i1, becomes its elements, one of
    16-bit elements becomes pairs. This goes across blocks: a loop carries a
    fragment in as many arguments as it takes registers. LLVM keeps wide vectors
    in one value, which costs it registers wherever parts of them live for
    different times.

    Loads, stores and ops that are not known to work element by element keep their
    vectors, which are taken apart after them and put together before them.

    Before:
    ```mlir
    %p = llvm.fptrunc %e : vector<4xf32> to vector<4xbf16>
    llvm.br ^loop(%p : vector<4xbf16>)
    ```
    After:
    ```mlir
    %0 = llvm.insertelement %e0, %poison[%c0 : i32] : vector<2xf32>
    %1 = llvm.insertelement %e1, %0[%c1 : i32] : vector<2xf32>
    %2 = llvm.fptrunc %1 : vector<2xf32> to vector<2xbf16>
    ...
    llvm.br ^loop(%2, %5 : vector<2xbf16>, vector<2xbf16>)
    ```

    Requires functions in the LLVM dialect.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // RINGATTN_CONVERSION_RINGPTXTONVVM_PASSES_TD

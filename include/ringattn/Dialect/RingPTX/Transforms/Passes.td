//===- Passes.td - Passes of the ringptx dialect -----------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGPTX_TRANSFORMS_PASSES_TD
#define RINGATTN_DIALECT_RINGPTX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RingPTXVerify : Pass<"ringptx-verify"> {
  let summary = "Proves that products are awaited before they are read";
  let description = [{
    A static check, without a transformation. The result of `ringptx.wgmma`
    stands for registers that the product is still writing, so it may only

    1. become the accumulator of another `ringptx.wgmma`,
    2. be awaited with `ringptx.wgmma_wait`, or
    3. be passed on to a block or a region, or out of it: then the same holds for
       what it is called there,

    and only one of these on every path: a second use would need a copy of the
    registers. ptxas does not complain of either; it waits, or copies, on its own.

    An A fragment in registers is taken by a wait as well, or a vector that it is
    taken from: until then nothing else may be in its registers.

    Whether a wait with `pending` finishes the groups of its operands is not
    checked here, but by the simulator.

    Accepted:
    ```mlir
    %d = scf.for %k = %c0 to %n step %c1 iter_args(%acc = %zero) -> (vector<64xf32>) {
      %next = ringptx.wgmma bf16 %p, %b into %acc {accumulate} : vector<8xbf16>, vector<64xf32>
      scf.yield %next : vector<64xf32>
    }
    %r:2 = ringptx.wgmma_wait %d, %p {pending = 0} : vector<64xf32>, vector<8xbf16>
    ```

    Rejected:
    ```mlir
    %s = ringptx.wgmma bf16 %a, %b into %zero : i64, vector<64xf32>
    ringptx.wgmma_wait {pending = 0}
    %e = ringptx.ex2 %s : vector<64xf32>
    ```

    Works on structured and on unstructured control flow.
  }];
}

#endif // RINGATTN_DIALECT_RINGPTX_TRANSFORMS_PASSES_TD

//===- Passes.td - Passes of the ringcomm dialect ----------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGCOMM_TRANSFORMS_PASSES_TD
#define RINGATTN_DIALECT_RINGCOMM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RingCommVerify : Pass<"ringcomm-verify", "::mlir::ModuleOp"> {
  let summary = "Proves that the exchanges of a program are safe";
  let description = [{
    A static proof, without a transformation, for every function that exchanges:

    1. every token is awaited exactly once on every path;
    2. while an exchange is in flight its receive buffer is neither read nor
       written, its send buffer not written, and neither is freed or handed to
       code of unknown effect;
    3. all ranks execute the same exchanges in the same order, and a constant
       number of active ranks is one of the ring.

    What cannot be proved is an error.

    **Buffers.** A buffer is a whole allocation (`memref.alloc`,
    `memref.alloca`) or memref argument; views count as what they view. Distinct
    allocations and arguments are taken to be distinct: the caller of a function
    that exchanges must not pass overlapping arguments, nor ones that other code
    reaches. An `scf.for` that contains exchanges must carry distinct buffers
    and yield distinct buffers of those it carries or of outside: two slots that
    swap, or rotate. Tokens may be carried as well: the exchange in flight must
    then be on the same carried buffers in every iteration. Both branches of an
    `scf.if` leave the same exchanges in flight. `ringrt.span` is transparent;
    exchanges inside other ops with regions, in functions of several blocks, or
    in functions whose name is used, are errors; what `ringattn-emit-entries`
    makes is the one caller that a function may have. Calls and `ringrt.parallel_for`
    touch what the body of the callee touches; an access inside an op with
    regions that may run it at another time or place (`async.execute`,
    `gpu.launch`) counts as unknown, and so does an op that turns a buffer into
    something else to reach it by: a tensor, an address, the token of an
    asynchronous copy. `ringrt.address` and `ringrt.tensor_map` do what they
    declare if only launches use their result, in the same block and with no
    exchange or wait between. A buffer that unknown code may have kept, or that
    was freed, must not be exchanged later, in this iteration of a loop or in
    another.

    **Ranks.** The conditions and bounds of every `scf.if` and `scf.for` around
    an exchange, and its `active`, must be the same on all ranks: constants,
    index arguments of the function (the global sizes), `ringcomm.size`,
    `shard.grid_shape`, static dimensions, the dimensions that an argument lists
    in `ringattn.uniform_dims`, and arithmetic, `ringattn.shard_length`,
    `scf.for` and `scf.if` on these. Never the rank, a source, a load, or the
    size of a shard. The buffers' sizes may depend on the rank.

    Accepted:
    ```mlir
    func.func @ring(%a: memref<8xf32> {...}, %hops: index) {
      ...
      scf.for %h = %c0 to %hops step %c1
          iter_args(%cur = %slot0, %next = %slot1) -> (...) {
        %t = ringcomm.shift_start %cur to %next of %p step 1 on @ring [0] : ...
        linalg.copy ins(%cur : memref<8xf32>) outs(%a : memref<8xf32>)
        ringcomm.wait %t
        scf.yield %next, %cur : memref<8xf32>, memref<8xf32>
      }
    ```

    Rejected, since `%cur` is overwritten while it is sent:
    ```mlir
        %t = ringcomm.shift_start %cur to %next of %p step 1 on @ring [0] : ...
        linalg.fill ins(%zero : f32) outs(%cur : memref<8xf32>)
        ringcomm.wait %t
    ```

    Requires: memrefs, structured control flow. Runs after the ring is scheduled
    and again last before the runtime lowering.
  }];
}

#endif // RINGATTN_DIALECT_RINGCOMM_TRANSFORMS_PASSES_TD

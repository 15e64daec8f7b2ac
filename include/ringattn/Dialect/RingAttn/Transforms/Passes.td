//===- Passes.td - From global attention to a ring loop ----*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_TRANSFORMS_PASSES_TD
#define RINGATTN_DIALECT_RINGATTN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RecordProgramPass : Pass<"ringattn-record-program", "::mlir::ModuleOp"> {
  let summary = "Keeps the global program beside what it is lowered to";
  let description = [{
    Serialises the module to bytecode and attaches it as the module attribute
    `ringattn.program`, so that the compiled package can be checked against its
    own source. In a global program an attribute that is already there is
    replaced, as the program may have been edited since; a module whose entries
    are lowered keeps what it has.

    Before:
    ```mlir
    module {
      func.func @main(...) { %o = ringattn.attention ... }
    }
    ```
    After:
    ```mlir
    module attributes {
        ringattn.program = dense_resource<ringattn_program> : tensor<373xi8>} {
      func.func @main(...) { %o = ringattn.attention ... }
    }
    {-# dialect_resources: { builtin: { ringattn_program: "0x08..." } } #-}
    ```

    Errors: programs at phase tile or llvm, where lowering cannot start.

    Should run first.
  }];
}

def PartitionPass : Pass<"ringattn-partition", "::mlir::ModuleOp"> {
  let summary = "Turns a global program into the program of one rank (SPMD)";
  let description = [{
    Propagates the sequence shardings of `ringattn.attention` through the ops
    around it that are independent along the sequence, gives every sharded
    tensor the type of its local shard, and replaces each attention by
    `ringattn.ring_attention`. Positions are spread by the layout, so no op ever
    sees padding.

    Every public function is an entry. Its arguments become: the local shards of
    its arguments, a memref for each result to be written to, and one index for each dynamic
    dimension of the *global* argument types, in order. The attribute
    `ringattn.entry` keeps the global signature. What nothing but the return
    reads, through ops that bufferize in place, is computed in the memory of the
    result; everything else gets a tensor of its own.

    Before:
    ```mlir
    shard.grid @ring(shape = 4)
    func.func @main(%q: tensor<1x2x?x64xf32>, %k: tensor<1x2x?x64xf32>,
                    %v: tensor<1x2x?x64xf32>) -> tensor<1x2x?x64xf32> {
      %o = ringattn.attention %q, %k, %v {
          sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : ...
      return %o : tensor<1x2x?x64xf32>
    }
    ```
    After:
    ```mlir
    func.func @main(%q: tensor<1x2x?x64xf32>, %k: ..., %v: ...,
                    %out: memref<1x2x?x64xf32>, %sq: index, %sk: index,
                    %sv: index) {
      %init = bufferization.to_tensor %out restrict writable : ...
      %o = ringattn.ring_attention ins(%q, %k, %v : ...) outs(%init : ...)
             global(%sq, %sk) {...} -> tensor<1x2x?x64xf32>
      bufferization.materialize_in_destination %o in restrict writable %out
      return
    }
    ```

    Requires calls to be inlined. Errors: two grids in one module, two shardings
    that meet, an unsharded attention beside sharded ones in one entry, and ops on
    sharded tensors that are not independent along the sequence.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect",
    "::ringattn::RingAttnDialect", "::ringattn::ringcomm::RingCommDialect"];
}

def FreeTemporariesPass : Pass<"ringattn-free-temporaries", "::mlir::func::FuncOp"> {
  let summary = "Frees the buffers between the ops of an entry after their last use";
  let description = [{
    Upstream's ownership-based deallocation, and each deallocation moved up to
    the last use, so that a rank's peak does not grow with the number of ops.
    Functions that are no entry, or that free a buffer already, are left alone.

    Before:
    ```mlir
    %a = memref.alloc() : memref<1x2x8x4xf32>
    ringattn.ring_attention ins(%q, %k, %v : ...) outs(%a : ...) ...
    ringattn.ring_attention ins(%a, %k, %v : ...) outs(%out : ...) ...
    ringattn.ring_attention ins(%q, %k, %v : ...) outs(%out2 : ...) ...
    return
    ```
    After:
    ```mlir
    %a = memref.alloc() : memref<1x2x8x4xf32>
    ringattn.ring_attention ins(%q, %k, %v : ...) outs(%a : ...) ...
    ringattn.ring_attention ins(%a, %k, %v : ...) outs(%out : ...) ...
    memref.dealloc %a : memref<1x2x8x4xf32>
    ringattn.ring_attention ins(%q, %k, %v : ...) outs(%out2 : ...) ...
    return
    ```

    Requires bufferization. Must run before `ringattn-form-ring`: the slots of a
    ring, which may be in flight, are freed by the code that allocates them.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def FormRingPass : Pass<"ringattn-form-ring", "::mlir::func::FuncOp"> {
  let summary = "Expands ring_attention on memrefs into the ring loop";
  let description = [{
    The loop in its plainest correct form: hop 0 packs the rank's own K and V
    into slot 0; every hop computes with the block it holds, then exchanges it
    for the next one; two slots swap roles through the loop's iteration
    arguments. After the last hop the accumulators are normalised.

    Before:
    ```mlir
    ringattn.ring_attention ins(%q, %k, %v : ...) outs(%o : ...) global(%sq, %sk)
    ```
    After:
    ```mlir
    %loop:2 = scf.for %hop = %c0 to %active step %c1
        iter_args(%cur = %slot0, %next = %slot1) -> (...) {
      %src = ringcomm.source %rank, %hop of %active step 1
      %n = ringattn.shard_length %sk, %p, %src {...}
      ringattn.online_attention ins(%q, %key, %value : ...) outs(%acc, ...) ...
      scf.if %more {
        %t = ringcomm.shift_start %send to %receive of %active step 1 on @ring [0]
        ringcomm.wait %t
      }
      scf.yield %next, %cur
    } {ringattn.ring}
    ringattn.finalize ins(%acc, %max, %sum : ...) outs(%o : ...)
    ```

    `active` is the number of ranks that own any query or key; the others
    exchange nothing. A ring of one rank has no loop.

    Requires bufferization. Should run before `ringattn-plan-ring`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::ringattn::ringcomm::RingCommDialect"];
}

def PlanRingPass : Pass<"ringattn-plan-ring", "::mlir::func::FuncOp"> {
  let summary = "Decides how each ring loop is scheduled";
  let description = [{
    Policy: attaches `ringattn.schedule` to the loops of `ringattn-form-ring`
    that have none, from the mask's band and the layout. A person may write or
    edit the attribute before `ringattn-schedule-ring`.

    | mask, layout | chains |
    |---|---|
    | an unbounded extent | all |
    | only keys before the query (not zigzag) | previous |
    | only keys after the query (not zigzag) | next |
    | a window on both sides, or any window with zigzag | both |

    Before, for a causal mask:
    ```mlir
    %last:2 = scf.for %hop = %c0 to %c4 step %c1
        iter_args(%cur = %slot0, %next = %slot1) -> (...) {
      ...
    } {ringattn.ring}
    ```
    After:
    ```mlir
    %last:2 = scf.for %hop = %c0 to %c4 step %c1
        iter_args(%cur = %slot0, %next = %slot1) -> (...) {
      ...
    } {ringattn.ring, ringattn.schedule = #ringattn.ring_schedule<chains = all>}
    ```

    Requires `ringattn-form-ring`. Should run before `ringattn-schedule-ring`.
  }];
  let options = [
    Option<"overlap", "overlap", "bool", /*default=*/"true",
           "post each exchange before the compute that hides it">
  ];
}

def ScheduleRingPass : Pass<"ringattn-schedule-ring", "::mlir::func::FuncOp"> {
  let summary = "Overlaps the exchanges of a ring loop with its compute";
  let description = [{
    Mechanism: rebuilds each loop that carries `ringattn.schedule`. The exchange
    is posted before the compute that hides it, the last hop is peeled (so
    nothing is exchanged after the last compute), and hops that the mask makes
    empty on all ranks are gone. Windows on both sides run two chains, towards
    the predecessors and the successors, with a third slot that keeps the own
    block; where their reaches cover the ring, one chain over all of it.

    Before:
    ```mlir
    %last:2 = scf.for %hop = %c0 to %c4 step %c1
        iter_args(%cur = %slot0, %next = %slot1) -> (...) {
      %source = ringcomm.source %rank, %hop of %c4 step 1
      ringattn.online_attention ins(%q, %cur_k, %cur_v : ...) ...
      %hops = arith.addi %hop, %c1 : index
      %more = arith.cmpi slt, %hops, %c4 : index
      scf.if %more {
        %t = ringcomm.shift_start %cur to %next of %c4 step 1 on @ring [0]
        ringcomm.wait %t
      }
      scf.yield %next, %cur
    } {ringattn.ring, ringattn.schedule = #ringattn.ring_schedule<chains = all>}
    ```
    After:
    ```mlir
    %last:2 = scf.for %hop = %c0 to %c3 step %c1
        iter_args(%cur = %slot0, %next = %slot1) -> (...) {
      %t = ringcomm.shift_start %cur to %next of %c4 step 1 on @ring [0]
      %source = ringcomm.source %rank, %hop of %c4 step 1
      ringattn.online_attention ins(%q, %cur_k, %cur_v : ...) ...
      ringcomm.wait %t
      scf.yield %next, %cur
    }
    %source = ringcomm.source %rank, %c3 of %c4 step 1
    ringattn.online_attention ins(%q, %last_k, %last_v : ...) ...
    ```

    Errors: a schedule whose chains do not reach every visible key.

    Requires `ringattn-plan-ring` or attributes written by hand. Should run before
    `ringcomm-verify`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::ringattn::ringcomm::RingCommDialect"];
}

def ExpandIndexOpsPass : Pass<"ringattn-expand-index-ops"> {
  let summary = "Replaces shard_length and ringcomm.source by arithmetic";
  let description = [{
    Before: `%s = ringcomm.source %rank, %hop of %active step 1`

    After:
    ```mlir
    %a = arith.addi %rank, %active : index
    %b = arith.subi %a, %hop : index
    %c = arith.remui %b, %active : index
    %in = arith.cmpi slt, %rank, %active : index
    %s = arith.select %in, %c, %rank : index
    ```

    Requires that `ringcomm-verify` is done, which reads the ops expanded here.
    Should run before the conversions to LLVM.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif // RINGATTN_DIALECT_RINGATTN_TRANSFORMS_PASSES_TD

//===- RingCommOps.td - Exchanges around a ring ------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGCOMM_IR_RINGCOMMOPS_TD
#define RINGATTN_DIALECT_RINGCOMM_IR_RINGCOMMOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def RingComm_Dialect : Dialect {
  let name = "ringcomm";
  let cppNamespace = "::ringattn::ringcomm";
  let summary = "Asynchronous exchanges between neighbours on a ring";
  let description = [{
    The communication level: a rank knows its place in a ring over the axes of a
    device grid (`shard.grid`), starts exchanges of whole buffers with its
    neighbours and awaits them by token. `ringcomm-verify` proves that every
    token is awaited exactly once, that no buffer in flight is touched, and that
    all ranks post the same exchanges in the same order. Other compilers may take
    over here with collectives of their own.
  }];
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerTypes();
  }];
}

def RingComm_Token : TypeDef<RingComm_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "An exchange in flight";
}

class RingComm_Op<string mnemonic, list<Trait> traits = []>
    : Op<RingComm_Dialect, mnemonic, traits>;

/// Ops that name a ring: a grid and the axes, row-major, that form it.
/// The axes exist, are listed once and have no size of 0.
class RingComm_RingOp<string mnemonic, list<Trait> traits = []>
    : RingComm_Op<mnemonic,
        traits # [DeclareOpInterfaceMethods<SymbolUserOpInterface>]>;

def RingComm_RankOp : RingComm_RingOp<"rank", [Pure]> {
  let summary = "This device's index in the ring";
  let description = [{
    Between 0 and the ring's size - 1; row-major over the listed axes.

    Example: `%r = ringcomm.rank @ring [0]`
  }];
  let arguments = (ins FlatSymbolRefAttr:$grid, DenseI64ArrayAttr:$axes);
  let results = (outs Index:$rank);
  let assemblyFormat = "$grid $axes attr-dict";
}

def RingComm_SizeOp : RingComm_RingOp<"size", [Pure]> {
  let summary = "Number of devices in the ring";
  let description = [{
    Folds to a constant when the grid's sizes along the axes are static (by the
    canonicalisation pattern, which looks the grid up).

    Example: `%p = ringcomm.size @ring [0]`
  }];
  let arguments = (ins FlatSymbolRefAttr:$grid, DenseI64ArrayAttr:$axes);
  let results = (outs Index:$size);
  let assemblyFormat = "$grid $axes attr-dict";
  let hasCanonicalizer = 1;
}

def RingComm_SourceOp : RingComm_Op<"source", [Pure]> {
  let summary = "Whose block a rank holds after some hops";
  let description = [{
    `(rank - step * hop) mod active` on ranks below `active`, and `rank` itself on
    the others: the rank whose block this rank holds once the blocks have moved
    `hop` times by `step`.

    Example: `%src = ringcomm.source %rank, %hop of %active step -1`

    **Constraints:** step is 1 or -1; 0 <= hop <= active.
  }];
  let arguments = (ins Index:$rank, Index:$hop, Index:$active,
                       I64Attr:$step);
  let results = (outs Index:$source);
  let assemblyFormat =
    "$rank `,` $hop `of` $active `step` $step attr-dict";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def RingComm_ShiftStartOp : RingComm_RingOp<"shift_start"> {
  let summary = "Starts sending one buffer to, and receiving one from, a neighbour";
  let description = [{
    Every rank below `active` sends `send` to rank `(r + step) mod active` and
    receives into `receive` from rank `(r - step) mod active`; on the other ranks
    nothing is exchanged. Until the token is awaited, `send` must not be written
    and `receive` neither read nor written. All ranks of the ring execute the
    same exchanges in the same order.

    Buffers are contiguous, of rank 1; the receiver's size equals the sender's.

    Example:
    ```mlir
    %t = ringcomm.shift_start %cur to %next of %active step 1 on @ring [0]
           : memref<?xf32> to memref<?xf32>
    ```

    **Constraints:** step is 1 or -1; both buffers have one element type, and one
    size where both are static; 0 <= active <= the ring's size.
  }];
  let arguments = (ins
    Arg<AnyMemRef, "sent", [MemRead]>:$send,
    Arg<AnyMemRef, "received", [MemWrite]>:$receive,
    Index:$active,
    I64Attr:$step,
    FlatSymbolRefAttr:$grid,
    DenseI64ArrayAttr:$axes);
  let results = (outs RingComm_Token:$token);
  let assemblyFormat = [{
    $send `to` $receive `of` $active `step` $step `on` $grid $axes attr-dict
    `:` type($send) `to` type($receive)
  }];
  let hasVerifier = 1;
}

def RingComm_WaitOp : RingComm_Op<"wait", [
    MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Blocks until an exchange is complete";
  let description = [{
    After it both buffers of the exchange may be used again. A token is awaited
    exactly once on every path.

    Example: `ringcomm.wait %t`
  }];
  let arguments = (ins RingComm_Token:$token);
  let assemblyFormat = "$token attr-dict";
}

#endif // RINGATTN_DIALECT_RINGCOMM_IR_RINGCOMMOPS_TD

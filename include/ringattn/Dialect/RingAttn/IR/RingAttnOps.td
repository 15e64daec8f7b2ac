//===- RingAttnOps.td - Attention, ring and kernel ops -----*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_IR_RINGATTNOPS_TD
#define RINGATTN_DIALECT_RINGATTN_IR_RINGATTNOPS_TD

include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "ringattn/Dialect/RingAttn/IR/RingAttnAttrs.td"

class RingAttn_Op<string mnemonic, list<Trait> traits = []>
    : Op<RingAttn_Dialect, mnemonic, traits>;

def RingAttn_Storage : AnyTypeOf<[F64, F32, F16, BF16]>;
def RingAttn_Accumulator : AnyTypeOf<[F64, F32]>;
def RingAttn_Tensor4D : RankedTensorOf<[RingAttn_Storage]>;
def RingAttn_Tensor3D : RankedTensorOf<[RingAttn_Accumulator]>;
def RingAttn_Shaped4D : AnyTypeOf<[
  TensorRankOf<[RingAttn_Storage], [4]>, MemRefRankOf<[RingAttn_Storage], [4]>]>;
def RingAttn_Shaped3D : AnyTypeOf<[
  TensorRankOf<[RingAttn_Accumulator], [3]>,
  MemRefRankOf<[RingAttn_Accumulator], [3]>]>;

//===----------------------------------------------------------------------===//
// Global program
//===----------------------------------------------------------------------===//

def RingAttn_AttentionOp : RingAttn_Op<"attention", [
    Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
      ["reifyResultShapes"]>]> {
  let summary = "Attention on global tensors, with a mask and a sharding";
  let description = [{
    For query row i of head h, with `hk = h / (Hq/Hkv)`:

        s_ij = scale * <Q[b,h,i,:], K[b,hk,j,:]>     (-inf where masked)
        O[b,h,i,:] = sum_j softmax_j(s_i)_j * V[b,hk,j,:]
        LSE[b,h,i] = log sum_j exp(s_ij)              (natural logarithm)

    | operand | shape | |
    |---|---|---|
    | query | B x Hq x Sq x D | f64, f32, f16 or bf16 |
    | key | B x Hkv x Sk x D | the same type |
    | value | B x Hkv x Sk x Dv | the same type |
    | output | B x Hq x Sq x Dv | the same type |
    | lse (optional) | B x Hq x Sq | f32; f64 for f64 |

    Positions in masks are global token positions. A row without a visible key
    has `O = 0` and `LSE = -inf`. Sums are accumulated in f32 (f64 for f64) over
    the whole sequence, however it is sharded.

    `mask` defaults to `#ringattn.full`, `scale` to `1/sqrt(D)`; without
    `sharding` one device computes everything.

    Example:
    ```mlir
    %o = ringattn.attention %q, %k, %v {
        mask = #ringattn.causal,
        sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
      : (tensor<1x8x4096x64xf32>, tensor<1x2x4096x64xf32>,
         tensor<1x2x4096x64xf32>) -> tensor<1x8x4096x64xf32>
    ```

    **Constraints:**
    - Hq is a multiple of Hkv; B, Sk, Hkv of key and value, D of query and key,
      and the output's sizes agree where static; no size is 0, and no tensor has
      2^63 bytes or more.
    - Masks that compare positions need Sq = Sk.
    - `log2(e) * scale` is finite in the type of the accumulators.
    - `query_offset` is a reserved attribute name.
    - Other attributes have the prefix of another dialect.
  }];
  let arguments = (ins
    RingAttn_Tensor4D:$query,
    RingAttn_Tensor4D:$key,
    RingAttn_Tensor4D:$value,
    RingAttn_DefaultFullMask:$mask,
    OptionalAttr<RingAttn_AnyFloat>:$scale,
    OptionalAttr<RingAttn_AnySharding>:$sharding);
  let results = (outs
    RingAttn_Tensor4D:$output,
    Optional<RingAttn_Tensor3D>:$lse);
  let assemblyFormat = [{
    $query `,` $key `,` $value attr-dict
    `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// The factor of the scores: `scale`, or 1/sqrt(D). Fails on a dynamic D.
    double getScaleOrDefault();
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// SPMD program
//===----------------------------------------------------------------------===//

def RingAttn_RingAttentionOp : RingAttn_Op<"ring_attention", [
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "One rank's part of a sharded attention, on local shards";
  let description = [{
    Computes the rows of `ringattn.attention` whose queries this rank owns. All
    ranks of the ring execute it together: it communicates, so it is not pure.
    Destination style, on tensors before and on memrefs after bufferization.

    | operand | shape |
    |---|---|
    | query | B x Hq x nq x D, nq the rank's share of seq_q |
    | key, value | B x Hkv x nk x D (Dv), nk the rank's share of seq_k |
    | output | B x Hq x nq x Dv |
    | lse (optional) | B x Hq x nq |
    | seq_q, seq_k | the global Sq and Sk, the same on all ranks |

    Head counts and head sizes are static and at least 1. Without `sharding` the ring has one rank.

    Example:
    ```mlir
    ringattn.ring_attention ins(%q, %k, %v : memref<1x8x1024x64xf32>,
        memref<1x2x1024x64xf32>, memref<1x2x1024x64xf32>)
      outs(%o : memref<1x8x1024x64xf32>) global(%s, %s)
      {mask = #ringattn.causal, scale = 1.250000e-01 : f64,
       sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    ```
  }];
  let arguments = (ins
    RingAttn_Shaped4D:$query,
    RingAttn_Shaped4D:$key,
    RingAttn_Shaped4D:$value,
    RingAttn_Shaped4D:$output,
    Optional<RingAttn_Shaped3D>:$lse,
    Index:$seq_q,
    Index:$seq_k,
    RingAttn_AnyMask:$mask,
    RingAttn_AnyFloat:$scale,
    OptionalAttr<RingAttn_AnySharding>:$sharding);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
    type($value) `)` `outs` `(` $output (`,` $lse^)? `:` type($output)
    (`,` type($lse)^)? `)` `global` `(` $seq_q `,` $seq_k `)` attr-dict
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
    ::ringattn::SequenceLayoutAttrInterface getLayout();
  }];
  let hasVerifier = 1;
}

def RingAttn_ShardLengthOp : RingAttn_Op<"shard_length", [Pure]> {
  let summary = "Number of positions of a sequence that a rank owns";
  let description = [{
    `n_r` of `docs/Layouts.md` for a sequence of `size` tokens on `ranks` ranks.

    Example:
    ```mlir
    %n = ringattn.shard_length %size, %ranks, %rank
           {layout = #ringattn.striped<granularity = 1>}
    ```
  }];
  let arguments = (ins Index:$size, Index:$ranks, Index:$rank,
                       RingAttn_AnyLayout:$layout);
  let results = (outs Index:$length);
  let assemblyFormat = "$size `,` $ranks `,` $rank attr-dict";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Ring loop
//===----------------------------------------------------------------------===//

def RingAttn_OnlineAttentionOp : RingAttn_Op<"online_attention", [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Adds one K/V block to the accumulators of the local queries";
  let description = [{
    One step of the online softmax. For every query row, with the block's visible
    keys j (base-2 scores `t_j = log2(e) * scale * <q, k_j>`, -inf where masked):

        m' = max(m, max_j t_j)
        l' = l * 2^(m - m') + sum_j 2^(t_j - m')
        O' = O * 2^(m - m') + sum_j 2^(t_j - m') * V_j

    A row without a visible key keeps its state. The initial state is
    `m = -inf, l = 0, O = 0`.

    | operand | shape | |
    |---|---|---|
    | query | B x Hq x nq x D | storage type, any strides |
    | key, value | B x Hkv x nk x D (Dv) | storage type, any strides |
    | acc | B x Hq x nq x Dv | f32 (f64 for f64) |
    | max, sum | B x Hq x nq | f32 (f64 for f64) |
    | query_rank, key_rank | whose positions the queries and keys have |
    | seq_q, seq_k, ranks | global Sq, Sk and the ring's size |

    The layout maps local indices to global positions. nq and nk may be 0; head
    counts and head sizes are static and at least 1. `hop` counts the hops of a
    ring from 0. With `starts_empty` the accumulators are not read at hop 0: they
    have the initial state. Otherwise `hop` is carried for observation only.

    A step that finishes does what `ringattn.finalize` would do after it, and
    writes its output and lse instead of the accumulators, which are undefined
    then.
  }];
  let arguments = (ins
    MemRefRankOf<[RingAttn_Storage], [4]>:$query,
    MemRefRankOf<[RingAttn_Storage], [4]>:$key,
    MemRefRankOf<[RingAttn_Storage], [4]>:$value,
    MemRefRankOf<[RingAttn_Accumulator], [4]>:$acc,
    MemRefRankOf<[RingAttn_Accumulator], [3]>:$max,
    MemRefRankOf<[RingAttn_Accumulator], [3]>:$sum,
    Index:$query_rank, Index:$key_rank,
    Index:$seq_q, Index:$seq_k, Index:$ranks, Index:$hop,
    Optional<MemRefRankOf<[RingAttn_Storage], [4]>>:$output,
    Optional<MemRefRankOf<[RingAttn_Accumulator], [3]>>:$lse,
    RingAttn_AnyMask:$mask,
    RingAttn_AnyFloat:$scale,
    RingAttn_AnyLayout:$layout,
    UnitAttr:$starts_empty);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
    type($value) `)` `outs` `(` $acc `,` $max `,` $sum `:` type($acc) `,`
    type($max) `,` type($sum) `)` `at` `(` $query_rank `,` $key_rank `of` $ranks
    `)` `global` `(` $seq_q `,` $seq_k `)` `hop` `(` $hop `)`
    (`finish` `(` $output^ `:` type($output) `)`)?
    (`lse` `(` $lse^ `:` type($lse) `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def RingAttn_FinalizeOp : RingAttn_Op<"finalize", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Normalises the accumulators after the last hop";
  let description = [{
    `output = acc / sum` rounded once to the storage type, and
    `lse = ln(2) * (max + log2(sum))`. Rows with `sum = 0` (no visible key) yield
    `output = 0` and `lse = -inf`.

    Shapes as in `ringattn.online_attention`; output is B x Hq x nq x Dv of the
    storage type, lse B x Hq x nq of the accumulator's.
  }];
  let arguments = (ins
    MemRefRankOf<[RingAttn_Accumulator], [4]>:$acc,
    MemRefRankOf<[RingAttn_Accumulator], [3]>:$max,
    MemRefRankOf<[RingAttn_Accumulator], [3]>:$sum,
    MemRefRankOf<[RingAttn_Storage], [4]>:$output,
    Optional<MemRefRankOf<[RingAttn_Accumulator], [3]>>:$lse);
  let assemblyFormat = [{
    `ins` `(` $acc `,` $max `,` $sum `:` type($acc) `,` type($max) `,`
    type($sum) `)` `outs` `(` $output (`,` $lse^)? `:` type($output)
    (`,` type($lse)^)? `)` attr-dict
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Tile program
//===----------------------------------------------------------------------===//

def RingAttn_LoadTileOp : RingAttn_Op<"load_tile", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Reads a static tile; what lies outside the source reads as zero";
  let description = [{
    Reads the tile of `source` (rows x cols, or rows) that starts at row `row`
    and column 0. Elements past the source's sizes are zero, in both dimensions.
    A tile of tf32 holds what is read rounded to nearest, ties away from zero.

    Example:
    ```mlir
    %q = ringattn.load_tile %Q[%row]
           : memref<?x80xf32, strided<[80, 1], offset: ?>> -> tensor<64x80xf32>
    ```

    **Constraints:** source and result have the same element type, or f32 and tf32,
    and rank 1 or 2; the result is static.
  }];
  let arguments = (ins AnyRankedOrUnrankedMemRef:$source, Index:$row);
  let results = (outs AnyStaticShapeTensor:$tile);
  let assemblyFormat =
    "$source `[` $row `]` attr-dict `:` type($source) `->` type($tile)";
  let hasVerifier = 1;
}

def RingAttn_StoreTileOp : RingAttn_Op<"store_tile", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Writes a static tile; what lies outside the target is dropped";
  let description = [{
    The reverse of `ringattn.load_tile`: writes the elements of `tile` that lie
    within `target`, from row `row` and column 0.
  }];
  let arguments = (ins AnyStaticShapeTensor:$tile,
                       AnyRankedOrUnrankedMemRef:$target, Index:$row);
  let assemblyFormat =
    "$tile `,` $target `[` $row `]` attr-dict `:` type($tile) `,` type($target)";
  let hasVerifier = 1;
}

#endif // RINGATTN_DIALECT_RINGATTN_IR_RINGATTNOPS_TD

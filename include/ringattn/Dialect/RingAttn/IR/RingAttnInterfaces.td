//===- RingAttnInterfaces.td - Layouts and masks -----------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_IR_RINGATTNINTERFACES_TD
#define RINGATTN_DIALECT_RINGATTN_IR_RINGATTNINTERFACES_TD

include "mlir/IR/OpBase.td"

def RingAttn_SequenceLayoutAttrInterface
    : AttrInterface<"SequenceLayoutAttrInterface"> {
  let cppNamespace = "::ringattn";
  let description = [{
    Where a global token lives: a bijection between the global positions
    `0..S-1` and pairs (rank, local index) for `P` ranks.

    **Constraints:** local indices of a rank are `0..n_r-1` without gaps; the
    global position increases with the local index; the ranks that own any
    position are `0..A-1`. Sizes and positions are counted in tokens.

    Every map exists twice, on integers and as IR (index arithmetic on
    non-negative values, folded where the operands are constants); both come
    from one definition.
  }];
  let methods = [
    InterfaceMethod<"Number of positions below `size` that `rank` owns.",
      "int64_t", "getShardLength",
      (ins "int64_t":$size, "int64_t":$ranks, "int64_t":$rank)>,
    InterfaceMethod<"Global position of local index `local` on `rank`.",
      "int64_t", "getPosition",
      (ins "int64_t":$size, "int64_t":$ranks, "int64_t":$rank,
           "int64_t":$local)>,
    InterfaceMethod<"The largest shard length over all ranks.",
      "int64_t", "getMaxShardLength", (ins "int64_t":$size, "int64_t":$ranks)>,
    InterfaceMethod<"Number of ranks that own any position.",
      "int64_t", "getNumActiveRanks",
      (ins "int64_t":$size, "int64_t":$ranks)>,
    InterfaceMethod<[{
        Whether all ranks own the same number of positions, provably, for the
        given (possibly dynamic) sizes.
      }], "bool", "isEven", (ins "int64_t":$size, "int64_t":$ranks)>,
    InterfaceMethod<[{
        Whether neighbours in position are neighbours in one direction of the
        ring: the position after one of rank r is on rank r or r+1 (mod P). Then
        keys to the left of a query are with predecessors only, and keys to its
        right with successors only, as far as the reach goes.
      }], "bool", "followsRing", (ins)>,
    InterfaceMethod<"`getShardLength` as IR.", "::mlir::Value",
      "emitShardLength",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$size, "::mlir::Value":$ranks,
           "::mlir::Value":$rank)>,
    InterfaceMethod<"`getPosition` as IR.", "::mlir::Value", "emitPosition",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$size, "::mlir::Value":$ranks,
           "::mlir::Value":$rank, "::mlir::Value":$local)>,
    InterfaceMethod<"`getMaxShardLength` as IR.", "::mlir::Value",
      "emitMaxShardLength",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$size, "::mlir::Value":$ranks)>,
    InterfaceMethod<"`getNumActiveRanks` as IR.", "::mlir::Value",
      "emitNumActiveRanks",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$size, "::mlir::Value":$ranks)>,
    InterfaceMethod<[{
        How far around the ring of `active` ranks a band mask reaches: the
        number of K/V blocks of predecessors (ranks r-1, r-2, ...) and of
        successors (r+1, ...) that hold a key with `i - left <= j <= i + right`
        for some query i of some rank r. An absent extent is unbounded. Neither
        number exceeds `active - 1`; both may be upper bounds.
      }], "::ringattn::RingReach", "emitReach",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$size, "::mlir::Value":$ranks,
           "::mlir::Value":$active, "std::optional<int64_t>":$left,
           "std::optional<int64_t>":$right)>
  ];
}

def RingAttn_MaskAttrInterface : AttrInterface<"MaskAttrInterface"> {
  let cppNamespace = "::ringattn";
  let description = [{
    Which keys a query sees, as a predicate over global positions (i of the
    query, j of the key), whatever the layout. A masked score becomes -inf.
  }];
  let methods = [
    InterfaceMethod<"Whether every key is visible to every query.",
      "bool", "isFull", (ins)>,
    InterfaceMethod<[{
        Whether the predicate compares positions of queries and keys, so that it
        needs queries and keys of one sequence (Sq = Sk).
      }], "bool", "requiresSameSequence", (ins)>,
    InterfaceMethod<[{
        A band `i - left <= j <= i + right` outside of which nothing is visible;
        an absent extent is unbounded.
      }], "::ringattn::MaskBand", "getBand", (ins)>,
    InterfaceMethod<"Number of keys below `numKeys` that query `i` sees.",
      "int64_t", "countVisible", (ins "int64_t":$i, "int64_t":$numKeys)>,
    InterfaceMethod<[{
        Whether query position `i` sees key position `j`: scalars of one integer
        or index type; the result is an i1.
      }], "::mlir::Value", "emitIsVisible",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$i, "::mlir::Value":$j)>,
    InterfaceMethod<[{
        What of the rectangle of query positions within [qLow, qHigh] and key
        positions within [kLow, kHigh] (both inclusive, index values) is visible:
        nothing, everything, or, always a correct answer, perhaps a part.
      }], "::ringattn::TileVisibilityValue", "emitClassify",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$qLow, "::mlir::Value":$qHigh,
           "::mlir::Value":$kLow, "::mlir::Value":$kHigh)>
  ];
}

#endif // RINGATTN_DIALECT_RINGATTN_IR_RINGATTNINTERFACES_TD

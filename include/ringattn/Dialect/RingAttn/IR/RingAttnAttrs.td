//===- RingAttnAttrs.td - Layouts, masks, shardings --------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_IR_RINGATTNATTRS_TD
#define RINGATTN_DIALECT_RINGATTN_IR_RINGATTNATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "ringattn/Dialect/RingAttn/IR/RingAttnDialect.td"
include "ringattn/Dialect/RingAttn/IR/RingAttnInterfaces.td"

class RingAttn_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<RingAttn_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

class RingAttn_LayoutAttr<string name, string attrMnemonic>
    : RingAttn_Attr<name, attrMnemonic, [
        DeclareAttrInterfaceMethods<RingAttn_SequenceLayoutAttrInterface>]>;

def RingAttn_ContiguousAttr : RingAttn_LayoutAttr<"Contiguous", "contiguous"> {
  let summary = "Rank r owns one slice of the sequence";
  let description = [{
    With `L = ceil(S/P)`, local index i of rank r is global position `r*L + i`.

    For full masks and windows. A causal mask leaves rank 0 with the least and
    rank P-1 with the most work.
  }];
}

def RingAttn_StripedAttr : RingAttn_LayoutAttr<"Striped", "striped"> {
  let summary = "Blocks of `granularity` tokens dealt to the ranks in turn";
  let description = [{
    Block-cyclic: local index i of rank r is global position
    `((i/g)*P + r)*g + i%g` for granularity g. `g = 1` is Striped Attention
    (Brandon et al., 2023): under a causal mask every rank has the same work at
    every hop, up to g tokens.

    Example: `#ringattn.striped<granularity = 64>`

    **Constraints:** granularity is at least 1.
  }];
  let parameters = (ins "int64_t":$granularity);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def RingAttn_ZigzagAttr : RingAttn_LayoutAttr<"Zigzag", "zigzag"> {
  let summary = "Rank r owns the r-th chunk from the front and from the back";
  let description = [{
    The sequence is cut into 2P chunks of `C = ceil(S/2P)` tokens; rank r owns
    chunk r, then chunk 2P-1-r. Under a causal mask a rank's work over all hops
    is the same for all ranks, and each half is contiguous.
  }];
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

class RingAttn_MaskAttr<string name, string attrMnemonic>
    : RingAttn_Attr<name, attrMnemonic, [
        DeclareAttrInterfaceMethods<RingAttn_MaskAttrInterface>]>;

def RingAttn_FullAttr : RingAttn_MaskAttr<"Full", "full"> {
  let summary = "Every query sees every key";
  let description = [{
    The only mask that allows Sq != Sk.
  }];
}

def RingAttn_CausalAttr : RingAttn_MaskAttr<"Causal", "causal"> {
  let summary = "A query sees the keys at its own position and before";
  let description = [{
    Query i sees key j iff `j <= i`.

    | | j = 0 | 1 | 2 |
    |---|---|---|---|
    | i = 0 | yes | no | no |
    | i = 1 | yes | yes | no |
    | i = 2 | yes | yes | yes |

    **Constraints:** Sq = Sk.
  }];
}

def RingAttn_SlidingWindowAttr
    : RingAttn_MaskAttr<"SlidingWindow", "sliding_window"> {
  let summary = "A query sees the keys at most left before and right after it";
  let description = [{
    Query i sees key j iff `i - left <= j <= i + right`; an omitted extent is
    unbounded. `#ringattn.sliding_window<right = 0>` is the causal mask. With
    `left = 1, right = 0`:

    | | j = 0 | 1 | 2 |
    |---|---|---|---|
    | i = 0 | yes | no | no |
    | i = 1 | yes | yes | no |
    | i = 2 | no | yes | yes |

    Example: `#ringattn.sliding_window<left = 4095, right = 0>`

    **Constraints:** extents are at least 0; Sq = Sk.
  }];
  let parameters = (ins
    OptionalParameter<"std::optional<int64_t>">:$left,
    OptionalParameter<"std::optional<int64_t>">:$right);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Shardings
//===----------------------------------------------------------------------===//

def RingAttn_SeqShardingAttr : RingAttn_Attr<"SeqSharding", "seq_sharding"> {
  let summary = "How the sequence dimension is spread over a device grid";
  let description = [{
    Names a `shard.grid`, the grid axes whose devices form the ring (row-major
    over the listed axes; the tensor is replicated along the others), and the
    layout of the sequence over that ring.

    Example:
    ```mlir
    #ringattn.seq_sharding<@ring, axes = [0],
                           layout = #ringattn.striped<granularity = 1>>
    ```

    **Constraints:** axes is not empty, has no duplicates and no negative axis
    (verified here); the grid exists, has these axes and no size of 0 (verified
    by the ops that carry the attribute).
  }];
  let parameters = (ins
    "::mlir::FlatSymbolRefAttr":$grid,
    ArrayRefParameter<"int64_t">:$axes,
    DefaultValuedParameter<"::ringattn::SequenceLayoutAttrInterface",
      "::llvm::cast<::ringattn::SequenceLayoutAttrInterface>("
      "::ringattn::ContiguousAttr::get($_ctxt))">:$layout);
  // By hand, for messages that say what was read.
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

def RingAttn_RingChains : I32EnumAttr<"RingChains", "which blocks travel how", [
    I32EnumAttrCase<"All", 0, "all">,
    I32EnumAttrCase<"Previous", 1, "previous">,
    I32EnumAttrCase<"Next", 2, "next">,
    I32EnumAttrCase<"Both", 3, "both">]> {
  let cppNamespace = "::ringattn";
  let genSpecializedAttr = 0;
}

def RingAttn_RingScheduleAttr
    : RingAttn_Attr<"RingSchedule", "ring_schedule"> {
  let summary = "How a ring loop exchanges and overlaps";
  let description = [{
    | chains | blocks move | hops |
    |---|---|---|
    | all | to the successor | all active ranks' blocks |
    | previous | to the successor | as many predecessors as the mask reaches |
    | next | to the predecessor | as many successors as the mask reaches |
    | both | one way, then the other | the reach in each direction |

    With `overlap`, an exchange is posted before the compute that hides it,
    otherwise after.

    Example: `#ringattn.ring_schedule<chains = both, overlap = true>`
  }];
  let parameters = (ins
    EnumParameter<RingAttn_RingChains>:$chains,
    DefaultValuedParameter<"bool", "true">:$overlap);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Constraints for ops
//===----------------------------------------------------------------------===//

def RingAttn_AnyMask
    : Attr<CPred<"::llvm::isa<::ringattn::MaskAttrInterface>($_self)">,
           "got {{$_self}}, expected a mask (#ringattn.full, "
           "#ringattn.causal, ...)"> {
  let storageType = "::ringattn::MaskAttrInterface";
  let returnType = "::ringattn::MaskAttrInterface";
  let convertFromStorage = "$_self";
  let constBuilderCall = "$0";
}

def RingAttn_DefaultFullMask : DefaultValuedAttr<RingAttn_AnyMask,
  "::llvm::cast<::ringattn::MaskAttrInterface>("
  "::ringattn::FullAttr::get($_builder.getContext()))">;

def RingAttn_AnyLayout
    : Attr<CPred<"::llvm::isa<::ringattn::SequenceLayoutAttrInterface>($_self)">,
           "got {{$_self}}, expected a sequence layout (#ringattn.contiguous, "
           "#ringattn.striped, #ringattn.zigzag)"> {
  let storageType = "::ringattn::SequenceLayoutAttrInterface";
  let returnType = "::ringattn::SequenceLayoutAttrInterface";
  let convertFromStorage = "$_self";
  let constBuilderCall = "$0";
}

def RingAttn_AnyFloat
    : Attr<CPred<"::llvm::isa<::mlir::FloatAttr>($_self)">, "got {{$_self}}, expected a float"> {
  let storageType = "::mlir::FloatAttr";
  let returnType = "::mlir::FloatAttr";
  let convertFromStorage = "$_self";
}

def RingAttn_AnySharding
    : Attr<CPred<"::llvm::isa<::ringattn::SeqShardingAttr>($_self)">,
           "got {{$_self}}, expected a sharding (#ringattn.seq_sharding<...>)"> {
  let storageType = "::ringattn::SeqShardingAttr";
  let returnType = "::ringattn::SeqShardingAttr";
  let convertFromStorage = "$_self";
}

#endif // RINGATTN_DIALECT_RINGATTN_IR_RINGATTNATTRS_TD

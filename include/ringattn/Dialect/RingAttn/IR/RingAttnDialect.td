//===- RingAttnDialect.td - The ringattn dialect -----------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGATTN_IR_RINGATTNDIALECT_TD
#define RINGATTN_DIALECT_RINGATTN_IR_RINGATTNDIALECT_TD

include "mlir/IR/OpBase.td"

def RingAttn_Dialect : Dialect {
  let name = "ringattn";
  let cppNamespace = "::ringattn";
  let summary = "Attention whose sequence is sharded over a ring of devices";
  let description = [{
    One dialect, three levels. `ringattn.attention` is attention as a model
    states it, on global tensors, with a mask and a sequence sharding.
    `ringattn.ring_attention` is one rank's part of it, on local shards.
    `ringattn.online_attention` and `ringattn.finalize` are the steps of the
    ring loop: attention of the local queries against one K/V block, carried by
    the accumulators (O, m, l), and the normalisation at the end (Liu, Zaharia
    and Abbeel, "Ring Attention with Blockwise Transformers for Near-Infinite
    Context", 2023; Dao, "FlashAttention-2", 2023, for the online softmax).

    Masks and layouts are attributes behind interfaces, so that a new mask or
    layout needs no change in a pass or kernel.
  }];

  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect"
  ];
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

#endif // RINGATTN_DIALECT_RINGATTN_IR_RINGATTNDIALECT_TD

//===- RingRTOps.td - What the host program asks of ringrt -*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGRT_IR_RINGRTOPS_TD
#define RINGATTN_DIALECT_RINGRT_IR_RINGRTOPS_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def RingRT_Dialect : Dialect {
  let name = "ringrt";
  let cppNamespace = "::ringattn::ringrt";
  let summary = "The runtime's services that have no upstream op";
  let description = [{
    Lowered by `ringattn-convert-to-llvm` to calls through the import table of
    `ringrt/abi.h`. Every such call returns a status; a nonzero one ends the
    entry at once, and the runtime frees what the execution held.
  }];
}

class RingRT_Op<string mnemonic, list<Trait> traits = []>
    : Op<RingRT_Dialect, mnemonic, traits>;

def RingRT_SpanKind : I32EnumAttr<"SpanKind", "what a span measures", [
    I32EnumAttrCase<"Compute", 0, "compute">,
    I32EnumAttrCase<"Pack", 1, "pack">,
    I32EnumAttrCase<"Finalize", 2, "finalize">]> {
  let cppNamespace = "::ringattn::ringrt";
}

def RingRT_SpanOp : RingRT_Op<"span", [
    SingleBlock, NoTerminator, RecursiveMemoryEffects, NoRegionArguments]> {
  let summary = "Work that statistics and traces show as one span";
  let description = [{
    Executes its region once. `hop` counts the hops of one ring from 0.

    Example:
    ```mlir
    ringrt.span compute (%hop) { func.call @kernel(%q) : (memref<?xf32>) -> () }
    ```
  }];
  let arguments = (ins RingRT_SpanKind:$kind, Optional<Index>:$hop);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$kind (`(` $hop^ `)`)? $body attr-dict";
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "SpanKind":$kind, "::mlir::Value":$hop)>];
}

def RingRT_SpanBeginOp : RingRT_Op<"span_begin"> {
  let summary = "Starts a span";
  let description = [{
    What `ringrt.span` becomes once its region is inlined. `hop` is -1 where
    there is none.

    Example: `ringrt.span_begin compute (%hop)`
  }];
  let arguments = (ins RingRT_SpanKind:$kind, Index:$hop);
  let assemblyFormat = "$kind `(` $hop `)` attr-dict";
}

def RingRT_SpanEndOp : RingRT_Op<"span_end"> {
  let summary = "Ends the span that began last";
  let assemblyFormat = "attr-dict";
}

def RingRT_ParallelForOp : RingRT_Op<"parallel_for", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a function over an iteration range on the rank's threads";
  let description = [{
    Calls `body(captures..., begin, end)` on disjoint ranges that cover
    [0, count), in any order and on any thread of the rank.

    Example:
    ```mlir
    ringrt.parallel_for @body, %count (%q, %n : memref<?xf32>, index)
    ```

    **Constraints:** body is a function without results whose arguments are the
    captures and two indices.
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Index:$count,
                       Variadic<AnyType>:$captures);
  let assemblyFormat = [{
    $body `,` $count (`(` $captures^ `:` type($captures) `)`)? attr-dict
  }];
}

#endif // RINGATTN_DIALECT_RINGRT_IR_RINGRTOPS_TD

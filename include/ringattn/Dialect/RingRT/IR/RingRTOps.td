//===- RingRTOps.td - What the host program asks of ringrt -*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_DIALECT_RINGRT_IR_RINGRTOPS_TD
#define RINGATTN_DIALECT_RINGRT_IR_RINGRTOPS_TD

include "mlir/IR/AttrTypeBase.td"
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
  let useDefaultAttributePrinterParser = 1;
  // Types of addresses.
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

class RingRT_Op<string mnemonic, list<Trait> traits = []>
    : Op<RingRT_Dialect, mnemonic, traits>;

def RingRT_SpanKind : I32EnumAttr<"SpanKind", "what a span measures", [
    I32EnumAttrCase<"Compute", 0, "compute">,
    I32EnumAttrCase<"Pack", 1, "pack">,
    I32EnumAttrCase<"Finalize", 2, "finalize">]> {
  let cppNamespace = "::ringattn::ringrt";
}

def RingRT_KernelAttr : AttrDef<RingRT_Dialect, "Kernel"> {
  let summary = "How a kernel for GPUs is launched";
  let description = [{
    The module attribute `ringrt.kernels` has one for each kernel that
    `gpu.launch_func` names: threads of a block, and bytes of its dynamic shared
    memory. They become the `rr_kernel` of `ringrt/abi.h`.

    Example: `#ringrt.kernel<"attention", threads = 384, shared_bytes = 164864>`
  }];
  let mnemonic = "kernel";
  let parameters = (ins "::mlir::StringAttr":$name, "int64_t":$threads,
                        "int64_t":$sharedBytes);
  let assemblyFormat =
    "`<` $name `,` `threads` `=` $threads `,` `shared_bytes` `=` $sharedBytes `>`";
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

def RingRT_Pointer
    : Type<CPred<"::llvm::isa<::mlir::LLVM::LLVMPointerType>($_self)">,
           "pointer", "::mlir::LLVM::LLVMPointerType">;

def RingRT_TensorMapOp : RingRT_Op<"tensor_map"> {
  let summary = "Describes an array to the TMA unit of a GPU";
  let description = [{
    Yields the address of a tensor map (128 bytes, the device's own format) for
    boxes of `box` = [columns, rows] of one batch and head, in the 128-byte
    swizzle. The map lives as long as the function's frame. What the kernel
    reads through it counts as read here.

    Example:
    ```mlir
    %map = ringrt.tensor_map %k {box = array<i64: 64, 128>}
        : memref<1x2x?x128xbf16> -> !llvm.ptr
    ```

    **Constraints:** the source has rank 4 (B x H x S x D). At run time: its
    address and the strides of its rows, heads and batches are multiples of 16
    bytes, those of its elements are contiguous.
  }];
  let arguments = (ins Arg<MemRefRankOf<[AnyType], [4]>, "",
                           [MemRead]>:$source,
                       DenseI64ArrayAttr:$box);
  let results = (outs RingRT_Pointer:$map);
  let assemblyFormat =
    "$source attr-dict `:` type($source) `->` type($map)";
  let hasVerifier = 1;
}

def RingRT_Access : I32EnumAttr<"Access", "what a kernel does with an array", [
    I32EnumAttrCase<"Read", 0, "read">,
    I32EnumAttrCase<"Write", 1, "write">,
    I32EnumAttrCase<"ReadWrite", 2, "read_write">]> {
  let cppNamespace = "::ringattn::ringrt";
}

def RingRT_AddressOp : RingRT_Op<"address", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "The address of an array's first element, for a kernel";
  let description = [{
    What the kernel does with the array counts as done here, where analyses can
    see it: a launch has addresses, not arrays.

    Example:
    ```mlir
    %address = ringrt.address read_write %o
        : memref<1x8x?x128xf32, strided<[?, ?, ?, 1], offset: ?>> -> !llvm.ptr<1>
    ```
  }];
  let arguments = (ins RingRT_Access:$access, AnyMemRef:$source);
  let results = (outs RingRT_Pointer:$address);
  let assemblyFormat =
    "$access $source attr-dict `:` type($source) `->` type($address)";
}

def RingRT_RequireOp : RingRT_Op<"require"> {
  let summary = "Ends the entry with an error unless a condition holds";
  let description = [{
    Example:
    ```mlir
    ringrt.require %small, "a sequence is longer than 2147483647, the most that "
                           "kernels for GPUs compute"
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict";
}

#endif // RINGATTN_DIALECT_RINGRT_IR_RINGRTOPS_TD

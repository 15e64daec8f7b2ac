//===- Passes.td - Against the runtime's ABI ---------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CONVERSION_RINGTOLLVM_PASSES_TD
#define RINGATTN_CONVERSION_RINGTOLLVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def EmitEntriesPass : Pass<"ringattn-emit-entries", "::mlir::ModuleOp"> {
  let summary = "Adds entry wrappers and the manifest";
  let description = [{
    For every entry (a function with `ringattn.entry`) adds a wrapper of the type
    `rr_entry_fn` of `ringrt/abi.h`, which turns the buffers and global sizes
    that the runtime passes into the entry's arguments, and the module attribute
    `ringattn.manifest` (docs/Manifest.md).

    Before:
    ```mlir
    func.func @main(%q: memref<1x8x1024x64xf32>, ...)
        attributes {ringattn.entry = {...}}
    ```
    After:
    ```mlir
    module attributes {ringattn.groups = [array<i64: 0>],
                       ringattn.manifest = "{\22abi\22:1,...}"} {
      func.func private @main(%q: memref<1x8x1024x64xf32>, ...)
      func.func private @main.entry(%buffers: !llvm.ptr, %dims: !llvm.ptr)
          attributes {ringattn.entry_point = "main"} {
        %0 = llvm.getelementptr %buffers[0] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
        %1 = llvm.load %0 : !llvm.ptr -> !llvm.ptr
        ... // a memref descriptor around the pointer, for every buffer
        call @main(%q, ...)
        return
      }
    ```

    Errors: what the manifest cannot describe; GPU code where the target is cpu.

    Requires the phase `target`. Should run before `ringattn-lower-runtime-ops`.
  }];
  let options = [
    Option<"target", "target", "std::string", /*default=*/"\"cpu\"",
           "target named in the manifest">,
    Option<"targetCpu", "target-cpu", "std::string", /*default=*/"\"\"",
           "CPU named in the manifest; default: the host">,
    Option<"targetFeatures", "target-features", "std::string",
           /*default=*/"\"\"", "features added to or taken from the CPU's">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::ringattn::RingAttnDialect", "::ringattn::ringcomm::RingCommDialect"];
}

def EmitModuleQueryPass
    : Pass<"ringattn-emit-module-query", "::mlir::ModuleOp"> {
  let summary = "Adds the module's header and its one export";
  let description = [{
    Adds `rr_module_query` of `ringrt/abi.h`, which returns the module's header:
    the manifest, the recorded global program as bytecode, the table of entries
    and that of kernels for GPUs. Those of the module's `ringrt.kernels` get the
    machine code of its `gpu.binary` and the simulator's of `@rs_kernel_<name>`,
    where they exist; GPU modules without machine code are erased.

    Before:
    ```mlir
    module attributes {ringattn.manifest = "...", ringattn.program = ...} {
      llvm.func @main.entry(...) attributes {ringattn.entry_point = "main"}
    ```
    After:
    ```mlir
    module {
      llvm.func internal @main.entry(...)
      llvm.mlir.global internal constant @ringattn.manifest_text("...")
      llvm.mlir.global internal constant @ringattn.program_bytes("...")
      llvm.mlir.global internal constant @ringattn.entries()
          : !llvm.array<1 x struct<(ptr, ptr)>> {...}
      llvm.mlir.global internal constant @ringattn.kernels()
          : !llvm.array<0 x struct<(ptr, i32, i32, ptr, i64, ptr, i64, ptr)>> {...}
      llvm.mlir.global internal constant @ringattn.header()
          : !llvm.struct<(i32, i32, ptr, i64, ptr, i64, ptr, i64, ptr, i64)> {...}
      llvm.func @rr_module_query(%version: i32) -> !llvm.ptr {
        %enough = llvm.icmp "uge" %version, %c1 : i32
        %header = llvm.mlir.addressof @ringattn.header : !llvm.ptr
        %result = llvm.select %enough, %header, %null : i1, !llvm.ptr
        llvm.return %result : !llvm.ptr
      }
    ```

    Requires a module in the LLVM dialect with the attribute `ringattn.manifest`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def LowerSpansPass : Pass<"ringattn-lower-spans"> {
  let summary = "Inlines ringrt.span between its begin and its end";
  let description = [{
    Before: `ringrt.span compute (%hop) { func.call @kernel() : () -> () }`

    After:
    ```mlir
    ringrt.span_begin compute (%hop)
    func.call @kernel() : () -> ()
    ringrt.span_end
    ```

    Requires regions without a terminator. Should run before control flow is made
    unstructured.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::ringattn::ringrt::RingRTDialect"];
}

def LowerRuntimeOpsPass
    : Pass<"ringattn-lower-runtime-ops", "::mlir::ModuleOp"> {
  let summary = "Turns exchanges, allocations and parallel loops into ABI calls";
  let description = [{
    Every function gets the context (`rr_ctx *`) as its first argument and returns
    a status; ops of `ringcomm` and `ringrt`, and `memref.alloc` and
    `memref.dealloc`, become calls through the import table that the context
    points to. A nonzero status leaves the function at once; the runtime frees
    what the execution held.

    Before: `ringcomm.wait %t`

    After:
    ```mlir
    %imports = llvm.load %ctx : !llvm.ptr -> !llvm.ptr
    %slot = llvm.getelementptr %imports[0, 7] : ... !llvm.struct<...>
    %fn = llvm.load %slot : !llvm.ptr -> !llvm.ptr
    %status = llvm.call %fn(%ctx, %token, %null) : ...
    %failed = arith.cmpi ne, %status, %c0 : i32
    cf.cond_br %failed, ^exit(%status : i32), ^next
    ```

    Requires unstructured control flow (`convert-scf-to-cf`) and identity layouts
    of what is allocated. Should run before the conversions to LLVM.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

#endif // RINGATTN_CONVERSION_RINGTOLLVM_PASSES_TD

//===- Passes.td - Machine code for GPUs -------------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_PASSES_TD
#define RINGATTN_TARGET_PASSES_TD

include "mlir/Pass/PassBase.td"

def AssembleKernelsPass : Pass<"ringattn-assemble-kernels", "::mlir::ModuleOp"> {
  let summary = "Replaces GPU modules by their machine code";
  let description = [{
    Every `gpu.module` in the llvm, nvvm and ringptx dialects becomes a
    `gpu.binary` with its PTX and, unless `ptx-only`, the cubin that `ptxas` makes
    of it and what it reports of each kernel. A spilled register, or a product
    that ptxas serialises, is an error at the kernel.

    Before:
    ```mlir
    gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
      llvm.func @kernel() attributes {nvvm.kernel} {...}
    }
    ```
    After:
    ```mlir
    gpu.binary @kernels [
      #gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "...">,
      #gpu.object<#nvvm.target<chip = "sm_90a">, kernels = <[
        #gpu.kernel_metadata<"kernel", !llvm.func<void ()>, metadata =
          {barriers = 1 : i64, registers = 168 : i64, shared_bytes = 0 : i64,
           stack_bytes = 0 : i64}>]>, bin = "...">]
    ```

    ptxas is the first found of: `$RINGATTN_PTXAS`, or else that of `$CUDA_ROOT`,
    `$CUDA_HOME`, `$CUDA_PATH`, the PATH, and the usual places.

    Requires a target of the chip sm_90a. Should run after `ringptx-verify`.
  }];
  let options = [
    Option<"ptxOnly", "ptx-only", "bool", /*default=*/"false",
           "leave out what needs ptxas">
  ];
  let dependentDialects = ["::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect"];
}

#endif // RINGATTN_TARGET_PASSES_TD

//===- Passes.td - From nvvm to the simulator --------------*- tablegen -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CONVERSION_NVVMTOSIM_PASSES_TD
#define RINGATTN_CONVERSION_NVVMTOSIM_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertNVVMToSimPass : Pass<"convert-nvvm-to-sim", "::mlir::ModuleOp"> {
  let summary = "Turns kernels into host functions that call the simulator";
  let description = [{
    For every kernel of every `gpu.module` the module gets a function of the type
    `rs_kernel_fn` of `ringrt/sim.h`, which a simulated thread runs, and exports
    `@rs_kernel_<name>`, an `rs_kernel`: the function, the threads of a block
    (`nvvm.maxntid`), the registers of a thread (`nvvm.maxnreg`, or as many as
    there are) and the table of locations. The `gpu.module` stays as it is, for
    the device.

    Arithmetic on registers and accesses to global memory stay; every other
    instruction, and every access to shared memory, becomes a call through
    `thread->ops`. A call names its place in the program by an index into the
    table of locations, where it is called `file:line:column name instruction #n`:
    the source, the name where the location has one (`NameLoc`), and which of the
    kernel's instructions of that kind it is.

    Pointers of all address spaces become host pointers. The low half of one into
    shared memory is its shared address. Prefetches are left out, since they
    have no effect on results; of fast-math flags only `contract`
    stays. Approximations are computed as the device rounds at best, with
    subnormal numbers as zeros.

    An instruction, or a use of one, that the simulator does not know is an error,
    as is a conversion to f16 where the CPU has none (F16C).

    Before:
    ```mlir
    gpu.module @kernels {
      llvm.mlir.global external @shared() {addr_space = 3 : i32} : !llvm.array<0 x i8>
      llvm.func @kernel(%q: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
        %s = llvm.mlir.addressof @shared : !llvm.ptr<3>
        nvvm.mbarrier.init %s, %c1 : !llvm.ptr<3>, i32
        ...
    ```
    After, beside the same `gpu.module`:
    ```mlir
    llvm.func internal @rs_kernel_kernel.function(%thread: !llvm.ptr, %arguments: !llvm.ptr) {
      ... // %q, from %arguments
      %ops = llvm.load %thread invariant : !llvm.ptr -> !llvm.ptr
      %f = llvm.getelementptr %ops[16] : (!llvm.ptr) -> !llvm.ptr, i8
      %shared_base = llvm.load %f invariant : !llvm.ptr -> !llvm.ptr
      %s = llvm.call %shared_base(%thread) : !llvm.ptr, (!llvm.ptr) -> !llvm.ptr
      ...
      %a = llvm.ptrtoint %s : !llvm.ptr to i32
      llvm.call %mbarrier_init(%thread, %where, %a, %c1) : ...
      ...
    }
    llvm.mlir.global external constant @rs_kernel_kernel() : !llvm.struct<(ptr, ptr, i32, i32, i32, ptr)>
    ```

    Requires kernels in the llvm, nvvm and ringptx dialects, `ringptx-verify` having
    passed. Should run before `convert-ringptx-to-nvvm` and
    `ringattn-assemble-kernels`.
  }];
  let options = [
    Option<"targetCpu", "target-cpu", "std::string", /*default=*/"\"\"",
           "CPU that simulates; default: the host">,
    Option<"targetFeatures", "target-features", "std::string",
           /*default=*/"\"\"", "features added to or taken from the CPU's">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // RINGATTN_CONVERSION_NVVMTOSIM_PASSES_TD

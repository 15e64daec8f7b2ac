// What is made of ptxas's report, with a stand-in for ptxas.
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT="ptxas info    : Compiling entry function 'k' for 'sm_90a'\nptxas info    : Function properties for k\n    16 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\nptxas info    : Used 168 registers, used 3 barriers, 1024 bytes smem, 400 bytes cmem[0]\n" ringattn-opt %s --ringattn-assemble-kernels | FileCheck %s
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT="ptxas info    : Compiling entry function 'k' for 'sm_90a'\nptxas info    : Function properties for k\n    8 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads\n" not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=SPILL
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT="ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to insufficient register resources for the wgmma pipeline in the function 'k'\n" not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=SERIAL
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas STATUS=255 REPORT="ptxas x.ptx, line 12; error   : Unknown symbol 'y'\nptxas fatal   : Ptx assembly aborted due to errors\n" not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=ERROR
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas STATUS=1 REPORT="" not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=STATUS
// RUN: env RINGATTN_PTXAS=%t.nowhere not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=NOWHERE
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT= CUBIN= not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT= not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=SILENT
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT="ptxas info    : Compiling entry function 'k' for 'sm_90a'\nptxas info : (C7508) Potential Performance Loss: 'setmaxnreg' ignored to maintain minimum register requirements.\n" not ringattn-opt %s --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=REGISTERS
// RUN: sed 's/attributes {nvvm.kernel} {$/attributes {nvvm.kernel, nvvm.maxntid = array<i32: 384>} {\n nvvm.setmaxregister decrease 24\n nvvm.setmaxregister increase 240/' %s > %t.mlir
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT="ptxas info    : Compiling entry function 'k' for 'sm_90a'\nptxas info    : Used 168 registers\n" ringattn-opt %t.mlir --ringattn-assemble-kernels
// RUN: env RINGATTN_PTXAS=%S/Inputs/ptxas REPORT="ptxas info    : Compiling entry function 'k' for 'sm_90a'\nptxas info    : Used 160 registers\n" not ringattn-opt %t.mlir --ringattn-assemble-kernels 2>&1 | FileCheck %s --check-prefix=LAUNCH

// LAUNCH: error: kernel k is launched with 160 registers a thread, expected at least 168 for what its warpgroups take by setmaxnreg
// NOTHING: error: {{.*}}ptxas wrote 0 bytes that are no cubin, expected an ELF file
// SILENT: error: {{.*}}ptxas says nothing of kernel k, expected its registers and spills
// REGISTERS: error: ptxas: {{.*}}'setmaxnreg' ignored
// CHECK: #gpu.kernel_metadata<"k", !llvm.func<void ()>, metadata = {barriers = 3 : i64, registers = 168 : i64, shared_bytes = 1024 : i64, stack_bytes = 16 : i64}>
// SPILL: ptxas-report.mlir:[[@LINE+7]]:3: error: kernel k spills 8 bytes of stores and 12 of loads, expected 0
// SERIAL: ptxas-report.mlir:[[@LINE+6]]:3: error: ptxas: ptxas info    : (C7510) Potential Performance Loss
// ERROR: ptxas-report.mlir:[[@LINE+4]]:1: error: ptxas: ptxas x.ptx, line 12; error   : Unknown symbol 'y'
// STATUS: error: {{.*}}/ptxas failed
// NOWHERE: error: cannot find the ptxas '{{.*}}.nowhere' named by RINGATTN_PTXAS, expected the CUDA toolkit's

gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  llvm.func @k() attributes {nvvm.kernel} {
    llvm.return
  }
}

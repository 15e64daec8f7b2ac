// RUN: ringattn-opt %s -split-input-file -ringattn-emit-module-query | FileCheck %s

// Machine code of a gpu.binary, and the simulator's code where there is some.

// CHECK-LABEL: module
// CHECK-NOT:   ringrt.kernels
// CHECK-NOT:   gpu.binary
// CHECK:       llvm.mlir.global internal constant @ringattn.kernels.ptx("PTX\00")
// CHECK:       llvm.mlir.global internal constant @ringattn.kernels.cubin("CUBIN")
// CHECK:       llvm.mlir.global internal constant @ringattn.kernel_name.step("step\00")
// CHECK:       llvm.mlir.global internal constant @ringattn.kernel_name.pack("pack\00")
// CHECK:       llvm.mlir.global internal constant @ringattn.kernels() {{.*}} : !llvm.array<2 x struct<(ptr, i32, i32, ptr, i64, ptr, i64, ptr)>> {
// CHECK:         llvm.mlir.constant(384 : i32)
// CHECK:         llvm.mlir.constant(1024 : i32)
// CHECK:         llvm.mlir.addressof @ringattn.kernels.cubin
// CHECK:         llvm.mlir.constant(5 : i64)
// CHECK:         llvm.mlir.addressof @ringattn.kernels.ptx
// CHECK:         llvm.mlir.constant(3 : i64)
// CHECK:         llvm.mlir.addressof @rs_kernel_step
// CHECK:         llvm.mlir.constant(256 : i32)
// CHECK:         llvm.mlir.zero : !llvm.ptr
// CHECK:       llvm.mlir.global internal constant @ringattn.header()
// CHECK:         llvm.mlir.constant(72 : i32)
// CHECK:         llvm.mlir.addressof @ringattn.kernels
// CHECK:         llvm.mlir.constant(2 : i64)
module attributes {gpu.container_module, ringattn.manifest = "{}", ringrt.kernels = [
    #ringrt.kernel<"step", threads = 384, shared_bytes = 1024>,
    #ringrt.kernel<"pack", threads = 256, shared_bytes = 0>]} {
  llvm.mlir.global external constant @rs_kernel_step() : !llvm.struct<(ptr, ptr, i32, i32, i32, ptr)>
  gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "PTX">,
                       #gpu.object<#nvvm.target<chip = "sm_90a">, bin = "CUBIN">]
}

// -----

// Without machine code.
// CHECK-LABEL: module
// CHECK-NOT:   gpu.module
// CHECK:       llvm.mlir.global internal constant @ringattn.kernels() {{.*}} : !llvm.array<1 x struct
// CHECK:         llvm.mlir.zero : !llvm.ptr
// CHECK:         llvm.mlir.zero : !llvm.ptr
// CHECK:         llvm.mlir.zero : !llvm.ptr
module attributes {gpu.container_module, ringattn.manifest = "{}", ringrt.kernels = [
    #ringrt.kernel<"step", threads = 384, shared_bytes = 1024>]} {
  gpu.module @kernels {
    llvm.func @step() attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
}

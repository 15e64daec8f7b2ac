// RUN: ringattn-opt %s -split-input-file -verify-diagnostics -ringattn-emit-module-query | FileCheck %s

// CHECK: llvm.mlir.global internal constant @ringattn.manifest_text("{}")
// CHECK: llvm.mlir.global internal constant @ringattn.entry_name.main("main\00")
// CHECK: llvm.mlir.global internal constant @ringattn.entries() {{.*}} : !llvm.array<1 x struct<(ptr, ptr)>>
// CHECK:   llvm.mlir.addressof @main.entry
// CHECK: llvm.mlir.global internal constant @ringattn.kernels() {{.*}} : !llvm.array<0 x
// CHECK: llvm.mlir.global internal constant @ringattn.header()
// CHECK:   llvm.mlir.constant(72 : i32)
// A caller that understands only older versions gets null.
// CHECK: llvm.func @rr_module_query(%[[V:.*]]: i32) -> !llvm.ptr
// CHECK:   %[[OK:.*]] = llvm.icmp "uge" %[[V]],
// CHECK:   llvm.select %[[OK]]
module attributes {ringattn.manifest = "{}"} {
  llvm.func internal @main.entry(%ctx: !llvm.ptr, %buffers: !llvm.ptr, %dims: !llvm.ptr) -> i32
      attributes {ringattn.entry_point = "main"} {
    %0 = llvm.mlir.constant(0 : i32) : i32
    llvm.return %0 : i32
  }
}

// -----

// expected-error @below {{has no ringattn.manifest attribute, expected one (run ringattn-emit-entries)}}
module {
}

// -----

// expected-error @below {{has rr_module_query already, expected a module without it}}
module attributes {ringattn.manifest = "{}"} {
  llvm.func @rr_module_query(i32) -> !llvm.ptr
}

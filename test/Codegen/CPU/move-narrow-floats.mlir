// RUN: ringattn-opt %s --pass-pipeline='builtin.module(llvm.func(ringattn-move-narrow-floats),canonicalize)' | FileCheck %s

// What is only moved is never a float.
// CHECK-LABEL: llvm.func @copy(
// CHECK-NOT:     bf16
// CHECK:         %[[X:.*]] = llvm.load %arg0 {alignment = 2 : i64} : !llvm.ptr -> vector<4xi16>
// CHECK-NEXT:    llvm.store %[[X]], %arg1 {alignment = 2 : i64} : vector<4xi16>, !llvm.ptr
// CHECK-NOT:     f16
// CHECK:         llvm.return
llvm.func @copy(%from: !llvm.ptr, %to: !llvm.ptr) {
  %x = llvm.load %from {alignment = 2 : i64} : !llvm.ptr -> vector<4xbf16>
  llvm.store %x, %to {alignment = 2 : i64} : vector<4xbf16>, !llvm.ptr
  %y = llvm.load %from : !llvm.ptr -> f16
  llvm.store %y, %to : f16, !llvm.ptr
  llvm.return
}

// CHECK-LABEL: llvm.func @convert(
// CHECK:         %[[X:.*]] = llvm.load %arg0 : !llvm.ptr -> vector<8xi16>
// CHECK-NEXT:    %[[H:.*]] = llvm.bitcast %[[X]] : vector<8xi16> to vector<8xf16>
// CHECK-NEXT:    %[[F:.*]] = llvm.fpext %[[H]] : vector<8xf16> to vector<8xf32>
// CHECK-NEXT:    llvm.store %[[F]], %arg1 : vector<8xf32>, !llvm.ptr
llvm.func @convert(%from: !llvm.ptr, %to: !llvm.ptr) {
  %x = llvm.load %from : !llvm.ptr -> vector<8xf16>
  %y = llvm.fpext %x : vector<8xf16> to vector<8xf32>
  llvm.store %y, %to : vector<8xf32>, !llvm.ptr
  llvm.return
}

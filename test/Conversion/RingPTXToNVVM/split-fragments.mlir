// RUN: ringattn-opt %s --ringattn-split-fragments | FileCheck %s

// 32-bit elements one by one, 16-bit elements in pairs, also across a loop.
// CHECK-LABEL: llvm.func @loop
llvm.func @loop(%x: f32, %n: i1, %q: !llvm.ptr<1>) {
  %c0 = llvm.mlir.constant(0 : i32) : i32
  %c1 = llvm.mlir.constant(1 : i32) : i32
  %c2 = llvm.mlir.constant(2 : i32) : i32
  %zero = llvm.mlir.constant(dense<0.0> : vector<4xf32>) : vector<4xf32>
  %p = llvm.mlir.constant(dense<[1.0, 2.0, 3.0, 4.0]> : vector<4xbf16>) : vector<4xbf16>
  // CHECK: llvm.br ^[[LOOP:.*]](%{{.*}} : i32, f32, f32, f32, f32, vector<2xbf16>, vector<2xbf16>)
  llvm.br ^loop(%zero, %p, %c0 : vector<4xf32>, vector<4xbf16>, i32)
  // CHECK: ^[[LOOP]](%{{[^:]*}}: i32, %[[S0:[^:]*]]: f32, %{{[^:]*}}: f32, %{{[^:]*}}: f32, %[[S3:[^:]*]]: f32, %[[P0:[^:]*]]: vector<2xbf16>, %{{[^:]*}}: vector<2xbf16>):
^loop(%s: vector<4xf32>, %r: vector<4xbf16>, %i: i32):
  // CHECK: llvm.fadd %[[S0]], %{{.*}} : f32
  %s1 = llvm.insertelement %x, %s[%c2 : i32] : vector<4xf32>
  %s2 = llvm.fadd %s, %s1 : vector<4xf32>
  // CHECK: llvm.fcmp "olt" %{{.*}} : f32
  // CHECK: llvm.select %{{.*}} : i1, f32
  %m = llvm.fcmp "olt" %s2, %zero : vector<4xf32>
  %s3 = llvm.select %m, %s2, %s : vector<4xi1>, vector<4xf32>
  // CHECK-COUNT-2: llvm.fptrunc %{{.*}} : vector<2xf32> to vector<2xbf16>
  %t = llvm.fptrunc %s3 : vector<4xf32> to vector<4xbf16>
  // CHECK: llvm.fmul %[[P0]], %{{.*}} : vector<2xbf16>
  %u = llvm.fmul %r, %t : vector<4xbf16>
  // CHECK: llvm.cond_br %{{.*}}, ^[[LOOP]](%{{.*}} : i32, f32, f32, f32, f32, vector<2xbf16>, vector<2xbf16>), ^[[EXIT:.*]](%{{.*}} : f32, f32, f32, f32, vector<2xbf16>, vector<2xbf16>)
  llvm.cond_br %n, ^loop(%s3, %u, %i : vector<4xf32>, vector<4xbf16>, i32), ^exit(%s3, %u : vector<4xf32>, vector<4xbf16>)
^exit(%v: vector<4xf32>, %w: vector<4xbf16>):
  // A store keeps its vector.
  // CHECK: llvm.store %{{.*}} : vector<4xf32>, !llvm.ptr<1>
  llvm.store %v, %q : vector<4xf32>, !llvm.ptr<1>
  llvm.return
}

// Pairs pass through shuffles and casts without being taken apart.
// CHECK-LABEL: llvm.func @shuffle
// CHECK-SAME: (%[[P:.*]]: !llvm.ptr)
llvm.func @shuffle(%p: !llvm.ptr) -> i32 {
  // CHECK: %[[V:.*]] = llvm.load %[[P]] : !llvm.ptr -> vector<8xbf16>
  // CHECK-COUNT-8: llvm.extractelement %[[V]]
  // CHECK-NOT: llvm.extractelement
  %v = llvm.load %p : !llvm.ptr -> vector<8xbf16>
  %poison = llvm.mlir.poison : vector<8xbf16>
  %s = llvm.shufflevector %v, %poison [4, 5, 6, 7] : vector<8xbf16>
  %b = llvm.bitcast %s : vector<4xbf16> to vector<2xi32>
  %c1 = llvm.mlir.constant(1 : i64) : i64
  %e = llvm.extractelement %b[%c1 : i64] : vector<2xi32>
  // CHECK: llvm.bitcast
  // CHECK: %[[E:.*]] = llvm.bitcast %{{.*}} : vector<2xbf16> to i32
  // CHECK: llvm.return %[[E]]
  llvm.return %e : i32
}

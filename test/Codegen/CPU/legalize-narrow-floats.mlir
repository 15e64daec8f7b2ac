// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-legalize-narrow-floats{target-cpu=x86-64}))' | FileCheck %s --check-prefixes=CHECK,SSE2
// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-legalize-narrow-floats{target-cpu=haswell}))' | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-legalize-narrow-floats{target-cpu=sapphirerapids}))' | FileCheck %s --check-prefixes=CHECK,BF16

// CHECK-LABEL: func.func @conversions(
// SSE2-NOT:      arith.extf
// SSE2-NOT:      arith.truncf
// AVX2:          arith.extf {{.*}} vector<4xf16> to vector<4xf32>
// AVX2-NOT:      arith.extf
// AVX2:          arith.truncf {{.*}} vector<4xf32> to vector<4xf16>
// AVX2-NOT:      arith.truncf
// BF16-COUNT-2:  arith.extf
// BF16-COUNT-2:  arith.truncf
// CHECK:         return
func.func @conversions(%h: vector<4xf16>, %b: vector<4xbf16>) -> (vector<4xf16>, vector<4xbf16>)
    attributes {ringattn.kernel} {
  %x = arith.extf %h : vector<4xf16> to vector<4xf32>
  %y = arith.extf %b : vector<4xbf16> to vector<4xf32>
  %z = arith.mulf %x, %y : vector<4xf32>
  %r = arith.truncf %z : vector<4xf32> to vector<4xf16>
  %s = arith.truncf %z : vector<4xf32> to vector<4xbf16>
  return %r, %s : vector<4xf16>, vector<4xbf16>
}

// CHECK-LABEL: func.func @arithmetic(
// CHECK:         %[[SUM:.*]] = arith.addf %{{.*}}, %{{.*}} : f32
// CHECK:         math.exp %{{.*}} : f32
// CHECK-NOT:     {{addf|exp}} {{.*}} : bf16
// CHECK:         return
func.func @arithmetic(%a: bf16, %b: bf16) -> bf16 {
  %c = arith.addf %a, %b : bf16
  %d = math.exp %c : bf16
  return %d : bf16
}

// One rounding to nearest, not two.
// CHECK-LABEL: func.func @wide(
// CHECK:         %[[NEAR:.*]] = arith.truncf %arg0 : f64 to f32
// CHECK:         %[[BACK:.*]] = arith.extf %[[NEAR]] : f32 to f64
// CHECK-DAG:     arith.cmpf ogt
// CHECK-DAG:     arith.cmpf one, %[[BACK]], %arg0 : f64
// CHECK-NOT:     f64 to {{b?}}f16
// CHECK:         return
func.func @wide(%x: f64) -> (f16, bf16) {
  %h = arith.truncf %x : f64 to f16
  %b = arith.truncf %x : f64 to bf16
  return %h, %b : f16, bf16
}

// CHECK-LABEL: func.func @wide_back(
// CHECK-NOT:     {{b?}}f16 to f64
func.func @wide_back(%h: f16, %b: bf16) -> (f64, f64) {
  %x = arith.extf %h : f16 to f64
  %y = arith.extf %b : bf16 to f64
  return %x, %y : f64, f64
}

// Memory is accessed in powers of two, and never a single lane; lanes are put
// together and taken apart as integers.
// CHECK-LABEL: func.func @odd_lanes(
// CHECK-SAME:    %[[FROM:.*]]: memref<2x25xbf16>, %[[TO:.*]]: memref<2x25xbf16>
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG:     %[[C23:.*]] = arith.constant 23 : index
// CHECK-DAG:     vector.load %[[FROM]][%[[C1]], %{{.*}}] : memref<2x25xbf16>, vector<16xbf16>
// CHECK-DAG:     vector.load %[[FROM]][%[[C1]], %[[C16]]] : memref<2x25xbf16>, vector<8xbf16>
// CHECK-DAG:     vector.load %[[FROM]][%[[C1]], %[[C23]]] : memref<2x25xbf16>, vector<2xbf16>
// CHECK-NOT:     {{vector.load|vector.shuffle .*bf16}}
// CHECK:         vector.store %{{.*}}, %[[TO]][%[[C1]], %{{.*}}] : memref<2x25xbf16>, vector<16xbf16>
// CHECK:         vector.store %{{.*}}, %[[TO]][%[[C1]], %[[C16]]] : memref<2x25xbf16>, vector<8xbf16>
// CHECK:         vector.store %{{.*}}, %[[TO]][%[[C1]], %[[C23]]] : memref<2x25xbf16>, vector<2xbf16>
// CHECK-NOT:     {{vector.store|vector.shuffle .*bf16}}
// CHECK:         return
func.func @odd_lanes(%from: memref<2x25xbf16>, %to: memref<2x25xbf16>) attributes {ringattn.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = vector.load %from[%c1, %c0] : memref<2x25xbf16>, vector<25xbf16>
  vector.store %x, %to[%c1, %c0] : memref<2x25xbf16>, vector<25xbf16>
  return
}

// An abbreviated type is read where no other op has loaded its dialect.
// RUN: ringattn-opt %s | ringattn-opt | FileCheck %s

// CHECK: ringrt.address read %{{.*}} : memref<4xf32> -> <1>
func.func @address(%m: memref<4xf32>) {
  %0 = ringrt.address read %m : memref<4xf32> -> <1>
  return
}

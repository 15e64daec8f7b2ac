// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

// One case for each diagnostic of the ringcomm ops.

func.func @f() {
  // expected-error @+1 {{'ringcomm.rank' op names the unknown grid @ring, expected a shard.grid of the module}}
  %0 = ringcomm.rank @ring [0]
  return
}

// -----

shard.grid @ring(shape = 4)
func.func @f() {
  // expected-error @+1 {{'ringcomm.size' op lists no grid axis, expected at least one}}
  %0 = ringcomm.size @ring []
  return
}

// -----

shard.grid @ring(shape = 4x2)
func.func @f() {
  // expected-error @+1 {{'ringcomm.size' op uses axis 2 of grid @ring, expected an axis below 2}}
  %0 = ringcomm.size @ring [0, 2]
  return
}

// -----

shard.grid @ring(shape = 4)
func.func @f(%a: memref<8xf32>, %b: memref<8xf32>, %n: index) {
  // expected-error @+1 {{'ringcomm.shift_start' op uses axis -1 of grid @ring, expected an axis below 1}}
  %t = ringcomm.shift_start %a to %b of %n step 1 on @ring [-1] : memref<8xf32> to memref<8xf32>
  return
}

// -----

func.func @f(%rank: index, %hop: index, %n: index) {
  // expected-error @+1 {{'ringcomm.source' op step is 2, expected 1 or -1}}
  %0 = ringcomm.source %rank, %hop of %n step 2
  return
}

// -----

shard.grid @ring(shape = 4)
func.func @f(%a: memref<8xf32>, %b: memref<8xf32>, %n: index) {
  // expected-error @+1 {{'ringcomm.shift_start' op step is 0, expected 1 or -1}}
  %t = ringcomm.shift_start %a to %b of %n step 0 on @ring [0] : memref<8xf32> to memref<8xf32>
  return
}

// -----

shard.grid @ring(shape = 4)
func.func @f(%a: memref<2x4xf32>, %b: memref<8xf32>, %n: index) {
  // expected-error @+1 {{'ringcomm.shift_start' op expects buffers of rank 1, got 'memref<2x4xf32>' and 'memref<8xf32>'}}
  %t = ringcomm.shift_start %a to %b of %n step 1 on @ring [0] : memref<2x4xf32> to memref<8xf32>
  return
}

// -----

shard.grid @ring(shape = 4)
func.func @f(%a: memref<8xf32>, %b: memref<8xf16>, %n: index) {
  // expected-error @+1 {{'ringcomm.shift_start' op receive element type is 'f16', expected 'f32' as sent}}
  %t = ringcomm.shift_start %a to %b of %n step 1 on @ring [0] : memref<8xf32> to memref<8xf16>
  return
}

// -----

shard.grid @ring(shape = 4)
func.func @f(%a: memref<8xf32>, %b: memref<8xf32, strided<[2]>>, %n: index) {
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer is 'memref<8xf32, strided<[2]>>', expected a contiguous one}}
  %t = ringcomm.shift_start %a to %b of %n step 1 on @ring [0] : memref<8xf32> to memref<8xf32, strided<[2]>>
  return
}

// -----

// Every rank sends as many elements as its neighbour must receive.
shard.grid @ring(shape = 4)
func.func @f(%a: memref<8xf32>, %b: memref<4xf32>, %n: index) {
  // expected-error @+1 {{'ringcomm.shift_start' op receives 4 elements, expected 8 as every rank sends}}
  %t = ringcomm.shift_start %a to %b of %n step 1 on @ring [0] : memref<8xf32> to memref<4xf32>
  return
}

// -----

shard.grid @ring(shape = 4x2)
func.func @f() {
  // expected-error @+1 {{'ringcomm.rank' op lists grid axis 1 twice, expected each axis once}}
  %0 = ringcomm.rank @ring [1, 0, 1]
  return
}

// -----

// expected-note @+1 {{the grid is defined here}}
shard.grid @ring(shape = 4x0)
func.func @f() {
  // expected-error @+1 {{'ringcomm.size' op uses axis 1 of grid @ring, which has size 0, expected at least 1}}
  %0 = ringcomm.size @ring [1]
  return
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringcomm-verify)' -split-input-file -verify-diagnostics

// Tokens of ringcomm-verify: awaited exactly once, and by nobody else.

// A token that nobody awaits.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-error @+1 {{'ringcomm.shift_start' op is never awaited, expected ringcomm.wait before the end of the function}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-note @+1 {{the exchange is still in flight here}}
  return
}

// -----

// A token awaited twice.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-note @+1 {{the token was taken here}}
  ringcomm.wait %t
  // expected-error @+1 {{'ringcomm.wait' op takes a token for the second time, expected every token to be awaited exactly once}}
  ringcomm.wait %t
  return
}

// -----

// A token from nowhere.
shard.grid @ring(shape = ?)
func.func @f(%t: !ringcomm.token) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-error @+1 {{'ringcomm.wait' op takes a token of unknown origin, expected one of a ringcomm.shift_start in this function}}
  ringcomm.wait %t
  return
}

// -----

// A token handed to another op.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'arith.select' op uses a token, expected only ringcomm.wait, scf.for, scf.if and scf.yield to do so}}
  %u = arith.select %flag, %t, %t : !ringcomm.token
  ringcomm.wait %u
  return
}

// -----

// A token returned.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) -> !ringcomm.token {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'func.return' op uses a token, expected only ringcomm.wait, scf.for, scf.if and scf.yield to do so}}
  return %t : !ringcomm.token
}

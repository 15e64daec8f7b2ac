// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringcomm-verify)' -split-input-file -verify-diagnostics

// Buffers of exchanges in flight, and whatever the analysis has to see through to
// know them.

// The receive buffer read.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'linalg.copy' op reads the receive buffer of an exchange in flight, expected ringcomm.wait before}}
  linalg.copy ins(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  ringcomm.wait %t
  return
}

// -----

// Through views, inside a region, in front of the wait.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  scf.if %flag {
    %half = memref.subview %b[32] [32] [1] : memref<64xf32> to memref<32xf32, strided<[1], offset: 32>>
    %flat = memref.expand_shape %half [[0, 1]] output_shape [4, 8] : memref<32xf32, strided<[1], offset: 32>> into memref<4x8xf32, strided<[8, 1], offset: 32>>
    // expected-error @+1 {{'memref.load' op reads the receive buffer of an exchange in flight}}
    %x = memref.load %flat[%c0, %c1] : memref<4x8xf32, strided<[8, 1], offset: 32>>
  }
  ringcomm.wait %t
  return
}

// -----

// The receive buffer written.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'linalg.copy' op writes the receive buffer of an exchange in flight, expected ringcomm.wait before}}
  linalg.copy ins(%c : memref<64xf32>) outs(%b : memref<64xf32>)
  ringcomm.wait %t
  return
}

// -----

// The send buffer overwritten.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'linalg.copy' op writes the send buffer of an exchange in flight, expected ringcomm.wait before}}
  linalg.copy ins(%c : memref<64xf32>) outs(%a : memref<64xf32>)
  ringcomm.wait %t
  return
}

// -----

// A buffer freed.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %x = memref.alloc() : memref<64xf32>
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %x of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'memref.dealloc' op frees the receive buffer of an exchange in flight, expected ringcomm.wait before}}
  memref.dealloc %x : memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// What is received is sent on before it is there.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op reads the receive buffer of an exchange in flight}}
  %u = ringcomm.shift_start %b to %c of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  ringcomm.wait %u
  return
}

// -----

// Two exchanges receive into one buffer.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %c of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op writes the receive buffer of an exchange in flight}}
  %u = ringcomm.shift_start %b to %c of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  ringcomm.wait %u
  return
}

// -----

// One exchange receives into what another sends.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op writes the send buffer of an exchange in flight}}
  %u = ringcomm.shift_start %c to %a of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  ringcomm.wait %u
  return
}

// -----

// One buffer both sent and received into, also where its halves are disjoint.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %lo = memref.subview %a[0] [32] [1] : memref<64xf32> to memref<32xf32, strided<[1]>>
  %hi = memref.subview %a[32] [32] [1] : memref<64xf32> to memref<32xf32, strided<[1], offset: 32>>
  // expected-error @+1 {{'ringcomm.shift_start' op sends and receives the same buffer, expected two distinct ones}}
  %t = ringcomm.shift_start %lo to %hi of %p step 1 on @ring [0] : memref<32xf32, strided<[1]>> to memref<32xf32, strided<[1], offset: 32>>
  ringcomm.wait %t
  return
}

// -----

// A selected buffer may be the other one.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %x = arith.select %flag, %a, %b : memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op may send and receive the same buffer, expected two distinct ones}}
  %t = ringcomm.shift_start %x to %a of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// A selected buffer may be in flight.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %x = arith.select %flag, %b, %c : memref<64xf32>
  // expected-error @+1 {{'linalg.copy' op may read the receive buffer of an exchange in flight}}
  linalg.copy ins(%x : memref<64xf32>) outs(%c : memref<64xf32>)
  ringcomm.wait %t
  return
}

// -----

// So may the result of an unknown op.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %x = builtin.unrealized_conversion_cast %n : index to memref<64xf32>
  // expected-error @+1 {{'linalg.copy' op may write the receive buffer of an exchange in flight}}
  linalg.copy ins(%c : memref<64xf32>) outs(%x : memref<64xf32>)
  ringcomm.wait %t
  return
}

// -----

// An exchange of an unknown buffer.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %x = builtin.unrealized_conversion_cast %n : index to memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer is of unknown origin, expected memref.alloc, memref.alloca or an argument of the function}}
  %t = ringcomm.shift_start %a to %x of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// An exchange of a global, which any callee may reach.
shard.grid @ring(shape = ?)
memref.global "private" @g : memref<64xf32>
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %x = memref.get_global @g : memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op send buffer is of unknown origin}}
  %t = ringcomm.shift_start %x to %a of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

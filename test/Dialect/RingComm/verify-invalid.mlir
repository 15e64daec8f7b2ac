// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringcomm-verify)' -split-input-file -verify-diagnostics

// One case for each diagnostic of ringcomm-verify, and for each way to get it
// that the analysis has to see through.

// Tokens.
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

// -----

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

// -----

// Escapes: to a function without a body.
shard.grid @ring(shape = ?)
func.func private @unknown(memref<64xf32>)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'func.call' op leaks the send buffer of an exchange in flight, expected ops and callees of known effect}}
  func.call @unknown(%a) : (memref<64xf32>) -> ()
  ringcomm.wait %t
  return
}

// -----

// Escapes: to an op without known effects.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'builtin.unrealized_conversion_cast' op leaks the receive buffer of an exchange in flight}}
  %x = builtin.unrealized_conversion_cast %b : memref<64xf32> to i64
  ringcomm.wait %t
  return
}

// -----

// Escapes: as an address.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'memref.extract_aligned_pointer_as_index' op leaks the receive buffer of an exchange in flight}}
  %x = memref.extract_aligned_pointer_as_index %b : memref<64xf32> -> index
  ringcomm.wait %t
  return
}

// -----

// Escapes: into memory.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %m: memref<1xmemref<64xf32>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'memref.store' op leaks the receive buffer of an exchange in flight}}
  memref.store %b, %m[%c0] : memref<1xmemref<64xf32>>
  ringcomm.wait %t
  return
}

// -----

// Escapes: to the caller.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) -> memref<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'func.return' op returns the receive buffer of an exchange in flight, expected ringcomm.wait before}}
  return %b : memref<64xf32>
}

// -----

// Escapes: to code that may run at another time.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  %later = async.execute {
    // expected-note @+1 {{the buffer is leaked here}}
    linalg.copy ins(%b : memref<64xf32>) outs(%c : memref<64xf32>)
    async.yield
  }
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// Escapes before the exchange: whatever runs in flight may reach the buffer.
shard.grid @ring(shape = ?)
func.func private @capture(memref<64xf32>)
func.func private @use()
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the buffer is leaked here}}
  func.call @capture(%b) : (memref<64xf32>) -> ()
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be reached by unknown code, expected it to be used by ops and callees of known effect}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  func.call @use() : () -> ()
  ringcomm.wait %t
  return
}

// -----

// Escapes after the exchange, but before the one of the next iteration.
shard.grid @ring(shape = ?)
func.func private @capture(memref<64xf32>)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @+1 {{'ringcomm.shift_start' op send buffer may be reached by unknown code}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    // expected-note @+1 {{the buffer is leaked here}}
    func.call @capture(%a) : (memref<64xf32>) -> ()
  }
  return
}

// -----

// A callee that writes its argument.
shard.grid @ring(shape = ?)
func.func private @outer(%x: memref<64xf32>, %y: memref<64xf32>) {
  func.call @inner(%y, %x) : (memref<64xf32>, memref<64xf32>) -> ()
  return
}
func.func private @inner(%x: memref<64xf32>, %y: memref<64xf32>) {
  // expected-note @+1 {{in the callee, here}}
  linalg.copy ins(%y : memref<64xf32>) outs(%x : memref<64xf32>)
  return
}
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'func.call' op writes the send buffer of an exchange in flight, expected ringcomm.wait before}}
  func.call @outer(%c, %a) : (memref<64xf32>, memref<64xf32>) -> ()
  ringcomm.wait %t
  return
}

// -----

// A recursive callee.
shard.grid @ring(shape = ?)
func.func private @again(%x: memref<64xf32>) {
  // expected-note @+1 {{in the callee, here}}
  func.call @again(%x) : (memref<64xf32>) -> ()
  return
}
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'func.call' op leaks the send buffer of an exchange in flight}}
  func.call @again(%a) : (memref<64xf32>) -> ()
  ringcomm.wait %t
  return
}

// -----

// A parallel loop whose body reads.
shard.grid @ring(shape = ?)
func.func private @body(%x: memref<64xf32>, %begin: index, %end: index) {
  // expected-note @+1 {{in the callee, here}}
  %y = memref.load %x[%begin] : memref<64xf32>
  return
}
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-error @+1 {{'ringrt.parallel_for' op reads the receive buffer of an exchange in flight}}
  ringrt.parallel_for @body, %n (%b : memref<64xf32>)
  ringcomm.wait %t
  return
}

// -----

// A callee that exchanges.
shard.grid @ring(shape = ?)
func.func private @ring_step(%x: memref<64xf32>, %y: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange is here}}
  %t = ringcomm.shift_start %x to %y of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-error @+1 {{'func.call' op calls a function that contains an exchange, expected it to be inlined}}
  func.call @ring_step(%a, %b) : (memref<64xf32>, memref<64xf32>) -> ()
  return
}

// -----

// Loops: the same buffer twice.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-error @+1 {{'scf.for' op enters the loop with the same buffer as carried values 0 and 1, expected distinct buffers around an exchange}}
  scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %a) -> (memref<64xf32>, memref<64xf32>) {
    %t = ringcomm.shift_start %x to %y of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    scf.yield %y, %x : memref<64xf32>, memref<64xf32>
  }
  return
}

// -----

// Loops: possibly the same buffer twice.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %s = arith.select %flag, %a, %b : memref<64xf32>
  // expected-error @+1 {{'scf.for' op enters the loop with possibly the same buffer as carried values 0 and 1}}
  scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %s) -> (memref<64xf32>, memref<64xf32>) {
    %t = ringcomm.shift_start %x to %y of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    scf.yield %y, %x : memref<64xf32>, memref<64xf32>
  }
  return
}

// -----

// Loops: no permutation.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{of this loop}}
  scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b, %z = %c) -> (memref<64xf32>, memref<64xf32>, memref<64xf32>) {
    %t = ringcomm.shift_start %x to %y of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    // expected-error @+1 {{'scf.yield' op continues the loop with the same buffer as carried values 0 and 1, expected a permutation of the buffers around an exchange}}
    scf.yield %z, %z, %x : memref<64xf32>, memref<64xf32>, memref<64xf32>
  }
  return
}

// -----

// Loops: a buffer of outside that is also carried.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{of this loop}}
  scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b) -> (memref<64xf32>, memref<64xf32>) {
    %t = ringcomm.shift_start %x to %y of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    // expected-error @+1 {{'scf.yield' op continues the loop with possibly the same buffer as carried values 0 and 1}}
    scf.yield %y, %a : memref<64xf32>, memref<64xf32>
  }
  return
}

// -----

// Loops: an inner loop breaks the rotation of the outer one.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b) -> (memref<64xf32>, memref<64xf32>) {
    // expected-note @+1 {{of this loop}}
    %r:2 = scf.for %j = %c0 to %n step %c1 iter_args(%u = %x, %v = %y) -> (memref<64xf32>, memref<64xf32>) {
      %t = ringcomm.shift_start %u to %v of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
      ringcomm.wait %t
      // expected-error @+1 {{'scf.yield' op continues the loop with possibly the same buffer as carried values 0 and 1}}
      scf.yield %v, %x : memref<64xf32>, memref<64xf32>
    }
    scf.yield %r#1, %r#0 : memref<64xf32>, memref<64xf32>
  }
  return
}

// -----

// Loops: the buffer received in the previous iteration is read by its old name.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b) -> (memref<64xf32>, memref<64xf32>) {
    // expected-note @+1 {{the exchange was started here}}
    %t = ringcomm.shift_start %x to %y of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    // expected-error @+1 {{'linalg.copy' op may read the receive buffer of an exchange in flight}}
    linalg.copy ins(%a : memref<64xf32>) outs(%c : memref<64xf32>)
    ringcomm.wait %t
    scf.yield %y, %x : memref<64xf32>, memref<64xf32>
  }
  return
}

// -----

// Loops: an exchange is left in flight.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{in this loop}}
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @+1 {{'ringcomm.shift_start' op is not awaited in every iteration, expected ringcomm.wait before the end of the loop body or a token that the loop carries}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  }
  return
}

// -----

// Loops: a token from outside is awaited in every iteration, or never.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-note @+1 {{the loop is here}}
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @+1 {{'ringcomm.wait' op takes a token from outside a loop, in every iteration, expected the loop to carry it}}
    ringcomm.wait %t
  }
  return
}

// -----

// Loops: the carried token is awaited, and yielded.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %t0) -> (!ringcomm.token) {
    // expected-note @+1 {{the token was taken here}}
    ringcomm.wait %t
    // expected-error @+1 {{'scf.yield' op takes a token for the second time}}
    scf.yield %t : !ringcomm.token
  }
  ringcomm.wait %r
  return
}

// -----

// Loops: a carried token is dropped.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-error @+1 {{'ringcomm.shift_start' op is not awaited in every iteration}}
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-note @+1 {{in this loop}}
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %t0) -> (!ringcomm.token) {
    %u = ringcomm.shift_start %a to %c of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    scf.yield %u : !ringcomm.token
  }
  ringcomm.wait %r
  return
}

// -----

// Loops: the token that went into a loop is awaited after it.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  // expected-note @+1 {{the token was taken here}}
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %t0) -> (!ringcomm.token) {
    scf.yield %t : !ringcomm.token
  }
  // expected-error @+1 {{'ringcomm.wait' op takes a token for the second time}}
  ringcomm.wait %t0
  return
}

// -----

// Loops: the carried token and the slots do not turn together.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{into the first iteration it is this exchange}}
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %r:3 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b, %t = %t0) -> (memref<64xf32>, memref<64xf32>, !ringcomm.token) {
    ringcomm.wait %t
    // expected-note @+1 {{the exchange was started here}}
    %u = ringcomm.shift_start %x to %y of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    // expected-error @+1 {{'scf.yield' op carries an exchange on other buffers into the next iteration than into this one (carried value 2), expected the same carried buffers}}
    scf.yield %y, %x, %u : memref<64xf32>, memref<64xf32>, !ringcomm.token
  }
  ringcomm.wait %r#2
  return
}

// -----

// Loops: the buffer of the carried exchange is no longer carried.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{into the first iteration it is this exchange}}
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %r:3 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b, %t = %t0) -> (memref<64xf32>, memref<64xf32>, !ringcomm.token) {
    ringcomm.wait %t
    %fresh = memref.alloc() : memref<64xf32>
    // expected-note @+1 {{the exchange was started here}}
    %u = ringcomm.shift_start %x to %fresh of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    // expected-error @+1 {{'scf.yield' op carries an exchange on other buffers into the next iteration}}
    scf.yield %x, %y, %u : memref<64xf32>, memref<64xf32>, !ringcomm.token
  }
  ringcomm.wait %r#2
  return
}

// -----

// Loops: after the loop the exchange is on its results.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %r:3 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b, %t = %t0) -> (memref<64xf32>, memref<64xf32>, !ringcomm.token) {
    ringcomm.wait %t
    %u = ringcomm.shift_start %y to %x of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    scf.yield %y, %x, %u : memref<64xf32>, memref<64xf32>, !ringcomm.token
  }
  // expected-error @+1 {{'linalg.copy' op reads the receive buffer of an exchange in flight}}
  linalg.copy ins(%r#1 : memref<64xf32>) outs(%c : memref<64xf32>)
  ringcomm.wait %r#2
  return
}

// -----

// Branches: awaited in one only.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange was started here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %cond = arith.cmpi ult, %n, %p : index
  // expected-error @+1 {{'scf.if' op takes a token in one branch only, expected both branches to leave the same exchanges in flight}}
  scf.if %cond {
    // expected-note @+1 {{the token is taken here}}
    ringcomm.wait %t
  }
  return
}

// -----

// Branches: started in one, and left.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %cond = arith.cmpi ult, %n, %p : index
  // expected-note @+1 {{in this scf.if}}
  scf.if %cond {
    // expected-error @+1 {{'ringcomm.shift_start' op is not awaited on every path, expected ringcomm.wait before the end of the branch}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  }
  return
}

// -----

// Branches: tokens of different exchanges.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %cond = arith.cmpi ult, %n, %p : index
  // expected-error @+1 {{'scf.if' op yields exchanges on different buffers from its branches, expected the same buffers}}
  %t = scf.if %cond -> !ringcomm.token {
    // expected-note @+1 {{the exchange was started here}}
    %l = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    scf.yield %l : !ringcomm.token
  } else {
    // expected-note @+1 {{the exchange was started here}}
    %r = ringcomm.shift_start %a to %c of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    scf.yield %r : !ringcomm.token
  }
  ringcomm.wait %t
  return
}

// -----

// Control flow that is not understood: regions.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-error @+1 {{'scf.while' op contains an exchange, expected only scf.for, scf.if and ringrt.span around exchanges}}
  scf.while (%go = %flag) : (i1) -> () {
    scf.condition(%go)
  } do {
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    scf.yield %flag : i1
  }
  return
}

// -----

// Control flow that is not understood: blocks.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  cf.cond_br %flag, ^exchange, ^exit
^exchange:
  // expected-error @+1 {{'ringcomm.shift_start' op is in a function of several blocks, expected structured control flow around exchanges}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  cf.br ^exit
^exit:
  return
}

// -----

// Ranks: a condition on the rank.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{it follows from this value, which is not known to be the same on all ranks}}
  %rank = ringcomm.rank @ring [0]
  %next = arith.addi %rank, %c1 : index
  %cond = arith.cmpi ult, %next, %p : index
  // expected-note @+1 {{the condition is here}}
  scf.if %cond {
    // expected-error @+1 {{'ringcomm.shift_start' op is executed under a condition that may differ between ranks, expected the same exchanges on all}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
  }
  return
}

// -----

// Ranks: loop bounds from a source.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{it follows from this value, which is not known to be the same on all ranks}}
  %source = ringcomm.source %n, %c1 of %p step 1
  // expected-note @+1 {{the loop is here}}
  scf.for %i = %c0 to %source step %c1 {
    // expected-error @+1 {{'ringcomm.shift_start' op is executed under loop bounds that may differ between ranks, expected the same exchanges on all}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
  }
  return
}

// -----

// Ranks: a shard's own size.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %s: memref<?x?xf32> {ringattn.uniform_dims = array<i64: 0>}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{it follows from this value, which is not known to be the same on all ranks}}
  %len = memref.dim %s, %c1 : memref<?x?xf32>
  %batch = memref.dim %s, %c0 : memref<?x?xf32>
  scf.for %i = %c0 to %batch step %c1 {
    // expected-note @+1 {{the loop is here}}
    scf.for %j = %c0 to %len step %c1 {
      // expected-error @+1 {{'ringcomm.shift_start' op is executed under loop bounds that may differ between ranks, expected the same exchanges on all}}
      %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
      ringcomm.wait %t
    }
  }
  return
}

// -----

// Ranks: a loaded flag.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %flags: memref<1xi1>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{it follows from this value, which is not known to be the same on all ranks}}
  %cond = memref.load %flags[%c0] : memref<1xi1>
  // expected-note @+1 {{the condition is here}}
  scf.if %cond {
    // expected-error @+1 {{'ringcomm.shift_start' op is executed under a condition that may differ between ranks, expected the same exchanges on all}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
  }
  return
}

// -----

// Ranks: an argument that is not a global size.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>,
  // expected-note @+1 {{it follows from this value, which is not known to be the same on all ranks}}
  %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the condition is here}}
  scf.if %flag {
    // expected-error @+1 {{'ringcomm.shift_start' op is executed under a condition that may differ between ranks, expected the same exchanges on all}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
  }
  return
}

// -----

// Ranks: a value that a loop carries, with the difference in its second trip.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{it follows from this value, which is not known to be the same on all ranks}}
  %rank = ringcomm.rank @ring [0]
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %c0) -> index {
    %len = ringattn.shard_length %n, %p, %rank {layout = #ringattn.contiguous}
    scf.yield %len : index
  }
  // expected-note @+1 {{the loop is here}}
  scf.for %i = %c0 to %r step %c1 {
    // expected-error @+1 {{'ringcomm.shift_start' op is executed under loop bounds that may differ between ranks, expected the same exchanges on all}}
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
  }
  return
}

// -----

// Ranks: the result of a branch on the rank.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{it follows from this value, which is not known to be the same on all ranks}}
  %rank = ringcomm.rank @ring [0]
  %cond = arith.cmpi ult, %rank, %n : index
  %k = scf.if %cond -> index {
    scf.yield %c0 : index
  } else {
    scf.yield %c1 : index
  }
  // expected-error @+1 {{'ringcomm.shift_start' op has a number of active ranks that may differ between ranks, expected the same on all}}
  %t = ringcomm.shift_start %a to %b of %k step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// Kept by unknown code while it is the one buffer, exchanged when it has become
// the other one.
shard.grid @ring(shape = ?)
func.func private @unknown(memref<64xf32>)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%cur = %a, %next = %b) -> (memref<64xf32>, memref<64xf32>) {
    // expected-note @+1 {{the buffer is leaked here}}
    func.call @unknown(%cur) : (memref<64xf32>) -> ()
    // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be reached by unknown code, expected it to be used by ops and callees of known effect}}
    %t = ringcomm.shift_start %c to %next of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    scf.yield %next, %cur : memref<64xf32>, memref<64xf32>
  }
  return
}

// -----

// The same, with the exchange after the loop.
shard.grid @ring(shape = ?)
func.func private @unknown(memref<64xf32>)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%cur = %a, %next = %b) -> (memref<64xf32>, memref<64xf32>) {
    // expected-note @+1 {{the buffer is leaked here}}
    func.call @unknown(%cur) : (memref<64xf32>) -> ()
    scf.yield %next, %cur : memref<64xf32>, memref<64xf32>
  }
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %c to %r#1 of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// An address, whoever uses it.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %x: f32) {
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the buffer is leaked here}}
  %address = ringrt.address write %a : memref<64xf32> -> !llvm.ptr
  // expected-error @+1 {{'ringcomm.shift_start' op send buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  llvm.store %x, %address : f32, !llvm.ptr
  ringcomm.wait %t
  return
}

// -----

// An address for a launch, but with the exchange between them.
module attributes {gpu.container_module} {
shard.grid @ring(shape = ?)
gpu.module @kernels {
  gpu.func @step(%a: !llvm.ptr) kernel { gpu.return }
}
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the buffer is leaked here}}
  %address = ringrt.address read_write %a : memref<64xf32> -> !llvm.ptr
  // expected-error @+1 {{'ringcomm.shift_start' op send buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  gpu.launch_func @kernels::@step blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%address : !llvm.ptr)
  ringcomm.wait %t
  return
}
}

// -----

// A tensor map likewise.
shard.grid @ring(shape = ?)
func.func private @unknown(!llvm.ptr)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  %kv = memref.expand_shape %b [[0, 1, 2, 3]] output_shape [1, 1, 8, 8] : memref<64xf32> into memref<1x1x8x8xf32>
  // expected-note @+1 {{the buffer is leaked here}}
  %map = ringrt.tensor_map %kv {box = array<i64: 8, 8>} : memref<1x1x8x8xf32> -> !llvm.ptr
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  func.call @unknown(%map) : (!llvm.ptr) -> ()
  ringcomm.wait %t
  return
}

// -----

// An asynchronous copy may still run.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  %first = gpu.wait async
  // expected-note @+1 {{the buffer is leaked here}}
  %copy = gpu.memcpy async [%first] %a, %c : memref<64xf32>, memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op send buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  gpu.wait [%copy]
  ringcomm.wait %t
  return
}

// -----

// A copy of the DMA engine too.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %tag: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %n = arith.constant 64 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the buffer is leaked here}}
  memref.dma_start %c[%c0], %a[%c0], %n, %tag[%c0] : memref<64xf32>, memref<64xf32>, memref<1xi32>
  // expected-error @+1 {{'ringcomm.shift_start' op send buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// A tensor that is the buffer.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the buffer is leaked here}}
  %tensor = bufferization.to_tensor %b restrict : memref<64xf32> to tensor<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be reached by unknown code}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %x = tensor.extract %tensor[%c0] : tensor<64xf32>
  ringcomm.wait %t
  return %x : f32
}

// -----

// A buffer that is freed.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  %x = memref.alloc() : memref<64xf32>
  // expected-note @+1 {{the buffer is freed here}}
  memref.dealloc %x : memref<64xf32>
  // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be freed before, expected it to live until the wait}}
  %t = ringcomm.shift_start %a to %x of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

// Freed in an earlier iteration, from behind the exchange.
shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %x = memref.alloc() : memref<64xf32>
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @+1 {{'ringcomm.shift_start' op receive buffer may be freed before, expected it to live until the wait}}
    %t = ringcomm.shift_start %a to %x of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    // expected-note @+1 {{the buffer is freed here}}
    memref.dealloc %x : memref<64xf32>
  }
  return
}

// -----

// Whoever has the address of a function may call it on some ranks only.
shard.grid @ring(shape = ?)
// expected-note @+1 {{the function is here}}
func.func private @exchange(%a: memref<64xf32>, %b: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %rank = ringcomm.rank @ring [0]
  %first = arith.cmpi eq, %rank, %c0 : index
  // expected-error @+1 {{'func.constant' op uses the name of a function that contains an exchange, expected none to, so that it is not called on some ranks only}}
  %exchange = func.constant @exchange : (memref<64xf32>, memref<64xf32>) -> ()
  scf.if %first {
    func.call_indirect %exchange(%a, %b) : (memref<64xf32>, memref<64xf32>) -> ()
  }
  return
}

// -----

// The runtime's call of an entry gives it distinct buffers.
shard.grid @ring(shape = ?)
func.func private @main(%a: memref<64xf32>, %b: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  // expected-note @+1 {{the exchange is here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}
func.func private @main.entry(%buffers: !llvm.ptr, %sizes: !llvm.ptr) attributes {ringattn.entry_point = "main"} {
  %descriptor = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %a = builtin.unrealized_conversion_cast %descriptor : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<64xf32>
  // expected-error @+1 {{'func.call' op calls a function that contains an exchange, expected it to be inlined}}
  call @main(%a, %a) : (memref<64xf32>, memref<64xf32>) -> ()
  return
}

// -----

// And it is made once, by all ranks.
shard.grid @ring(shape = ?)
func.func private @main(%n: index) {
  %p = ringcomm.size @ring [0]
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  // expected-note @+1 {{the exchange is here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}
func.func private @main.entry(%first: i1, %n: index) attributes {ringattn.entry_point = "main"} {
  scf.if %first {
    // expected-error @+1 {{'func.call' op calls a function that contains an exchange, expected it to be inlined}}
    func.call @main(%n) : (index) -> ()
  }
  return
}

// -----

// An entry of another name is another function's.
shard.grid @ring(shape = ?)
func.func private @main(%n: index) {
  %p = ringcomm.size @ring [0]
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  // expected-note @+1 {{the exchange is here}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}
func.func private @main.entry(%n: index) attributes {ringattn.entry_point = "other"} {
  // expected-error @+1 {{'func.call' op calls a function that contains an exchange, expected it to be inlined}}
  call @main(%n) : (index) -> ()
  return
}

// -----

// More active ranks than there are.
shard.grid @ring(shape = 4)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>) {
  %p = arith.constant 9 : index
  // expected-error @+1 {{'ringcomm.shift_start' op has 9 active ranks, expected 0 to 4, the size of the ring}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

// -----

shard.grid @ring(shape = ?)
func.func @f(%a: memref<64xf32>, %b: memref<64xf32>) {
  %p = arith.constant -1 : index
  // expected-error @+1 {{'ringcomm.shift_start' op has -1 active ranks, expected at least 0}}
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  ringcomm.wait %t
  return
}

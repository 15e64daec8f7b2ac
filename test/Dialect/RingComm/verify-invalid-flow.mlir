// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringcomm-verify)' -split-input-file -verify-diagnostics

// Loops and branches around exchanges.

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

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringcomm-verify)' -split-input-file -verify-diagnostics

// What has to be the same on all ranks.

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

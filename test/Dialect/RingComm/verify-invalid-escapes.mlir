// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringcomm-verify)' -split-input-file -verify-diagnostics

// Buffers that other code may reach: leaked, freed, or in use at another time.

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

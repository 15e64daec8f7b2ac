// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringcomm-verify)' | FileCheck %s

// Programs that ringcomm-verify accepts, unchanged.

shard.grid @ring(shape = ?)

// The ring loop: two slots that swap, compute in the shadow of the exchange.
// The compute is skipped on some ranks, the exchange on none.
// CHECK-LABEL: func.func @ring_loop
// CHECK: scf.for
// CHECK: ringcomm.shift_start
// CHECK: ringattn.online_attention
// CHECK: ringcomm.wait
func.func @ring_loop(%q: memref<1x2x?x8xf32>, %k: memref<1x2x?x8xf32>,
                     %v: memref<1x2x?x8xf32>, %o: memref<1x2x?x8xf32>,
                     %s: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %minf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %p = ringcomm.size @ring [0]
  %rank = ringcomm.rank @ring [0]
  %len = ringattn.shard_length %s, %p, %c0 {layout = #ringattn.contiguous}
  %active = arith.ceildivui %s, %len : index
  %hops = arith.subi %active, %c1 : index
  %bytes = arith.muli %len, %c16 : index
  %slotBytes = arith.muli %bytes, %c2 : index
  %nq = memref.dim %q, %c2 : memref<1x2x?x8xf32>
  %nk = memref.dim %k, %c2 : memref<1x2x?x8xf32>
  %acc = memref.alloc(%nq) : memref<1x2x?x8xf32>
  %max = memref.alloc(%nq) : memref<1x2x?xf32>
  %sum = memref.alloc(%nq) : memref<1x2x?xf32>
  linalg.fill ins(%zero : f32) outs(%acc : memref<1x2x?x8xf32>)
  linalg.fill ins(%minf : f32) outs(%max : memref<1x2x?xf32>)
  linalg.fill ins(%zero : f32) outs(%sum : memref<1x2x?xf32>)
  %slot0 = memref.alloc(%slotBytes) : memref<?xf32>
  %slot1 = memref.alloc(%slotBytes) : memref<?xf32>
  %ownBytes = arith.muli %nk, %c16 : index
  %own = memref.subview %slot0[0] [%ownBytes] [1]
    : memref<?xf32> to memref<?xf32, strided<[1]>>
  %ownK = memref.expand_shape %own [[0, 1, 2, 3]] output_shape [1, 2, %nk, 8]
    : memref<?xf32, strided<[1]>> into memref<1x2x?x8xf32>
  memref.copy %k, %ownK
    : memref<1x2x?x8xf32> to memref<1x2x?x8xf32>
  %last:2 = scf.for %h = %c0 to %hops step %c1
      iter_args(%cur = %slot0, %next = %slot1) -> (memref<?xf32>, memref<?xf32>) {
    %src = ringcomm.source %rank, %h of %active step 1
    %n = ringattn.shard_length %s, %p, %src {layout = #ringattn.contiguous}
    %size = arith.muli %n, %c16 : index
    %hnext = arith.addi %h, %c1 : index
    %srcNext = ringcomm.source %rank, %hnext of %active step 1
    %nNext = ringattn.shard_length %s, %p, %srcNext {layout = #ringattn.contiguous}
    %sizeNext = arith.muli %nNext, %c16 : index
    %send = memref.subview %cur[0] [%size] [1]
      : memref<?xf32> to memref<?xf32, strided<[1]>>
    %recv = memref.subview %next[0] [%sizeNext] [1]
      : memref<?xf32> to memref<?xf32, strided<[1]>>
    %t = ringcomm.shift_start %send to %recv of %active step 1 on @ring [0]
      : memref<?xf32, strided<[1]>> to memref<?xf32, strided<[1]>>
    %visible = arith.cmpi ule, %src, %rank : index
    scf.if %visible {
      %kflat = memref.subview %cur[0] [%size] [1]
        : memref<?xf32> to memref<?xf32, strided<[1]>>
      %kv = memref.expand_shape %kflat [[0, 1, 2, 3]] output_shape [1, 2, %n, 8]
        : memref<?xf32, strided<[1]>> into memref<1x2x?x8xf32>
      ringattn.online_attention
        ins(%q, %kv, %kv : memref<1x2x?x8xf32>,
            memref<1x2x?x8xf32>,
            memref<1x2x?x8xf32>)
        outs(%acc, %max, %sum : memref<1x2x?x8xf32>, memref<1x2x?xf32>,
             memref<1x2x?xf32>)
        at(%rank, %src of %p) global(%s, %s) hop(%h)
        {mask = #ringattn.causal, scale = 1.0 : f32, layout = #ringattn.contiguous}
    }
    ringcomm.wait %t
    scf.yield %next, %cur : memref<?xf32>, memref<?xf32>
  }
  %src = ringcomm.source %rank, %hops of %active step 1
  %n = ringattn.shard_length %s, %p, %src {layout = #ringattn.contiguous}
  %size = arith.muli %n, %c16 : index
  %kflat = memref.subview %last#0[0] [%size] [1]
    : memref<?xf32> to memref<?xf32, strided<[1]>>
  %kv = memref.expand_shape %kflat [[0, 1, 2, 3]] output_shape [1, 2, %n, 8]
    : memref<?xf32, strided<[1]>> into memref<1x2x?x8xf32>
  ringattn.online_attention
    ins(%q, %kv, %kv : memref<1x2x?x8xf32>,
        memref<1x2x?x8xf32>,
        memref<1x2x?x8xf32>)
    outs(%acc, %max, %sum : memref<1x2x?x8xf32>, memref<1x2x?xf32>,
         memref<1x2x?xf32>)
    at(%rank, %src of %p) global(%s, %s) hop(%hops)
    {mask = #ringattn.causal, scale = 1.0 : f32, layout = #ringattn.contiguous}
  ringattn.finalize
    ins(%acc, %max, %sum : memref<1x2x?x8xf32>, memref<1x2x?xf32>, memref<1x2x?xf32>)
    outs(%o : memref<1x2x?x8xf32>)
  memref.dealloc %slot0 : memref<?xf32>
  memref.dealloc %slot1 : memref<?xf32>
  return
}

// A two-sided window: two chains at once, both fed from the own block.
// CHECK-LABEL: func.func @two_chains
func.func @two_chains(%own: memref<64xf32>, %out: memref<64xf32>,
                      %left: index, %right: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  %d = memref.alloc() : memref<64xf32>
  %p = ringcomm.size @ring [0]
  %t0 = ringcomm.shift_start %own to %a of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %t1 = ringcomm.shift_start %own to %b of %p step -1 on @ring [0] : memref<64xf32> to memref<64xf32>
  linalg.copy ins(%own : memref<64xf32>) outs(%out : memref<64xf32>)
  ringcomm.wait %t1
  ringcomm.wait %t0
  %hops = arith.minui %left, %right : index
  %last:4 = scf.for %h = %c1 to %hops step %c1
      iter_args(%cl = %a, %nl = %c, %cr = %b, %nr = %d)
      -> (memref<64xf32>, memref<64xf32>, memref<64xf32>, memref<64xf32>) {
    %l = ringcomm.shift_start %cl to %nl of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    %r = ringcomm.shift_start %cr to %nr of %p step -1 on @ring [0] : memref<64xf32> to memref<64xf32>
    linalg.copy ins(%cl : memref<64xf32>) outs(%out : memref<64xf32>)
    ringcomm.wait %l
    linalg.copy ins(%nl : memref<64xf32>) outs(%out : memref<64xf32>)
    linalg.copy ins(%cr : memref<64xf32>) outs(%out : memref<64xf32>)
    ringcomm.wait %r
    scf.yield %nl, %cl, %nr, %cr : memref<64xf32>, memref<64xf32>, memref<64xf32>, memref<64xf32>
  }
  linalg.copy ins(%last#0 : memref<64xf32>) outs(%out : memref<64xf32>)
  linalg.copy ins(%last#2 : memref<64xf32>) outs(%out : memref<64xf32>)
  return
}

// The token is carried: awaited at the top of the next iteration. The loop may
// run zero times, which leaves the exchange to the wait after it.
// CHECK-LABEL: func.func @carried_token
func.func @carried_token(%hops: index, %out: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %a = memref.alloca() : memref<64xf32>
  %b = memref.alloca() : memref<64xf32>
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %last:3 = scf.for %h = %c0 to %hops step %c1 iter_args(%cur = %a, %t = %t0, %next = %b)
      -> (memref<64xf32>, !ringcomm.token, memref<64xf32>) {
    linalg.copy ins(%cur : memref<64xf32>) outs(%out : memref<64xf32>)
    ringcomm.wait %t
    linalg.copy ins(%next : memref<64xf32>) outs(%out : memref<64xf32>)
    %new = ringcomm.shift_start %next to %cur of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    scf.yield %next, %new, %cur : memref<64xf32>, !ringcomm.token, memref<64xf32>
  }
  linalg.copy ins(%last#0 : memref<64xf32>) outs(%out : memref<64xf32>)
  ringcomm.wait %last#1
  linalg.copy ins(%last#2 : memref<64xf32>) outs(%out : memref<64xf32>)
  return
}

// Three slots that rotate, with the token carried and one exchange more in
// flight than blocks in use.
// CHECK-LABEL: func.func @three_slots
func.func @three_slots(%hops: index, %out: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  %t0 = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %last:4 = scf.for %h = %c0 to %hops step %c1
      iter_args(%x = %a, %y = %b, %z = %c, %t = %t0)
      -> (memref<64xf32>, memref<64xf32>, memref<64xf32>, !ringcomm.token) {
    ringcomm.wait %t
    %new = ringcomm.shift_start %y to %z of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    linalg.copy ins(%x : memref<64xf32>) outs(%out : memref<64xf32>)
    linalg.copy ins(%out : memref<64xf32>) outs(%x : memref<64xf32>)
    scf.yield %y, %z, %x, %new : memref<64xf32>, memref<64xf32>, memref<64xf32>, !ringcomm.token
  }
  ringcomm.wait %last#3
  return
}

// A loop that runs zero times leaves the slots where they were.
// CHECK-LABEL: func.func @zero_trips
func.func @zero_trips(%out: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  %last:2 = scf.for %h = %c0 to %c0 step %c1 iter_args(%cur = %a, %next = %b)
      -> (memref<64xf32>, memref<64xf32>) {
    %t = ringcomm.shift_start %cur to %next of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
    scf.yield %next, %cur : memref<64xf32>, memref<64xf32>
  }
  // The last exchange: the results are distinct, whatever the number of trips.
  %t = ringcomm.shift_start %last#0 to %last#1 of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  linalg.copy ins(%last#0 : memref<64xf32>) outs(%out : memref<64xf32>)
  ringcomm.wait %t
  return
}

// A ring inside a loop over batches: the inner loop's slots are the outer's.
// CHECK-LABEL: func.func @nested
func.func @nested(%x: memref<?x8x?x64xf32> {ringattn.uniform_dims = array<i64: 0>},
                  %out: memref<64xf32>, %hops: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %batch = memref.dim %x, %c0 : memref<?x8x?x64xf32>
  %heads = memref.dim %x, %c1 : memref<?x8x?x64xf32>
  %n = arith.muli %batch, %heads : index
  %p = ringcomm.size @ring [0]
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  scf.for %i = %c0 to %n step %c1 iter_args(%u = %a, %v = %b, %same = %c)
      -> (memref<64xf32>, memref<64xf32>, memref<64xf32>) {
    %last:2 = scf.for %h = %c0 to %hops step %c1 iter_args(%cur = %u, %next = %v)
        -> (memref<64xf32>, memref<64xf32>) {
      %t = ringcomm.shift_start %cur to %next of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
      linalg.copy ins(%cur : memref<64xf32>) outs(%same : memref<64xf32>)
      linalg.copy ins(%c : memref<64xf32>) outs(%out : memref<64xf32>)
      ringcomm.wait %t
      scf.yield %next, %cur : memref<64xf32>, memref<64xf32>
    }
    scf.yield %last#1, %last#0, %same : memref<64xf32>, memref<64xf32>, memref<64xf32>
  }
  return
}

// Conditions on global sizes may guard exchanges; a branch may hand a token on,
// and both may await one.
// CHECK-LABEL: func.func @branches
func.func @branches(%s: index, %a: memref<64xf32>, %b: memref<64xf32>, %out: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %long = arith.cmpi ugt, %s, %c1 : index
  %active = scf.if %long -> index {
    scf.yield %p : index
  } else {
    scf.yield %c1 : index
  }
  scf.if %long {
    %t = ringcomm.shift_start %a to %b of %active step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    ringcomm.wait %t
  }
  %t = scf.if %long -> !ringcomm.token {
    %l = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    scf.yield %l : !ringcomm.token
  } else {
    %r = ringcomm.shift_start %a to %b of %p step -1 on @ring [0] : memref<64xf32> to memref<64xf32>
    scf.yield %r : !ringcomm.token
  }
  linalg.copy ins(%a : memref<64xf32>) outs(%out : memref<64xf32>)
  scf.if %long {
    ringcomm.wait %t
    linalg.copy ins(%b : memref<64xf32>) outs(%out : memref<64xf32>)
  } else {
    ringcomm.wait %t
  }
  return
}

// Kernels are calls; what they read and write is seen through.
// CHECK-LABEL: func.func @kernels
func.func @kernels(%n: index, %a: memref<64xf32>, %b: memref<64xf32>, %out: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  %rank = ringcomm.rank @ring [0]
  %even = arith.cmpi ult, %rank, %n : index
  ringrt.span pack {
    linalg.copy ins(%out : memref<64xf32>) outs(%a : memref<64xf32>)
  }
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  scf.if %even {
    ringrt.span compute (%n) {
      %scratch = memref.alloc() : memref<64xf32>
      func.call @kernel(%a, %out, %scratch) : (memref<64xf32>, memref<64xf32>, memref<64xf32>) -> ()
      ringrt.parallel_for @body, %n (%a, %out : memref<64xf32>, memref<64xf32>)
      memref.dealloc %scratch : memref<64xf32>
    }
  }
  // Outside of what is in flight, anything goes.
  func.call @unknown(%out) : (memref<64xf32>) -> ()
  ringcomm.wait %t
  return
}
func.func private @kernel(%in: memref<64xf32>, %out: memref<64xf32>, %scratch: memref<64xf32>) {
  linalg.copy ins(%in : memref<64xf32>) outs(%scratch : memref<64xf32>)
  linalg.copy ins(%scratch : memref<64xf32>) outs(%out : memref<64xf32>)
  return
}
func.func private @body(%in: memref<64xf32>, %out: memref<64xf32>, %begin: index, %end: index) {
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    memref.prefetch %in[%i], read, locality<3>, data : memref<64xf32>
    %x = memref.load %in[%i] : memref<64xf32>
    memref.store %x, %out[%i] : memref<64xf32>
  }
  return
}
func.func private @unknown(memref<64xf32>)

// Ops without exchanges may choose between buffers, while these are not in
// flight, and hold any regions.
// CHECK-LABEL: func.func @unrelated
func.func @unrelated(%cond: i1, %a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>,
                     %d: memref<64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  %x = arith.select %cond, %c, %d : memref<64xf32>
  scf.while (%go = %cond) : (i1) -> () {
    scf.condition(%go)
  } do {
    linalg.copy ins(%x : memref<64xf32>) outs(%c : memref<64xf32>)
    scf.yield %cond : i1
  }
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%u = %c, %v = %c) -> (memref<64xf32>, memref<64xf32>) {
    linalg.copy ins(%u : memref<64xf32>) outs(%v : memref<64xf32>)
    scf.yield %d, %u : memref<64xf32>, memref<64xf32>
  }
  ringcomm.wait %t
  %y = arith.select %cond, %a, %b : memref<64xf32>
  linalg.copy ins(%y : memref<64xf32>) outs(%r#0 : memref<64xf32>)
  return
}

// Addresses and tensor maps for a launch behind them, and buffers of one
// iteration.
// CHECK-LABEL: func.func @launches
module attributes {gpu.container_module} {
shard.grid @ring(shape = ?)
gpu.module @kernels {
  gpu.func @step(%k: !llvm.ptr, %o: !llvm.ptr) kernel { gpu.return }
}
func.func @launches(%a: memref<64xf32>, %o: memref<64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  %view = memref.expand_shape %a [[0, 1, 2, 3]] output_shape [1, 1, 8, 8] : memref<64xf32> into memref<1x1x8x8xf32>
  scf.for %i = %c0 to %n step %c1 {
    %b = memref.alloc() : memref<64xf32>
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    %map = ringrt.tensor_map %view {box = array<i64: 8, 8>} : memref<1x1x8x8xf32> -> !llvm.ptr
    %address = ringrt.address write %o : memref<64xf32> -> !llvm.ptr
    gpu.launch_func @kernels::@step blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%map : !llvm.ptr, %address : !llvm.ptr)
    ringcomm.wait %t
    memref.dealloc %b : memref<64xf32>
  }
  return
}
}

// Two buffers in a cross of selects: 2^30 paths to what the last one is.
// CHECK-LABEL: func.func @many_paths
func.func @many_paths(%flag: i1, %s0: memref<64xf32>, %u0: memref<64xf32>, %a: memref<64xf32>, %b: memref<64xf32>) {
  %p = ringcomm.size @ring [0]
  %s1 = arith.select %flag, %s0, %u0 : memref<64xf32>
  %u1 = arith.select %flag, %u0, %s0 : memref<64xf32>
  %s2 = arith.select %flag, %s1, %u1 : memref<64xf32>
  %u2 = arith.select %flag, %u1, %s1 : memref<64xf32>
  %s3 = arith.select %flag, %s2, %u2 : memref<64xf32>
  %u3 = arith.select %flag, %u2, %s2 : memref<64xf32>
  %s4 = arith.select %flag, %s3, %u3 : memref<64xf32>
  %u4 = arith.select %flag, %u3, %s3 : memref<64xf32>
  %s5 = arith.select %flag, %s4, %u4 : memref<64xf32>
  %u5 = arith.select %flag, %u4, %s4 : memref<64xf32>
  %s6 = arith.select %flag, %s5, %u5 : memref<64xf32>
  %u6 = arith.select %flag, %u5, %s5 : memref<64xf32>
  %s7 = arith.select %flag, %s6, %u6 : memref<64xf32>
  %u7 = arith.select %flag, %u6, %s6 : memref<64xf32>
  %s8 = arith.select %flag, %s7, %u7 : memref<64xf32>
  %u8 = arith.select %flag, %u7, %s7 : memref<64xf32>
  %s9 = arith.select %flag, %s8, %u8 : memref<64xf32>
  %u9 = arith.select %flag, %u8, %s8 : memref<64xf32>
  %s10 = arith.select %flag, %s9, %u9 : memref<64xf32>
  %u10 = arith.select %flag, %u9, %s9 : memref<64xf32>
  %s11 = arith.select %flag, %s10, %u10 : memref<64xf32>
  %u11 = arith.select %flag, %u10, %s10 : memref<64xf32>
  %s12 = arith.select %flag, %s11, %u11 : memref<64xf32>
  %u12 = arith.select %flag, %u11, %s11 : memref<64xf32>
  %s13 = arith.select %flag, %s12, %u12 : memref<64xf32>
  %u13 = arith.select %flag, %u12, %s12 : memref<64xf32>
  %s14 = arith.select %flag, %s13, %u13 : memref<64xf32>
  %u14 = arith.select %flag, %u13, %s13 : memref<64xf32>
  %s15 = arith.select %flag, %s14, %u14 : memref<64xf32>
  %u15 = arith.select %flag, %u14, %s14 : memref<64xf32>
  %s16 = arith.select %flag, %s15, %u15 : memref<64xf32>
  %u16 = arith.select %flag, %u15, %s15 : memref<64xf32>
  %s17 = arith.select %flag, %s16, %u16 : memref<64xf32>
  %u17 = arith.select %flag, %u16, %s16 : memref<64xf32>
  %s18 = arith.select %flag, %s17, %u17 : memref<64xf32>
  %u18 = arith.select %flag, %u17, %s17 : memref<64xf32>
  %s19 = arith.select %flag, %s18, %u18 : memref<64xf32>
  %u19 = arith.select %flag, %u18, %s18 : memref<64xf32>
  %s20 = arith.select %flag, %s19, %u19 : memref<64xf32>
  %u20 = arith.select %flag, %u19, %s19 : memref<64xf32>
  %s21 = arith.select %flag, %s20, %u20 : memref<64xf32>
  %u21 = arith.select %flag, %u20, %s20 : memref<64xf32>
  %s22 = arith.select %flag, %s21, %u21 : memref<64xf32>
  %u22 = arith.select %flag, %u21, %s21 : memref<64xf32>
  %s23 = arith.select %flag, %s22, %u22 : memref<64xf32>
  %u23 = arith.select %flag, %u22, %s22 : memref<64xf32>
  %s24 = arith.select %flag, %s23, %u23 : memref<64xf32>
  %u24 = arith.select %flag, %u23, %s23 : memref<64xf32>
  %s25 = arith.select %flag, %s24, %u24 : memref<64xf32>
  %u25 = arith.select %flag, %u24, %s24 : memref<64xf32>
  %s26 = arith.select %flag, %s25, %u25 : memref<64xf32>
  %u26 = arith.select %flag, %u25, %s25 : memref<64xf32>
  %s27 = arith.select %flag, %s26, %u26 : memref<64xf32>
  %u27 = arith.select %flag, %u26, %s26 : memref<64xf32>
  %s28 = arith.select %flag, %s27, %u27 : memref<64xf32>
  %u28 = arith.select %flag, %u27, %s27 : memref<64xf32>
  %s29 = arith.select %flag, %s28, %u28 : memref<64xf32>
  %u29 = arith.select %flag, %u28, %s28 : memref<64xf32>
  %s30 = arith.select %flag, %s29, %u29 : memref<64xf32>
  %u30 = arith.select %flag, %u29, %s29 : memref<64xf32>
  %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
  linalg.copy ins(%s30 : memref<64xf32>) outs(%u30 : memref<64xf32>)
  ringcomm.wait %t
  return
}

// The runtime calls an entry through a function of the entry's own.
// CHECK-LABEL: func.func private @entry
module {
shard.grid @ring(shape = ?)
func.func private @entry(%x: memref<?x64xf32> {ringattn.uniform_dims = array<i64: 0>},
                         %a: memref<64xf32>, %b: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %p = ringcomm.size @ring [0]
  // Once views are expanded, a uniform dimension is one of these.
  %base, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %x : memref<?x64xf32> -> memref<f32>, index, index, index, index, index
  scf.for %i = %c1 to %sizes#0 step %c1 {
    %t = ringcomm.shift_start %a to %b of %p step 1 on @ring [0] : memref<64xf32> to memref<64xf32>
    %first = memref.load %base[] : memref<f32>
    ringcomm.wait %t
  }
  return
}
func.func private @entry.entry(%buffers: !llvm.ptr, %sizes: !llvm.ptr) attributes {ringattn.entry_point = "entry"} {
  %0 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>
  %x = builtin.unrealized_conversion_cast %0 : !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)> to memref<?x64xf32>
  %1 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %a = builtin.unrealized_conversion_cast %1 : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<64xf32>
  %2 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %b = builtin.unrealized_conversion_cast %2 : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<64xf32>
  call @entry(%x, %a, %b) : (memref<?x64xf32>, memref<64xf32>, memref<64xf32>) -> ()
  return
}
}

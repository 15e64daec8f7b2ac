// RUN: ringattn-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(ringattn-plan-hopper-tiles,ringattn-emit-tile-program,canonicalize,cse,loop-invariant-code-motion,ringattn-schedule-tiles,ringattn-pipeline-tiles,canonicalize,cse,canonicalize),ringattn-specialize-warps,canonicalize,cse)' | FileCheck %s

// 8 heads of 32 tiles. K and V have 4 MiB: blocks start with the last tile of all
// heads. A block's head and tile are what is left of x by the heads of a group.

// CHECK-LABEL: func.func private @short(
// CHECK:         gpu.launch_func @kernels::@short blocks in (%c256, %c1, %{{.*}})
// CHECK:         llvm.func @short(
// CHECK-DAG:     %[[X:.*]] = nvvm.read.ptx.sreg.ctaid.x
// CHECK-DAG:     %[[TILES:.*]] = nvvm.read.ptx.sreg.nctaid.x
// CHECK-DAG:     %[[GROUPS:.*]] = nvvm.read.ptx.sreg.nctaid.y
// CHECK:         %[[GROUP:.*]] = arith.divui %c8_i32, %[[GROUPS]] : i32
// CHECK-DAG:     arith.remui %[[X]], %[[GROUP]] : i32
// CHECK-DAG:     %[[TILE:.*]] = arith.divui %[[X]], %[[GROUP]] : i32
// CHECK-DAG:     %[[MOST:.*]] = arith.divui %[[TILES]], %[[GROUP]] : i32
// CHECK:         %[[LAST:.*]] = arith.subi %[[MOST]], %c1_i32 : i32
// CHECK:         arith.subi %[[LAST]], %[[TILE]] : i32
!q = memref<?x8x4096x128xbf16>
!k = memref<?x2x4096x128xbf16>
!o = memref<?x8x4096x128xf32>
!m = memref<?x8x4096xf32>
func.func private @short(%q: !q, %k: !k, %v: !k, %o: !o, %m: !m, %l: !m, %r: index, %s: index) attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : !q, !k, !k) outs(%o, %m, %l : !o, !m, !m) at(%r, %r of %r) global(%s, %s) hop(%r)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.1 : f64}
  return
}

// -----

// K and V of 8 heads have 256 MiB: L2 has room for those of one.

// CHECK-LABEL: func.func private @long(
// CHECK:         gpu.launch_func @kernels::@long blocks in (%c512, %c8, %{{.*}})
!q = memref<?x8x65536x128xbf16>
!o = memref<?x8x65536x128xf32>
!m = memref<?x8x65536xf32>
func.func private @long(%q: !q, %k: !q, %v: !q, %o: !o, %m: !m, %l: !m, %r: index, %s: index) attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : !q, !q, !q) outs(%o, %m, %l : !o, !m, !m) at(%r, %r of %r) global(%s, %s) hop(%r)
    {layout = #ringattn.contiguous, mask = #ringattn.causal, scale = 0.1 : f64}
  return
}

// -----

// Without a mask all tiles are equally long, and the blocks of a head are next to
// each other.

// CHECK-LABEL: func.func private @full(
// CHECK:         gpu.launch_func @kernels::@full blocks in (%c32, %c8, %{{.*}})
// CHECK:         llvm.func @full(
// CHECK-NOT:     nvvm.read.ptx.sreg.nctaid
!q = memref<?x8x4096x128xbf16>
!o = memref<?x8x4096x128xf32>
!m = memref<?x8x4096xf32>
func.func private @full(%q: !q, %k: !q, %v: !q, %o: !o, %m: !m, %l: !m, %r: index, %s: index) attributes {ringattn.kernel} {
  ringattn.online_attention ins(%q, %k, %v : !q, !q, !q) outs(%o, %m, %l : !o, !m, !m) at(%r, %r of %r) global(%s, %s) hop(%r)
    {layout = #ringattn.contiguous, mask = #ringattn.full, scale = 0.1 : f64}
  return
}

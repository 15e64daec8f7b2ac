// RUN: ringattn-opt %s --convert-nvvm-to-sim -split-input-file -verify-diagnostics

gpu.module @kernels {
  llvm.func @k() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+2 {{'nvvm.cluster.arrive' op is not an instruction that the simulator knows}}
    // expected-note @+1 {{it knows the llvm dialect without calls, assembly and atomics in shared memory, and nvvm.bar.warp.sync, nvvm.barrier, nvvm.barrier.arrive,}}
    nvvm.cluster.arrive
    llvm.return
  }
}

// -----

// Launches that overlap.
gpu.module @kernels {
  llvm.func @k() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+2 {{'nvvm.griddepcontrol' op is not an instruction that the simulator knows}}
    // expected-note @+1 {{it knows}}
    nvvm.griddepcontrol wait
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%x: i32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+2 {{is not an instruction that the simulator knows}}
    // expected-note @+1 {{ringptx.wgmma, ringptx.wgmma_wait}}
    %0 = arith.addi %x, %x : i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+2 {{'llvm.call_intrinsic' op is not an instruction that the simulator knows}}
    // expected-note @+1 {{it knows}}
    llvm.call_intrinsic "llvm.nvvm.fence.sc.cluster"() : () -> ()
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%x: i32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+2 {{'llvm.inline_asm' op is not an instruction that the simulator knows}}
    // expected-note @+1 {{it knows the llvm dialect without calls, assembly}}
    llvm.inline_asm has_side_effects asm_dialect = att "bar.sync $0;", "r" %x : (i32) -> ()
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%bar: !llvm.ptr, %n: i32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{'nvvm.mbarrier.init' op has a generic address, which the simulator does not know}}
    nvvm.mbarrier.init %bar, %n : !llvm.ptr, i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%bar: !llvm.ptr<3>, %n: i32, %p: i1) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{has a predicate, which the simulator does not know}}
    nvvm.mbarrier.init %bar, %n, predicate = %p : !llvm.ptr<3>, i32, i1
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%bar: !llvm.ptr<3>, %n: i32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{has a count, which the simulator does not know}}
    %0 = nvvm.mbarrier.arrive %bar, %n : !llvm.ptr<3> -> i64
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%bar: !llvm.ptr<3>, %to: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{has a result that is used, which the simulator does not know}}
    %0 = nvvm.mbarrier.arrive %bar : !llvm.ptr<3> -> i64
    llvm.store %0, %to : i64, !llvm.ptr<1>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%bar: !llvm.ptr<3>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{has other memory semantics than release.cta}}
    %0 = nvvm.mbarrier.arrive %bar {relaxed = true} : !llvm.ptr<3> -> i64
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%p: i32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{reduces, which the simulator does not know}}
    %0 = nvvm.barrier #nvvm.reduction<popc> %p -> i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{is about another than the async proxy}}
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<alias>}
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%m: i32, %x: i32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{has a second result}}
    %0 = nvvm.shfl.sync bfly %m, %x, %x, %x {return_value_and_is_valid} : i32 -> !llvm.struct<(i32, i1)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%to: !llvm.ptr<7>, %map: !llvm.ptr, %bar: !llvm.ptr<3>, %x: i32, %mask: i16)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{writes to several blocks}}
    nvvm.cp.async.bulk.tensor.shared.cluster.global %to, %map, %bar, box[%x, %x] multicast_mask = %mask : !llvm.ptr<7>, !llvm.ptr
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%from: !llvm.ptr<3>, %map: !llvm.ptr, %x: i32)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{has another reduction than add}}
    nvvm.cp.async.bulk.tensor.reduce %map, %from, box[%x, %x] {redKind = #nvvm.tma_redux_kind<max>} : !llvm.ptr, !llvm.ptr<3>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%from: !llvm.ptr<3>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{has another shape than 8 x 8 of 16 bits}}
    %0 = nvvm.ldmatrix %from {num = 1 : i32, layout = #nvvm.mma_layout<col>, shape = #nvvm.ld_st_matrix_shape<m = 16, n = 16>, eltType = #nvvm.ld_st_matrix_elt_type<b8>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32)>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%p: !llvm.ptr<3>, %x: i32) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{'llvm.atomicrmw' op uses a shared pointer, which the simulator does not know}}
    %0 = llvm.atomicrmw add %p, %x monotonic : !llvm.ptr<3>, i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%p: !llvm.ptr<3>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{is an atomic load from shared memory}}
    %0 = llvm.load %p atomic monotonic {alignment = 4 : i64} : !llvm.ptr<3> -> i32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%p: !llvm.ptr<3>, %x: i1) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{stores bits to shared memory}}
    llvm.store %x, %p : i1, !llvm.ptr<3>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%p: !llvm.ptr<3>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{casts between shared and other pointers}}
    %0 = llvm.addrspacecast %p : !llvm.ptr<3> to !llvm.ptr
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{needs nvvm.maxntid, the threads of a block}}
  llvm.func @k() attributes {nvvm.kernel} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{has blocks of several dimensions, expected one}}
  llvm.func @k() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32, 2>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{has blocks of 40 threads, expected 1 to 32 warps of 32}}
  llvm.func @k() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 40>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{is not memory that the simulator knows, expected dynamic shared memory (an array without elements in address space 3)}}
  llvm.mlir.global internal @table() {addr_space = 3 : i32} : !llvm.array<8 x i8>
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{is not something that the simulator knows, expected kernels and dynamic shared memory}}
  llvm.func @device() {
    llvm.return
  }
}

// -----

// expected-note @+1 {{it is here}}
llvm.mlir.global internal constant @rs_kernel_k(0 : i32) : i32
gpu.module @kernels {
  // expected-error @+1 {{becomes @rs_kernel_k, which exists}}
  llvm.func @k() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{has parameter 1 by value without nvvm.grid_constant, expected it on every tensor map}}
  llvm.func @k(%x: i32, %map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64})
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{has parameter 0 by value with llvm.align = 32, expected at least 64 of a tensor map}}
  llvm.func @k(%map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 32 : i64, nvvm.grid_constant})
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{has parameter 0 by value with llvm.align = 1, expected at least 64 of a tensor map}}
  llvm.func @k(%map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant})
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @k(%x: i3, %to: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // expected-error @+1 {{accesses bits of global memory, which the simulator does not know}}
    llvm.store %x, %to : i3, !llvm.ptr<1>
    llvm.return
  }
}

// One warp; each thread computes functions of its value, one a row of the result,
// and exchanges it with others: through shared memory with the lane beside it, by a
// shuffle with the lane two away.
gpu.module @kernels {
  llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  llvm.func @values(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>)
      attributes {gpu.kernel, nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    %c1 = llvm.mlir.constant(1 : i32) : i32
    %c2 = llvm.mlir.constant(2 : i32) : i32
    %c31 = llvm.mlir.constant(31 : i32) : i32
    %all = llvm.mlir.constant(-1 : i32) : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %from = llvm.getelementptr %in[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %to = llvm.getelementptr %out[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %x = llvm.load %from : !llvm.ptr<1> -> f32

    %ex2 = ringptx.ex2 %x : f32
    llvm.store %ex2, %to : f32, !llvm.ptr<1>
    %to1 = llvm.getelementptr %to[32] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    %lg2 = ringptx.lg2 %x : f32
    llvm.store %lg2, %to1 : f32, !llvm.ptr<1>
    %to2 = llvm.getelementptr %to[64] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    %rcp = ringptx.rcp %x : f32
    llvm.store %rcp, %to2 : f32, !llvm.ptr<1>
    %to3 = llvm.getelementptr %to[96] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    %tf32 = ringptx.to_tf32 %x : f32
    llvm.store %tf32, %to3 : f32, !llvm.ptr<1>
    %to4 = llvm.getelementptr %to[128] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    %bf16 = llvm.fptrunc %x : f32 to bf16
    %wide = llvm.fpext %bf16 : bf16 to f32
    llvm.store %wide, %to4 : f32, !llvm.ptr<1>

    %s = llvm.mlir.addressof @shared : !llvm.ptr<3>
    %mine = llvm.getelementptr %s[%lane] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    llvm.store %x, %mine : f32, !llvm.ptr<3>
    nvvm.bar.warp.sync %all : i32 // #sync
    %beside = llvm.xor %lane, %c1 : i32
    %other = llvm.getelementptr %s[%beside] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %y = llvm.load %other : !llvm.ptr<3> -> f32
    %to5 = llvm.getelementptr %to[160] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    llvm.store %y, %to5 : f32, !llvm.ptr<1>
    %z = nvvm.shfl.sync bfly %all, %x, %c2, %c31 : f32 -> f32
    %to6 = llvm.getelementptr %to[192] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f32
    llvm.store %z, %to6 : f32, !llvm.ptr<1>
    llvm.return
  }
}

// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

gpu.module @kernels {
  // CHECK-LABEL: llvm.func internal @rs_kernel_math.function(
  llvm.func @math(%x: vector<4xf32>, %y: f32, %to: !llvm.ptr<1>)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // CHECK: %[[X:.*]] = llvm.load %{{.*}} -> vector<4xf32>
    // CHECK: %[[Y:.*]] = llvm.load %{{.*}} -> f32
    // Subnormal numbers are zeros of their sign, before and after.
    // CHECK: %[[ABS:.*]] = llvm.intr.fabs(%[[X]])
    // CHECK: %[[TINY:.*]] = llvm.fcmp "olt" %[[ABS]]
    // CHECK: %[[SIGNED:.*]] = llvm.intr.copysign(%{{.*}}, %[[X]])
    // CHECK: %[[FLUSHED:.*]] = llvm.select %[[TINY]], %[[SIGNED]], %[[X]]
    // CHECK: %[[E:.*]] = llvm.intr.exp2(%[[FLUSHED]])
    // CHECK: llvm.select %{{.*}}, %{{.*}}, %[[E]]
    %0 = ringptx.ex2 %x : vector<4xf32>
    llvm.store %0, %to : vector<4xf32>, !llvm.ptr<1>
    // CHECK: llvm.intr.log2(%{{.*}}) : (f32) -> f32
    %1 = ringptx.lg2 %y : f32
    llvm.store %1, %to : f32, !llvm.ptr<1>
    // CHECK: llvm.fdiv %{{.*}}, %{{.*}} : f32
    %2 = ringptx.rcp %y : f32
    llvm.store %2, %to : f32, !llvm.ptr<1>
    // Ties go away from zero.
    // CHECK: %[[BITS:.*]] = llvm.bitcast %[[Y]] : f32 to i32
    // CHECK: %[[HALF:.*]] = llvm.mlir.constant(4096 : i32)
    // CHECK: llvm.add %[[BITS]], %[[HALF]]
    // CHECK: llvm.mlir.constant(-8192 : i32)
    %3 = ringptx.to_tf32 %y : f32
    llvm.store %3, %to : f32, !llvm.ptr<1>
    // Ties go to even; a bf16 is its bits.
    // CHECK: llvm.lshr
    // CHECK: llvm.mlir.constant(dense<32767> : vector<4xi32>)
    // CHECK: %[[ROUNDED:.*]] = llvm.trunc %{{.*}} : vector<4xi32> to vector<4xi16>
    // CHECK: llvm.store %[[ROUNDED]], %{{.*}} : vector<4xi16>, !llvm.ptr
    %4 = llvm.fptrunc %x : vector<4xf32> to vector<4xbf16>
    llvm.store %4, %to : vector<4xbf16>, !llvm.ptr<1>
    // NaNs stand for results of unfinished products.
    // CHECK: llvm.fadd %[[X]], %[[X]] {fastmathFlags = #llvm.fastmath<contract>}
    %5 = llvm.fadd %x, %x {fastmathFlags = #llvm.fastmath<nnan, nsz, contract>} : vector<4xf32>
    llvm.store %5, %to : vector<4xf32>, !llvm.ptr<1>
    // CHECK: llvm.intr.maxnum(%[[X]], %[[X]]) :
    %6 = llvm.intr.maxnum(%x, %x) {fastmathFlags = #llvm.fastmath<nnan>} : (vector<4xf32>, vector<4xf32>) -> vector<4xf32>
    llvm.store %6, %to : vector<4xf32>, !llvm.ptr<1>
    llvm.return
  }
}

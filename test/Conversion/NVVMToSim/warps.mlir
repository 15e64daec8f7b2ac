// RUN: ringattn-opt %s --convert-nvvm-to-sim | FileCheck %s

gpu.module @kernels {
  // CHECK-LABEL: llvm.func internal @rs_kernel_registers.function(
  // CHECK-SAME:    %[[T:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
  llvm.func @registers(%to: !llvm.ptr<1>)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 32>} {
    // CHECK: %[[R0:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[8]
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R0]]) : !llvm.ptr, (!llvm.ptr, i32) -> i32
    %0 = nvvm.read.ptx.sreg.tid.x : i32
    // CHECK: %[[R1:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R1]]) :
    %1 = nvvm.read.ptx.sreg.ntid.x : i32
    // CHECK: %[[R2:.*]] = llvm.mlir.constant(2 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R2]]) :
    %2 = nvvm.read.ptx.sreg.ctaid.x : i32
    // CHECK: %[[R3:.*]] = llvm.mlir.constant(3 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R3]]) :
    %3 = nvvm.read.ptx.sreg.ctaid.y : i32
    // CHECK: %[[R4:.*]] = llvm.mlir.constant(4 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R4]]) :
    %4 = nvvm.read.ptx.sreg.ctaid.z : i32
    // CHECK: %[[R5:.*]] = llvm.mlir.constant(5 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R5]]) :
    %5 = nvvm.read.ptx.sreg.nctaid.x : i32
    // CHECK: %[[R6:.*]] = llvm.mlir.constant(6 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R6]]) :
    %6 = nvvm.read.ptx.sreg.nctaid.y : i32
    // CHECK: %[[R7:.*]] = llvm.mlir.constant(7 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %[[R7]]) :
    %7 = nvvm.read.ptx.sreg.nctaid.z : i32
    // CHECK: %[[R8:.*]] = llvm.mlir.constant(8 : i32)
    // CHECK: %[[LANE:.*]] = llvm.call %{{.*}}(%[[T]], %[[R8]]) :
    %8 = nvvm.read.ptx.sreg.laneid : i32
    // CHECK: %[[SIZE:.*]] = llvm.mlir.constant(32 : i32)
    %9 = nvvm.read.ptx.sreg.warpsize : i32
    // CHECK: llvm.add %[[LANE]], %[[SIZE]]
    %sum = llvm.add %8, %9 : i32
    llvm.store %sum, %to : i32, !llvm.ptr<1>
    llvm.return
  }

  // CHECK-LABEL: llvm.func internal @rs_kernel_lanes.function(
  // CHECK-SAME:    %[[T:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
  llvm.func @lanes(%mask: i32, %x: f32, %n: i32, %lane: i32, %clamp: i32, %to: !llvm.ptr<1>)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
    // CHECK: %[[MASK:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[X:.*]] = llvm.load %{{.*}} -> f32
    // CHECK: %[[N:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[L:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[C:.*]] = llvm.load %{{.*}} -> i32
    // CHECK: %[[BITS:.*]] = llvm.bitcast %[[X]] : f32 to i32
    // CHECK: %[[BFLY:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[24]
    // CHECK: %[[R:.*]] = llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[MASK]], %[[BITS]], %[[L]], %[[C]], %[[BFLY]])
    // CHECK-SAME: (!llvm.ptr, i32, i32, i32, i32, i32, i32) -> i32
    // CHECK: llvm.bitcast %[[R]] : i32 to f32
    %0 = nvvm.shfl.sync bfly %mask, %x, %lane, %clamp : f32 -> f32
    // CHECK: llvm.store
    llvm.store %0, %to : f32, !llvm.ptr<1>
    // CHECK: %[[IDX:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[MASK]], %[[N]], %[[L]], %[[C]], %[[IDX]])
    %1 = nvvm.shfl.sync idx %mask, %n, %lane, %clamp : i32 -> i32
    // CHECK: %[[UP:.*]] = llvm.mlir.constant(2 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[MASK]], %[[N]], %[[L]], %[[C]], %[[UP]])
    %2 = nvvm.shfl.sync up %mask, %n, %lane, %clamp : i32 -> i32
    // CHECK: %[[DOWN:.*]] = llvm.mlir.constant(3 : i32)
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[MASK]], %[[N]], %[[L]], %[[C]], %[[DOWN]])
    %3 = nvvm.shfl.sync down %mask, %n, %lane, %clamp : i32 -> i32
    // CHECK: %[[ALL:.*]] = llvm.mlir.constant(-1 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[32]
    // CHECK: %[[E:.*]] = llvm.call %{{.*}}, %[[ALL]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> i32
    // CHECK: llvm.icmp "ne" %[[E]], %{{.*}} : i32
    %4 = nvvm.elect.sync -> i1
    // CHECK: llvm.getelementptr %{{.*}}[200]
    // CHECK: llvm.call %{{.*}}(%[[T]], %{{.*}}, %[[MASK]]) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
    nvvm.bar.warp.sync %mask : i32
    // CHECK: %[[INC:.*]] = llvm.mlir.constant(1 : i32)
    // CHECK: %[[C240:.*]] = llvm.mlir.constant(240 : i32)
    // CHECK: llvm.getelementptr %{{.*}}[40]
    // CHECK: llvm.call %{{.*}}, %[[INC]], %[[C240]]) : !llvm.ptr, (!llvm.ptr, i32, i32, i32) -> ()
    nvvm.setmaxregister increase 240
    // CHECK: %[[DEC:.*]] = llvm.mlir.constant(0 : i32)
    // CHECK: %[[C24:.*]] = llvm.mlir.constant(24 : i32)
    // CHECK: llvm.call %{{.*}}, %[[DEC]], %[[C24]]) :
    nvvm.setmaxregister decrease 24
    llvm.return
  }
}

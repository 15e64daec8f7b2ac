// RUN: ringattn-opt %s -verify-diagnostics -pass-pipeline='builtin.module(ringattn-launch-loops)'

module attributes {gpu.container_module} {
func.func @around(%o: memref<4xf32>) attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%o : memref<4xf32>) {
  ^bb0(%x: f32):
    // expected-error@+1 {{'math.exp' around attention has no code for GPUs, expected ops of arith, or the program split around it}}
    %y = math.exp %x : f32
    linalg.yield %y : f32
  }
  return
}
gpu.module @kernels {}
}

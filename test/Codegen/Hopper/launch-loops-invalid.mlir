// RUN: ringattn-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(ringattn-launch-loops)'

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

// -----

module attributes {gpu.container_module} {
memref.global "private" constant @numbers : memref<2xf32> = dense<[1.0, 2.0]>
func.func @constants(%o: memref<2xf32>) attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  // expected-error@+1 {{constant of the program is not in the memory of a GPU, expected a splat, or an argument}}
  %c = memref.get_global @numbers : memref<2xf32>
  linalg.copy ins(%c : memref<2xf32>) outs(%o : memref<2xf32>)
  return
}
gpu.module @kernels {}
}

// -----

module attributes {gpu.container_module} {
func.func @host(%o: memref<f32>, %a: memref<4xf32>) attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  // expected-error@+1 {{the host would access an array in the memory of a GPU, expected ops on whole tensors around attention}}
  %x = memref.load %o[] : memref<f32>
  linalg.fill ins(%x : f32) outs(%a : memref<4xf32>)
  return
}
gpu.module @kernels {}
}

// -----

module attributes {gpu.container_module} {
func.func @large(%o: memref<65536x2x2xf32>) attributes {ringattn.entry = {arguments = [], equal = [], results = []}} {
  %x = arith.constant 0.0 : f32
  // expected-error@+1 {{has 65536 points in its outer dimensions, expected at most 65535 around attention on GPUs}}
  linalg.fill ins(%x : f32) outs(%o : memref<65536x2x2xf32>)
  return
}
gpu.module @kernels {}
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-emit-tile-program))' -split-input-file -verify-diagnostics

// expected-error @below {{kernel has no tile plan, expected the attribute ringattn.tiles}}
func.func @none(%o: memref<1x1x8x4xf32>, %m: memref<1x1x8xf32>) attributes {ringattn.kernel} {
  ringattn.finalize ins(%o, %m, %m : memref<1x1x8x4xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>) outs(%o : memref<1x1x8x4xf32>)
  return
}

// -----

// expected-error @below {{masked_columns is 48, expected a divisor of columns 64}}
func.func @divisor(%o: memref<1x1x8x4xf32>, %m: memref<1x1x8xf32>) attributes {ringattn.kernel, ringattn.tiles =
    {columns = 64, head_size = 4, masked_columns = 48, operand = f32, rows = 8, value_size = 16}} {
  ringattn.finalize ins(%o, %m, %m : memref<1x1x8x4xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>) outs(%o : memref<1x1x8x4xf32>)
  return
}

// -----

// expected-error @below {{rows is missing, expected a size from 1 to 1048576}}
func.func @rows(%o: memref<1x1x8x4xf32>, %m: memref<1x1x8xf32>) attributes {ringattn.kernel, ringattn.tiles = {}} {
  ringattn.finalize ins(%o, %m, %m : memref<1x1x8x4xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>) outs(%o : memref<1x1x8x4xf32>)
  return
}

// -----

// expected-error @below {{rows is 0, expected a size from 1 to 1048576}}
func.func @zero(%o: memref<1x1x8x4xf32>, %m: memref<1x1x8xf32>) attributes {ringattn.kernel, ringattn.tiles = {rows = 0}} {
  ringattn.finalize ins(%o, %m, %m : memref<1x1x8x4xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>) outs(%o : memref<1x1x8x4xf32>)
  return
}

// -----

// expected-error @below {{operand is i32, expected a float type}}
func.func @operand(%o: memref<1x1x8x4xf32>, %m: memref<1x1x8xf32>) attributes {ringattn.kernel, ringattn.tiles =
    {columns = 64, head_size = 4, masked_columns = 32, operand = i32, rows = 8, value_size = 16}} {
  ringattn.finalize ins(%o, %m, %m : memref<1x1x8x4xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>) outs(%o : memref<1x1x8x4xf32>)
  return
}

// RUN: not ringattn-opt %s -ringattn-pipeline=compile-to=tile 2>&1 | FileCheck %s

// CHECK: :[[@LINE+2]]:{{[0-9]+}}: error: head size is 4097, expected at most 1024 on CPUs
func.func @main(%q: tensor<1x1x8x4097xf32>) -> tensor<1x1x8x4097xf32> {
  %o = ringattn.attention %q, %q, %q
    : (tensor<1x1x8x4097xf32>, tensor<1x1x8x4097xf32>, tensor<1x1x8x4097xf32>) -> tensor<1x1x8x4097xf32>
  return %o : tensor<1x1x8x4097xf32>
}

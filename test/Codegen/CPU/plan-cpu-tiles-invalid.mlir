// RUN: not ringattn-opt %s -ringattn-pipeline=compile-to=tile 2>&1 | FileCheck %s

// CHECK: :[[@LINE+2]]:{{[0-9]+}}: error: head size is 16385, expected at most 16384 on CPUs
func.func @main(%q: tensor<1x1x8x16385xf32>) -> tensor<1x1x8x16385xf32> {
  %o = ringattn.attention %q, %q, %q
    : (tensor<1x1x8x16385xf32>, tensor<1x1x8x16385xf32>, tensor<1x1x8x16385xf32>) -> tensor<1x1x8x16385xf32>
  return %o : tensor<1x1x8x16385xf32>
}

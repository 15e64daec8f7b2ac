func.func @main(%q: tensor<1x2x16x8xf32>) -> tensor<1x1x16x8xf32> {
  %o = ringattn.attention %q, %q, %q : (tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>) -> tensor<1x2x16x8xf32>
  %s = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 16, 8] [1, 1, 1, 1] : tensor<1x2x16x8xf32> to tensor<1x1x16x8xf32>
  return %s : tensor<1x1x16x8xf32>
}

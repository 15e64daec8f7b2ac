// RUN: ringattn-opt %s -split-input-file -verify-diagnostics -ringattn-emit-module-query

module attributes {ringattn.manifest = "{}"} {
  // expected-error@+1 {{is GPU code of the program's own, expected none}}
  gpu.module @mine {
  }
}

// -----

module attributes {ringattn.manifest = "{}", ringrt.kernels = [
    #ringrt.kernel<"step", threads = 384, shared_bytes = 1024>]} {
  gpu.binary @kernels [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "PTX">]
  // expected-error@+1 {{is GPU code of the program's own, expected none}}
  gpu.binary @mine [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = "PTX">]
}

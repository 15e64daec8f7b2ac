// A plan is read, edited, and compiled with.
// RUN: ringattn-opt %s -ringattn-pipeline="target=sm_90a compile-to=scheduled" | ringattn-opt -ringattn-hopper-plan -o %t.mlir
// RUN: FileCheck %s --check-prefix=PLAN < %t.mlir
// RUN: sed -i 's/columns = 128/columns = 64/g' %t.mlir
// RUN: ringattn-opt %t.mlir -ringattn-pipeline="target=sm_90a compile-to=tile" | FileCheck %s --check-prefix=TILE
// RUN: ringattn-run %t.mlir --device=sim --random-inputs=1 --check | FileCheck %s --check-prefix=RESULT
// RUN: sed -i 's/columns = 64/columns = 60/g' %t.mlir
// RUN: not ringattn-compile %t.mlir --target=sm_90a -o %t.so 2>&1 | FileCheck %s --check-prefix=WRONG

// PLAN: func.func private @attention_kernel
// PLAN-SAME: ringattn.tiles = {columns = 128 : i64, {{.*}}masked_columns = 128 : i64
// PLAN:   ringattn.online_attention
// TILE: ringattn.load_tile {{.*}} -> tensor<64x64xbf16>
// RESULT: check result 0: {{.*}} ok
// WRONG: error: {{.*}}: 'func.func' op ringattn.tiles columns is 60, expected a multiple of 16 up to 256
func.func @main(%q: tensor<1x2x200x64xbf16>, %k: tensor<1x1x200x64xbf16>) -> tensor<1x2x200x64xbf16> {
  %o = ringattn.attention %q, %k, %k {mask = #ringattn.causal}
    : (tensor<1x2x200x64xbf16>, tensor<1x1x200x64xbf16>, tensor<1x1x200x64xbf16>) -> tensor<1x2x200x64xbf16>
  return %o : tensor<1x2x200x64xbf16>
}

// RUN: ringattn-opt %s --pass-pipeline='builtin.module(ringattn-outline-parallel)' -split-input-file -verify-diagnostics

func.func @results(%t: tensor<4xf32>) attributes {ringattn.kernel} {
  // expected-error@+1 {{'scf.forall' op has 1 results, expected none}}
  %0 = scf.forall (%i) in (4) shared_outs(%s = %t) -> tensor<4xf32> {
    scf.forall.in_parallel {
    }
  }
  return
}

// -----

func.func @steps(%n: index) attributes {ringattn.kernel} {
  // expected-error@+1 {{'scf.forall' op has lower bounds (0, ?) and steps (2, 1), expected 0 and 1}}
  scf.forall (%i, %j) = (0, %n) to (4, 8) step (2, 1) {
  }
  return
}

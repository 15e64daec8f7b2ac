// RUN: ringattn-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(func.func(ringattn-pipeline-tiles))'

func.func private @three_stages(%n: index) attributes {ringattn.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    // expected-error@+1 {{is scheduled in stage 2, expected 0 or 1}}
    %x = arith.addi %i, %c1 {ringattn.schedule = array<i64: 2, 0>} : index
  }
  return
}

// RUN: ringattn-opt %s -split-input-file -verify-diagnostics --ringattn-specialize-warps

// expected-error@+1 {{kernel has no sm_90a plan, expected the attribute ringattn.hopper}}
func.func private @unplanned() attributes {ringattn.kernel} {
  return
}

// -----

// expected-error@+1 {{ringattn.hopper consumer_registers is 100, expected a multiple of 8 from 0 to 256}}
func.func private @registers() attributes {ringattn.kernel, ringattn.hopper = {consumers = 2, stages = 2, producer_registers = 24, consumer_registers = 100}} {
  return
}

// -----

func.func private @grids() attributes {ringattn.kernel, ringattn.hopper = {consumers = 2, stages = 0, producer_registers = 0, consumer_registers = 0}} {
  scf.forall (%t) in (4) {
  }
  // expected-error@+1 {{is a second grid, expected one in a kernel}}
  scf.forall (%t) in (4) {
  }
  return
}

// -----

func.func private @number() attributes {ringattn.kernel, ringattn.hopper = {consumers = 2, stages = 0, producer_registers = 0, consumer_registers = 0}} {
  scf.forall (%t) in (4) {
    // expected-error@+1 {{is 4294967296, expected a number of 32 bits on GPUs}}
    %large = arith.constant 4294967296 : index
    %sum = arith.addi %t, %large : index
  }
  return
}

// -----

// expected-error@+1 {{is GPU code of the program's own, expected none}}
gpu.module @mine {
}
func.func private @kernel() attributes {ringattn.kernel, ringattn.hopper = {consumers = 2, stages = 0, producer_registers = 0, consumer_registers = 0}} {
  return
}

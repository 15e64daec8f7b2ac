// RUN: ringattn-opt %s --pass-pipeline='builtin.module(func.func(ringattn-expand-cpu-math))' -split-input-file -verify-diagnostics

// expected-error @below {{kernel has no CPU plan, expected the attribute ringattn.cpu}}
func.func @none() attributes {ringattn.kernel} {
  return
}

// -----

// expected-error @below {{ringattn.cpu lanes is missing, expected a size from 1 to 1048576}}
func.func @missing() attributes {ringattn.kernel, ringattn.cpu = {}} {
  return
}

// -----

// expected-error @below {{ringattn.cpu lanes is "many", expected a size from 1 to 1048576}}
func.func @text() attributes {ringattn.kernel, ringattn.cpu = {lanes = "many"}} {
  return
}

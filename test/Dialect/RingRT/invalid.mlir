// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

func.func @unknown(%n: index) {
  // expected-error@+1 {{'ringrt.parallel_for' op names the unknown function @body, expected a function of the module}}
  ringrt.parallel_for @body, %n
  return
}

// -----

func.func private @body(%a: f32, %begin: index)
func.func @type(%n: index, %a: f32) {
  // expected-error@+1 {{'ringrt.parallel_for' op function @body has type '(f32, index) -> ()', expected '(f32, index, index) -> ()': the captures and two indices}}
  ringrt.parallel_for @body, %n (%a : f32)
  return
}

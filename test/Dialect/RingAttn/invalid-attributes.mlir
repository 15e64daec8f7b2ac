// RUN: ringattn-opt %s -split-input-file -verify-diagnostics

// One case for each diagnostic of the attributes that the dialect puts on ops of
// others.

// expected-error@+1 {{'func.func' op ringattn.entry is 3 : i32, expected a dictionary}}
func.func @f() attributes {ringattn.entry = 3 : i32} { return }

// -----

// expected-error@+1 {{'builtin.module' op has the attribute ringattn.entry, expected it on a function}}
module attributes {ringattn.entry = {arguments = [], results = [], equal = []}} {}

// -----

// expected-error@+1 {{'func.func' op ringattn.entry arguments is missing, expected an array}}
func.func @f() attributes {ringattn.entry = {}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry has "argument", expected arguments, results, equal}}
func.func @f() attributes {ringattn.entry = {argument = [], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry argument 0 is 1 : i64, expected a dictionary}}
func.func @f() attributes {ringattn.entry = {arguments = [1], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry argument 0 type is missing, expected a ranked tensor type}}
func.func @f() attributes {ringattn.entry = {arguments = [{}], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry result 0 type is memref<4xf32>, expected a ranked tensor type}}
func.func @f() attributes {ringattn.entry = {arguments = [], results = [{type = memref<4xf32>}], equal = []}} { return }

// -----

// A misspelt sharding must not become a replica.
// expected-error@+1 {{'func.func' op ringattn.entry argument 0 has "shard", expected type, sharding, dim, sizes}}
func.func @f() attributes {ringattn.entry = {arguments = [{type = tensor<4xf32>, shard = 1}], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry argument 0 sharding is #ringattn.zigzag, expected #ringattn.seq_sharding}}
func.func @f() attributes {ringattn.entry = {arguments = [{type = tensor<4xf32>, sharding = #ringattn.zigzag, dim = 0}], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry argument 0 sharding is missing, expected one, as there is a dim}}
func.func @f() attributes {ringattn.entry = {arguments = [{type = tensor<4xf32>, dim = 0}], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry argument 0 dim is 7 : i64, expected a dimension below 1}}
func.func @f() attributes {ringattn.entry = {arguments = [{type = tensor<4xf32>, sharding = #ringattn.seq_sharding<@ring, axes = [0]>, dim = 7}], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry argument 0 sizes is [], expected none, which only results have}}
func.func @f() attributes {ringattn.entry = {arguments = [{type = tensor<4xf32>, sizes = []}], results = [], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry result 0 sizes is [], expected an array of 1 sizes, one a dynamic dimension}}
func.func @f() attributes {ringattn.entry = {arguments = [], results = [{type = tensor<?xf32>, sizes = []}], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry result 0 size is array<i64: 0, 1>, expected an argument and its dimension}}
func.func @f() attributes {ringattn.entry = {arguments = [{type = tensor<?xf32>}], results = [{type = tensor<?xf32>, sizes = [array<i64: 0, 1>]}], equal = []}} { return }

// -----

// expected-error@+1 {{'func.func' op ringattn.entry equal is array<i64: 1>, expected an argument and its dimension, then a size or another argument and its dimension}}
func.func @f() attributes {ringattn.entry = {arguments = [], results = [], equal = [array<i64: 1>]}} { return }

// -----

func.func @f(%n: index) {
  // expected-error@+1 {{'scf.for' op ringattn.ring is true, expected a unit attribute}}
  scf.for %i = %n to %n step %n {
  } {ringattn.ring = true}
  return
}

// -----

func.func @f(%n: index) {
  // expected-error@+1 {{'scf.for' op ringattn.schedule is "all", expected #ringattn.ring_schedule or an array of a stage and a slot}}
  scf.for %i = %n to %n step %n {
  } {ringattn.schedule = "all"}
  return
}

// -----

// expected-error@+1 {{'func.func' op ringattn.entry_point is 1 : i64, expected a string}}
func.func @f() attributes {ringattn.entry_point = 1} { return }

// -----

// expected-error@+1 {{'builtin.module' op ringattn.groups is [0], expected an array of arrays of grid axes}}
module attributes {ringattn.groups = [0]} {}

// -----

// expected-error@+1 {{'func.func' op argument 0 has "ringattn.uniform_dims" = array<i64: 2>, expected an array of its dimensions}}
func.func @f(%x: memref<4x4xf32> {ringattn.uniform_dims = array<i64: 2>}) { return }

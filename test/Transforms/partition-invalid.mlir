// RUN: ringattn-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(ringattn-partition)'

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @layouts_meet(%q: !t) -> !t {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  // expected-error @below {{two shardings meet here: #ringattn.seq_sharding<@ring, axes = [0]> and #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>; expected one}}
  %b = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>} : (!t, !t, !t) -> !t
  %c = arith.addf %a, %b : !t
  return %c : !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @unsharded_beside_sharded(%q: !t, %k: !t) -> (!t, !t) {
  // expected-note @below {{this one has #ringattn.seq_sharding<@ring, axes = [0]>}}
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  // expected-error @below {{has no sharding, expected one as in the program's other attentions}}
  %b = ringattn.attention %k, %k, %k : (!t, !t, !t) -> !t
  return %a, %b : !t, !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
shard.grid @other(shape = 2)
func.func @two_grids(%q: !t, %k: !t) -> (!t, !t) {
  // expected-note @below {{@ring is used here}}
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  // expected-error @below {{uses the grid @other, expected @ring: the ranks of a module form one grid}}
  %b = ringattn.attention %k, %k, %k {sharding = #ringattn.seq_sharding<@other, axes = [0]>} : (!t, !t, !t) -> !t
  return %a, %b : !t, !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
shard.grid @other(shape = 2x3)
func.func @first_grid(%q: !t) -> !t {
  // expected-note @below {{@ring is used here}}
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %a : !t
}
func.func @second_grid(%q: !t) -> !t {
  // expected-error @below {{uses the grid @other, expected @ring: the ranks of a module form one grid}}
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@other, axes = [0]>} : (!t, !t, !t) -> !t
  return %a : !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @reduction(%q: !t) -> tensor<1x1x4xf32> {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  %e = tensor.empty() : tensor<1x1x4xf32>
  // expected-error @below {{reduces along the sharded sequence (loop 2), expected an op that is independent along it}}
  %r = linalg.reduce {arith.addf} ins(%a : !t) outs(%e : tensor<1x1x4xf32>) dimensions = [2]
  return %r : tensor<1x1x4xf32>
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @index(%q: !t) -> !t {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  %e = tensor.empty() : !t
  %r = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%a : !t) outs(%e : !t) {
  ^bb0(%x: f32, %y: f32):
    // expected-error @below {{reads the index of the sharded sequence (loop 2), expected none}}
    %i = linalg.index 2 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    linalg.yield %f : f32
  } -> !t
  return %r : !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @reshape(%q: !t) -> tensor<1x8x4xf32> {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  // expected-error @below {{'tensor.collapse_shape' on a sharded sequence is not supported, expected ops that are independent along the sequence}}
  %r = tensor.collapse_shape %a [[0, 1], [2], [3]] : !t into tensor<1x8x4xf32>
  return %r : tensor<1x8x4xf32>
}

// -----

!t = tensor<1x1x2x1xf32>
shard.grid @ring(shape = 2)
func.func @constant(%q: !t) -> !t {
  // expected-error @below {{a constant that varies along the sharded sequence is not supported, expected a splat or an argument}}
  %c = arith.constant dense<[[[[1.0], [2.0]]]]> : !t
  %k = arith.addf %q, %c : !t
  %a = ringattn.attention %q, %k, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %a : !t
}

// -----

!t = tensor<1x8x8x4xf32>
shard.grid @ring(shape = 2)
func.func @transposed(%q: !t) -> !t {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  %e = tensor.empty() : !t
  // expected-error @below {{two loops (2 and 1) run along the sharded sequence, expected one}}
  %r = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, c, b, d)>,
                       affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%a, %a : !t, !t) outs(%e : !t) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> !t
  return %r : !t
}

// -----

// expected-error @below {{argument 0 of entry 'scalar' has type 'f32', expected a ranked tensor}}
func.func @scalar(%x: f32) {
  return
}

// -----

func.func private @callee(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @call(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @below {{calls are not supported in an entry, expected them to be inlined}}
  %y = call @callee(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// expected-error @below {{function 'external' has no body, expected a definition}}
func.func private @external(tensor<2xf32>)

// -----

func.func @computed_size(%x: tensor<?xf32>, %n: tensor<i64>) -> tensor<?xf32> {
  %i = tensor.extract %n[] : tensor<i64>
  %s = arith.index_cast %i : i64 to index
  %e = tensor.empty(%s) : tensor<?xf32>
  // expected-error @below {{the size of dimension 0 of result 0 is computed by the program, expected a static size or the size of an argument}}
  return %e : tensor<?xf32>
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @conditional_attention(%q: !t, %b: tensor<i1>) -> !t {
  %c = tensor.extract %b[] : tensor<i1>
  // expected-error @below {{'scf.if' around an attention is not supported, expected none: it would need control flow that is the same on all ranks}}
  %r = scf.if %c -> !t {
    // expected-note @below {{the attention is here}}
    %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
    scf.yield %a : !t
  } else {
    scf.yield %q : !t
  }
  return %r : !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @conditional_op(%q: !t, %b: tensor<i1>) -> !t {
  %c = tensor.extract %b[] : tensor<i1>
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  // expected-error @below {{'scf.if' around an op on a sharded sequence is not supported, expected none}}
  %r = scf.if %c -> !t {
    // expected-note @below {{the op is here}}
    scf.yield %a : !t
  } else {
    %z = arith.constant dense<0.0> : !t
    scf.yield %z : !t
  }
  return %r : !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @extract(%q: !t) -> tensor<4xf32> {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      outs(%e : tensor<4xf32>) {
  ^bb0(%x: f32):
    %i = linalg.index 0 : index
    // expected-error @below {{'tensor.extract' on a sharded sequence is not supported}}
    %v = tensor.extract %a[%i, %i, %i, %i] : !t
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// No call could make these sizes fit.
func.func @sizes_that_differ(%q: tensor<1x2x10x8xf32>) -> tensor<1x2x12x8xf32> {
  %c = tensor.cast %q : tensor<1x2x10x8xf32> to tensor<1x2x?x8xf32>
  // expected-error @below {{needs equal sizes, got 12 (dimension 2 of 'tensor<1x2x12x8xf32>'), expected 10 (dimension 2 of 'tensor<1x2x?x8xf32>')}}
  %o = ringattn.attention %c, %c, %c : (tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>) -> tensor<1x2x12x8xf32>
  return %o : tensor<1x2x12x8xf32>
}

// -----

// And what the program computes no call can be checked against.
func.func @computed_length(%q: tensor<1x1x?x4xf32>, %n: tensor<i64>) -> tensor<1x1x?x4xf32> {
  %i = tensor.extract %n[] : tensor<i64>
  %s = arith.index_cast %i : i64 to index
  %z = arith.constant 0.0 : f32
  %e = tensor.splat %z[%s] : tensor<1x1x?x4xf32>
  // expected-error @below {{the size of dimension 2 of 'tensor<1x1x?x4xf32>' is computed by the program, expected a static size or the size of an argument, which a call can be checked against}}
  %o = ringattn.attention %q, %q, %e : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x4xf32>
  return %o : tensor<1x1x?x4xf32>
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @unranked(%q: !t) -> !t {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  // expected-error @below {{'tensor.cast' on a sharded sequence is not supported}}
  %u = tensor.cast %a : !t to tensor<*xf32>
  %r = tensor.cast %u : tensor<*xf32> to !t
  return %r : !t
}

// -----

// A convolution and a reversal need rows of other ranks, also where what they
// read is not sharded otherwise.
!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @convolution(%q: !t, %x: tensor<1x1x10x4xf32>, %w: tensor<3xf32>) -> !t {
  %e = tensor.empty() : !t
  // expected-error @below {{computes an index (dimension 2 of operand 0) from the sharded sequence (loop 2) in affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2 + d4, d3)>, expected the loop alone}}
  %v = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d, j) -> (a, b, c + j, d)>, affine_map<(a, b, c, d, j) -> (j)>,
                       affine_map<(a, b, c, d, j) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<1x1x10x4xf32>, tensor<3xf32>) outs(%e : !t) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %y = arith.addf %m, %c : f32
    linalg.yield %y : f32
  } -> !t
  %o = ringattn.attention %q, %q, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @reversal(%q: !t, %x: !t) -> !t {
  %e = tensor.empty() : !t
  // expected-error @below {{computes an index (dimension 2 of operand 0) from the sharded sequence (loop 2) in affine_map<(d0, d1, d2, d3) -> (d0, d1, -d2 + 7, d3)>}}
  %v = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (a, b, 7 - c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x : !t) outs(%e : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  %o = ringattn.attention %q, %q, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %o : !t
}

// -----

// So does the diagonal of a matrix over positions.
!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @diagonal(%q: !t, %m: tensor<8x8xf32>) -> !t {
  %e = tensor.empty() : !t
  // expected-error @below {{the sequence is dimension 0 of a tensor that is used with the sequence as dimension 1, expected one dimension}}
  %v = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (c, c)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m : tensor<8x8xf32>) outs(%e : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  %o = ringattn.attention %q, %q, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %o : !t
}

// -----

// One row of a sharded tensor is another rank's for most.
!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @row(%q: !t) -> !t {
  %e = tensor.empty() : !t
  // expected-error @below {{the sharded sequence (dimension 2 of operand 0) is not indexed by a single loop in affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>, expected a loop of the op}}
  %v = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (a, b, 0, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%q : !t) outs(%e : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  %o = ringattn.attention %q, %q, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %o : !t
}

// -----

// A result without the sequence would differ between ranks.
!t = tensor<1x1x8x4xf32>
shard.grid @ring(shape = 2)
func.func @last_row(%q: !t) -> (!t, tensor<4xf32>) {
  %a = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  %e = tensor.empty() : !t
  %f = tensor.empty() : tensor<4xf32>
  // expected-error @below {{the sharded sequence (loop 2) does not index operand 2 in affine_map<(d0, d1, d2, d3) -> (d3)>, expected it to, since the op writes there}}
  %r:2 = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>,
                       affine_map<(a, b, c, d) -> (d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%a : !t) outs(%e, %f : !t, tensor<4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    linalg.yield %x, %x : f32, f32
  } -> (!t, tensor<4xf32>)
  return %r#0, %r#1 : !t, tensor<4xf32>
}

// -----

!t = tensor<1x1x4x4xf32>
shard.grid @ring(shape = 2)
func.func @computed_dim(%q: !t) -> !t {
  %e = tensor.empty() : !t
  %v = linalg.map outs(%e : !t) (%out: f32) {
      %c = linalg.index 3 : index
      // expected-error @below {{the dimension is computed, expected a constant on a sharded tensor}}
      %d = tensor.dim %q, %c : !t
      %i = arith.index_cast %d : index to i32
      %f = arith.sitofp %i : i32 to f32
      linalg.yield %f : f32
    }
  %o = ringattn.attention %q, %q, %v {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %o : !t
}

// -----

func.func @no_such_dim(%q: tensor<1x1x?x4xf32>) -> tensor<1x1x?x4xf32> {
  %c4 = arith.constant 4 : index
  // expected-error @below {{reads the size of dimension 4 of 'tensor<1x1x?x4xf32>', expected a dimension below 4}}
  %n = tensor.dim %q, %c4 : tensor<1x1x?x4xf32>
  %e = tensor.empty(%n) : tensor<1x1x?x4xf32>
  %o = ringattn.attention %q, %q, %e : (tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<1x1x?x4xf32>
  return %o : tensor<1x1x?x4xf32>
}

// -----

!t = tensor<1x1x4x4xf32>
shard.grid @ring(shape = 2)
func.func @dim_of_argument(%q: !t, %n: tensor<index>) -> !t {
  %i = tensor.extract %n[] : tensor<index>
  // expected-error @below {{the dimension is computed, expected a constant on a sharded tensor}}
  %d = tensor.dim %q, %i : !t
  %o = ringattn.attention %q, %q, %q {sharding = #ringattn.seq_sharding<@ring, axes = [0]>} : (!t, !t, !t) -> !t
  return %o : !t
}

// -----

// expected-error @below {{result 1 of entry 'scalar_result' has type 'f32', expected a ranked tensor}}
func.func @scalar_result(%x: tensor<f32>) -> (tensor<f32>, f32) {
  %s = tensor.extract %x[] : tensor<f32>
  return %x, %s : tensor<f32>, f32
}

// -----

// expected-error @below {{entry 'blocks' has several blocks, expected one}}
func.func @blocks(%x: tensor<2xf32>) -> tensor<2xf32> {
  cf.br ^exit
^exit:
  return %x : tensor<2xf32>
}

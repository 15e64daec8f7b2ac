// RUN: ringattn-opt %s -pass-pipeline='builtin.module(ringattn-partition,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},ringattn-emit-entries{target-cpu=haswell})' | FileCheck %s

// CHECK: module attributes {ringattn.groups = [array<i64: 0>],
// CHECK-SAME: ringattn.manifest = "{\22abi\22:1,
// CHECK-SAME: \22avx2\22
// CHECK-SAME: \22entries\22:[{
// CHECK-SAME: \22equal\22:[
// CHECK-SAME: \22name\22:\22main\22
// CHECK-SAME: \22shape\22:[1,2,{\22argument\22:0,\22dim\22:2},4]
// CHECK-SAME: \22grid\22:{\22name\22:\22ring\22,\22shape\22:[-1]}
// CHECK-SAME: \22target_cpu\22:\22haswell\22

// The wrapper loads buffers and global sizes, and works out the shards' sizes.
// CHECK-LABEL: func.func private @main.entry(
// CHECK-SAME:    %[[BUFFERS:.*]]: !llvm.ptr, %[[DIMS:.*]]: !llvm.ptr)
// CHECK-SAME:    ringattn.entry_point = "main"
// CHECK:         %[[AT:.*]] = llvm.getelementptr %[[DIMS]][2]
// CHECK:         %[[S64:.*]] = llvm.load %[[AT]]
// CHECK:         %[[S:.*]] = arith.index_cast %[[S64]]
// CHECK:         ringattn.shard_length %[[S]], %{{.*}}, %{{.*}} {layout = #ringattn.zigzag}
// CHECK:         call @main({{.*}}, %[[S]], %{{.*}}) :
shard.grid @ring(shape = ?)
func.func @main(%q: tensor<1x2x?x4xf32>, %k: tensor<1x2x?x4xf32>) -> tensor<1x2x?x4xf32> {
  %o = ringattn.attention %q, %k, %k {mask = #ringattn.causal,
      sharding = #ringattn.seq_sharding<@ring, axes = [0], layout = #ringattn.zigzag>}
    : (tensor<1x2x?x4xf32>, tensor<1x2x?x4xf32>, tensor<1x2x?x4xf32>) -> tensor<1x2x?x4xf32>
  return %o : tensor<1x2x?x4xf32>
}

//===- main.cpp - A compiler that embeds the pipeline ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/Pipelines/Pipelines.h"
#include "ringrt/ringrt.h"

#include <cstdio>

static const char program[] = R"(
shard.grid @ring(shape = 2)
func.func @main(%q: tensor<1x1x8x4xf32>) -> tensor<1x1x8x4xf32> {
  %o = ringattn.attention %q, %q, %q {
      sharding = #ringattn.seq_sharding<@ring, axes = [0]>}
    : (tensor<1x1x8x4xf32>, tensor<1x1x8x4xf32>, tensor<1x1x8x4xf32>) -> tensor<1x1x8x4xf32>
  return %o : tensor<1x1x8x4xf32>
})";

int main() {
  mlir::DialectRegistry registry;
  ringattn::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(program, &context);
  if (!module)
    return 1;
  ringattn::RingAttnPipelineOptions options;
  options.compileTo = "scheduled";
  mlir::PassManager pm(&context);
  ringattn::buildRingAttnPipeline(pm, options);
  if (failed(pm.run(*module)))
    return 1;
  unsigned exchanges = 0;
  module->walk([&](mlir::Operation *op) {
    exchanges += op->getName().getStringRef() == "ringcomm.shift_start";
  });
  std::printf("%u exchange, runtime says %s\n", exchanges, rr_status_name(0));
  return 0;
}

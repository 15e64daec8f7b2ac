//===- InitAllDialects.cpp - Every dialect a pipeline needs ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/InitAllDialects.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Dialect/RingAttn/Transforms/BufferizableOpInterfaceImpl.h"
#include "ringattn/Dialect/RingComm/IR/RingComm.h"
#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"
#include "ringattn/Dialect/RingRT/IR/RingRT.h"

using namespace mlir;

void ringattn::registerRingAttnDialects(DialectRegistry &registry) {
  registry.insert<RingAttnDialect, ringcomm::RingCommDialect,
                  ringptx::RingPTXDialect, ringrt::RingRTDialect>();
  registerBufferizableOpInterfaceExternalModels(registry);
}

void ringattn::registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerRingAttnDialects(registry);
}

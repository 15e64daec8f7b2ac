//===- ringattn-opt.cpp - Runs passes on modules --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/InitAllPasses.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  ringattn::registerAllPasses();
  mlir::DialectRegistry registry;
  ringattn::registerAllDialects(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "RingAttn: attention sharded over a ring\n", registry));
}

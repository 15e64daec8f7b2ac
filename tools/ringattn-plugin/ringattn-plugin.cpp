//===- ringattn-plugin.cpp - Dialects and passes for mlir-opt -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "ringattn/InitAllDialects.h"
#include "ringattn/InitAllPasses.h"
#include "llvm/Config/llvm-config.h"

/// Loaded with --load-dialect-plugin, before the input is parsed.
extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "RingAttn", LLVM_VERSION_STRING,
          [](mlir::DialectRegistry *registry) {
            // The distribution's tools register upstream's dialects and
            // interfaces themselves; doing it twice is harmless.
            ringattn::registerAllDialects(*registry);
          }};
}

/// Loaded with --load-pass-plugin. Stock tools know the pipeline by
/// --pass-pipeline only.
extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "RingAttn", LLVM_VERSION_STRING,
          [] { ringattn::registerAllPasses(); }};
}

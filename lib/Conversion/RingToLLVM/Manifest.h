//===- Manifest.h - What a module tells its runtime -------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CONVERSION_RINGTOLLVM_MANIFEST_H
#define RINGATTN_LIB_CONVERSION_RINGTOLLVM_MANIFEST_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace ringattn {

/// Module attribute: the rings of the program, as an array of axis lists. A
/// ring's place in it is the number that the runtime knows it by.
constexpr llvm::StringLiteral kGroupsAttr = "ringattn.groups";

/// Collects the rings of all ops and entries of `module`.
mlir::ArrayAttr collectGroups(mlir::ModuleOp module);

/// The index of the ring over `axes` in `module`'s groups.
int32_t getGroupIndex(mlir::ModuleOp module, llvm::ArrayRef<int64_t> axes);

/// CPU and features a manifest names.
struct ManifestTarget {
  std::string target, cpu;
  std::vector<std::string> features;
};

/// The manifest as JSON text; see docs/Manifest.md. Fails, with a diagnostic,
/// on entry types the runtime has no name for.
mlir::FailureOr<std::string> buildManifest(mlir::ModuleOp module,
                                           mlir::ArrayAttr groups,
                                           const ManifestTarget &target);

} // namespace ringattn

#endif // RINGATTN_LIB_CONVERSION_RINGTOLLVM_MANIFEST_H

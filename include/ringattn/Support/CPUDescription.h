//===- CPUDescription.h - The CPU that code is generated for ----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_CPUDESCRIPTION_H
#define RINGATTN_SUPPORT_CPUDESCRIPTION_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace ringattn {

/// A CPU by LLVM's name and all features that code for it may use.
struct CPUDescription {
  std::string name;
  /// Sorted; without signs.
  std::vector<std::string> features;
  /// What LLVM gives every CPU of this name and this one lacks: a hypervisor or
  /// a person has taken it away. Sorted; without signs.
  std::vector<std::string> missing;

  bool has(llvm::StringRef feature) const;
  /// The features that a machine needs to run the code: without those by which
  /// LLVM only chooses among instructions, such as `slow-lea`.
  std::vector<std::string> requiredFeatures() const;
  /// What LLVM has to know beside the name: "-avx512f,+avx2,+fma".
  std::string featureString() const;
};

/// Resolves what command lines say: `cpu` is an LLVM name (empty: the CPU this
/// runs on, with the features it reports), `features` adds and takes away
/// ("+avx2,-avx512f"). Errors name the unknown CPU or feature.
llvm::Expected<CPUDescription> describeCPU(llvm::StringRef cpu,
                                           llvm::StringRef features);

} // namespace ringattn

#endif // RINGATTN_SUPPORT_CPUDESCRIPTION_H

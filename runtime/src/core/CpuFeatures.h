//===- CpuFeatures.h - What this machine's CPU can do -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_CPUFEATURES_H
#define RINGRT_CORE_CPUFEATURES_H

#include "core/Status.h"

#include <string>
#include <vector>

namespace ringrt {

/// Refuses, by name, the first of `features` (LLVM's names, an optional leading
/// '+') that this CPU or its operating system lacks. Names that the table does
/// not know are accepted, but for those of vector extensions, which cannot be
/// vouched for.
Status checkCpuFeatures(const std::vector<std::string> &features);

} // namespace ringrt

#endif // RINGRT_CORE_CPUFEATURES_H

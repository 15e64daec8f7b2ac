//===- Preflight.h - Do all ranks run the same thing? -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_PREFLIGHT_H
#define RINGRT_CORE_PREFLIGHT_H

#include "core/Status.h"

#include <string>
#include <utility>
#include <vector>

namespace ringrt {

/// What a rank is about to execute, as (what, value) pairs in a fixed order.
using PreflightRecord = std::vector<std::pair<std::string, std::string>>;

/// The form in which transports carry a record.
std::string packRecord(const PreflightRecord &record);
PreflightRecord unpackRecord(const std::string &packed);

/// Names the first difference between a rank's record and rank 0's; every rank
/// comes to the same result.
Status compareRecords(const std::vector<std::string> &packed);

} // namespace ringrt

#endif // RINGRT_CORE_PREFLIGHT_H

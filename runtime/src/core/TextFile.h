//===- TextFile.h - Files for people and tools ------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_TEXTFILE_H
#define RINGRT_CORE_TEXTFILE_H

#include "core/Status.h"

namespace ringrt {

/// Writes a file, or to a device; the error begins with "cannot write `what`".
Status writeText(const std::string &path, const std::string &text,
                 const std::string &what);

} // namespace ringrt

#endif // RINGRT_CORE_TEXTFILE_H

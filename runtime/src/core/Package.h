//===- Package.h - A look at a shared object before it is loaded ----*- C++
//-*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_PACKAGE_H
#define RINGRT_CORE_PACKAGE_H

#include "core/Status.h"

#include <string>

namespace ringrt {

/// Refuses what the dynamic loader would crash on or should not trust: files
/// that are missing, writable by everyone, no shared objects of this machine,
/// or cut short.
Status checkPackage(const std::string &path);

} // namespace ringrt

#endif // RINGRT_CORE_PACKAGE_H

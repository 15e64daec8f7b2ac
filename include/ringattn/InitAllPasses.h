//===- InitAllPasses.h - Every pass and pipeline ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_INITALLPASSES_H
#define RINGATTN_INITALLPASSES_H

namespace ringattn {

/// Registers the project's passes and pipelines.
void registerAllPasses();

} // namespace ringattn

#endif // RINGATTN_INITALLPASSES_H

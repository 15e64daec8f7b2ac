//===- Link.h - Shared objects ----------------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TARGET_LINK_H
#define RINGATTN_TARGET_LINK_H

#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace ringattn {

/// Links an object file into the shared object `output`, against libm and libc
/// only: any other undefined symbol is an error. The output appears whole or
/// not at all.
///
/// The linker is the first found of: `$RINGATTN_LINKER`, or else the LLVM
/// installation's `ld.lld`, `ld.lld-22`, `ld.lld` and `cc` on the PATH.
llvm::Error linkSharedObject(llvm::MemoryBufferRef object,
                             llvm::StringRef output);

} // namespace ringattn

#endif // RINGATTN_TARGET_LINK_H

//===- InputFile.h - What may be read to its end ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_INPUTFILE_H
#define RINGATTN_SUPPORT_INPUTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace ringattn {

enum class InputKinds { Regular, RegularOrPipe };

/// Refuses a path to a file of another kind: reading a device may never end,
/// and opening a pipe waits for a writer. What cannot be looked at is left to
/// the attempt to open it.
llvm::Error checkInputFile(llvm::StringRef path, InputKinds kinds);

} // namespace ringattn

#endif // RINGATTN_SUPPORT_INPUTFILE_H

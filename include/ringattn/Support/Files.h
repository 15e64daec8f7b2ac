//===- Files.h - Writing files all or nothing -------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_FILES_H
#define RINGATTN_SUPPORT_FILES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace ringattn {

/// A file beside its destination that takes the destination's name when `keep`
/// is called, with these permissions, and disappears otherwise.
class TemporaryOutput {
public:
  static llvm::Expected<TemporaryOutput> create(llvm::StringRef destination,
                                                unsigned mode = 0644);
  TemporaryOutput(TemporaryOutput &&other);
  TemporaryOutput(const TemporaryOutput &) = delete;
  ~TemporaryOutput();

  llvm::StringRef getPath() const { return temporary; }
  llvm::Error keep();

private:
  TemporaryOutput(std::string destination, std::string temporary, unsigned mode)
      : destination(std::move(destination)), temporary(std::move(temporary)),
        mode(mode) {}

  std::string destination;
  std::string temporary;
  unsigned mode;
};

/// Writes what `write` prints; the file at `path` is old or new, never partial.
/// `-` is the standard output; devices and pipes are written directly.
llvm::Error
writeFileAtomically(llvm::StringRef path,
                    llvm::function_ref<void(llvm::raw_ostream &)> write);

/// Whether a file could be written at `path`, as an error that names it.
llvm::Error checkWritable(llvm::StringRef path);

} // namespace ringattn

#endif // RINGATTN_SUPPORT_FILES_H

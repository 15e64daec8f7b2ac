//===- CheckOptions.h - Wrong options of passes and of LLVM -----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's and MLIR's parsers print what is wrong with a command line where and
// how they like, and some go on. These functions have them say it as text.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_CHECKOPTIONS_H
#define RINGATTN_TOOLS_CHECKOPTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace ringattn::tools {

/// Has LLVM parse the command line; returns what is wrong with it, if anything.
std::string parseOptions(llvm::ArrayRef<const char *> args,
                         llvm::StringRef overview);

/// Checks the options that a command line gives to passes and pipelines, which
/// MLIR parses only when it builds the pipeline.
std::string checkPipelines(llvm::ArrayRef<const char *> args);

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_CHECKOPTIONS_H

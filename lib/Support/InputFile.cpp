//===- InputFile.cpp - What may be read to its end ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/InputFile.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace ringattn;

static StringRef getName(sys::fs::file_type type) {
  switch (type) {
  case sys::fs::file_type::directory_file:
    return "a directory";
  case sys::fs::file_type::character_file:
  case sys::fs::file_type::block_file:
    return "a device";
  case sys::fs::file_type::fifo_file:
    return "a pipe";
  case sys::fs::file_type::socket_file:
    return "a socket";
  default:
    return "a file of an unknown kind";
  }
}

Error ringattn::checkInputFile(StringRef path, InputKinds kinds) {
  sys::fs::file_status status;
  if (sys::fs::status(path, status) || !sys::fs::exists(status))
    return Error::success();
  sys::fs::file_type type = status.type();
  bool takesPipe = kinds == InputKinds::RegularOrPipe;
  if (type == sys::fs::file_type::regular_file ||
      (takesPipe && type == sys::fs::file_type::fifo_file))
    return Error::success();
  return createStringError("cannot read '" + path + "': it is " +
                           getName(type) + ", expected a regular file" +
                           (takesPipe ? " or a pipe" : ""));
}

//===- Files.cpp - Writing files all or nothing ---------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/Files.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace ringattn;

static Error cannotWrite(StringRef path, std::error_code code) {
  std::string name =
      path == "-" ? "the standard output" : ("'" + path + "'").str();
  return createStringError(code,
                           "cannot write " + name + ": " + code.message());
}

static std::error_code lastError() {
  return std::error_code(errno, std::generic_category());
}

/// Whether `path` exists and is no regular file, such as /dev/stdout.
static bool isSpecial(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status) && sys::fs::exists(status) &&
         !sys::fs::is_regular_file(status) && !sys::fs::is_directory(status);
}

Expected<TemporaryOutput> TemporaryOutput::create(StringRef destination,
                                                  unsigned mode) {
  if (sys::fs::is_directory(destination))
    return cannotWrite(destination,
                       std::make_error_code(std::errc::is_a_directory));
  SmallString<128> path;
  int fd;
  std::error_code code =
      isSpecial(destination)
          ? sys::fs::createTemporaryFile("ringattn", "tmp", fd, path)
          : sys::fs::createUniqueFile(destination + ".%%%%%%%%.tmp", fd, path,
                                      sys::fs::OF_None, 0600);
  if (code)
    return cannotWrite(destination, code);
  sys::RemoveFileOnSignal(path);
  close(fd);
  return TemporaryOutput(destination.str(), path.str().str(), mode);
}

TemporaryOutput::TemporaryOutput(TemporaryOutput &&other)
    : destination(std::move(other.destination)),
      temporary(std::move(other.temporary)), mode(other.mode) {
  other.temporary.clear();
}

TemporaryOutput::~TemporaryOutput() {
  if (temporary.empty())
    return;
  sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
}

static Error writeTo(StringRef file, StringRef name,
                     function_ref<void(raw_ostream &)> write) {
  std::error_code code;
  raw_fd_ostream os(file, code);
  if (code)
    return cannotWrite(name, code);
  write(os);
  os.flush();
  code = os.error();
  os.clear_error();
  return code ? cannotWrite(name, code) : Error::success();
}

Error TemporaryOutput::keep() {
  // Renaming would replace a device by a file.
  if (isSpecial(destination)) {
    auto contents = MemoryBuffer::getFile(temporary);
    if (!contents)
      return cannotWrite(destination, contents.getError());
    return writeTo(destination, destination,
                   [&](raw_ostream &os) { os << (*contents)->getBuffer(); });
  }
  // The user's mask applies, as to any other new file.
  mode_t mask = umask(0);
  umask(mask);
  if (chmod(temporary.c_str(), mode & ~mask) != 0 ||
      rename(temporary.c_str(), destination.c_str()) != 0)
    return cannotWrite(destination, lastError());
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}

Error ringattn::writeFileAtomically(StringRef path,
                                    function_ref<void(raw_ostream &)> write) {
  if (path == "-" || isSpecial(path))
    return writeTo(path, path, write);
  Expected<TemporaryOutput> output = TemporaryOutput::create(path);
  if (!output)
    return output.takeError();
  if (Error error = writeTo(output->getPath(), path, write))
    return error;
  return output->keep();
}

Error ringattn::checkWritable(StringRef path) {
  if (path == "-" || isSpecial(path))
    return Error::success();
  return TemporaryOutput::create(path).takeError();
}

//===- Link.cpp - Shared objects ------------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/Link.h"

#include "ringattn/Support/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

#include <dlfcn.h>

using namespace llvm;
using namespace ringattn;

namespace {
struct Linker {
  std::string path;
  /// A compiler driver, which passes options on with -Wl.
  bool isDriver;
};
} // namespace

static Expected<Linker> findLinker() {
  auto asLinker = [](std::string path) {
    bool isDriver = !sys::path::filename(path).starts_with("ld");
    return Linker{std::move(path), isDriver};
  };
  if (const char *chosen = std::getenv("RINGATTN_LINKER")) {
    if (ErrorOr<std::string> path = sys::findProgramByName(chosen))
      return asLinker(*path);
    return createStringError("cannot find the linker '" + Twine(chosen) +
                             "' named by RINGATTN_LINKER, expected a program "
                             "on the PATH or a path to one");
  }
  if (ErrorOr<std::string> path =
          sys::findProgramByName("ld.lld", {RINGATTN_LLVM_TOOLS_DIR}))
    return asLinker(*path);
  for (StringRef name : {"ld.lld-22", "ld.lld", "cc"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return asLinker(*path);
  return createStringError(
      "cannot find a linker: looked for ld.lld in " RINGATTN_LLVM_TOOLS_DIR
      " and for ld.lld-22, ld.lld and cc on the PATH");
}

/// The library of this process that defines `symbol`; no development package is
/// needed to link against it.
static std::string findLibraryOf(const char *symbol) {
  Dl_info info;
  void *address = dlsym(RTLD_DEFAULT, symbol);
  if (!address || !dladdr(address, &info) || !info.dli_fname)
    return "";
  return info.dli_fname;
}

static std::string firstLine(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return "";
  return (*buffer)->getBuffer().ltrim().split('\n').first.rtrim().str();
}

static Error runLinker(const Linker &linker, StringRef object,
                       StringRef output) {
  SmallString<128> log;
  if (std::error_code code =
          sys::fs::createTemporaryFile("ringattn", "log", log))
    return createStringError(code, "cannot create a temporary file: " +
                                       code.message());
  FileRemover removeLog(log);

  std::string libm = findLibraryOf("exp2f"), libc = findLibraryOf("memcpy");
  SmallVector<StringRef> args = {linker.path, "-shared", "-o", output, object};
  if (linker.isDriver)
    args.append(
        {"-nostdlib", "-Wl,-z,defs", "-Wl,--as-needed", "-Wl,--build-id=none"});
  else
    args.append({"-z", "defs", "--as-needed", "--build-id=none"});
  for (StringRef library : {StringRef(libm), StringRef(libc)})
    if (!library.empty())
      args.push_back(library);

  std::string message;
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(log),
                                          StringRef(log)};
  int status =
      sys::ExecuteAndWait(linker.path, args, std::nullopt, redirects,
                          /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  if (status == 0)
    return Error::success();
  if (message.empty())
    message = firstLine(log);
  return createStringError("linking with " + linker.path +
                           " failed: " + message);
}

Error ringattn::linkSharedObject(MemoryBufferRef object, StringRef output) {
  Expected<Linker> linker = findLinker();
  if (!linker)
    return linker.takeError();
  // Not writable by others: the runtime refuses such modules.
  Expected<TemporaryOutput> temporary = TemporaryOutput::create(output, 0755);
  if (!temporary)
    return temporary.takeError();

  SmallString<128> objectPath;
  int fd;
  if (std::error_code code =
          sys::fs::createTemporaryFile("ringattn", "o", fd, objectPath))
    return createStringError(code, "cannot create a temporary file: " +
                                       code.message());
  FileRemover removeObject(objectPath);
  {
    raw_fd_ostream os(fd, /*shouldClose=*/true);
    os << object.getBuffer();
    os.flush();
    if (std::error_code code = os.error()) {
      os.clear_error();
      return createStringError(code, "cannot write '" + objectPath +
                                         "': " + code.message());
    }
  }
  if (Error error = runLinker(*linker, objectPath, temporary->getPath()))
    return error;
  return temporary->keep();
}

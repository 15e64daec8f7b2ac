//===- Ptxas.cpp - From PTX to cubin --------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Target/PTX.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ringattn;

char KernelError::ID;

static constexpr StringLiteral kRemedy =
    ", expected the CUDA toolkit's (PTX alone, --device-code=ptx, needs none)";

Expected<std::string> ringattn::findPtxas() {
  if (const char *chosen = std::getenv("RINGATTN_PTXAS")) {
    ErrorOr<std::string> path = sys::findProgramByName(chosen);
    if (path && sys::fs::can_execute(*path))
      return *path;
    return createStringError("cannot find the ptxas '" + Twine(chosen) +
                             "' named by RINGATTN_PTXAS" + kRemedy);
  }
  SmallVector<std::string> places;
  for (const char *variable : {"CUDA_ROOT", "CUDA_HOME", "CUDA_PATH"})
    if (const char *root = std::getenv(variable); root && *root)
      places.push_back(std::string(root) + "/bin");
  places.push_back("");
  for (const char *directory : {"/usr/local/cuda/bin", "/opt/cuda/bin",
                                "/usr/lib/nvidia-cuda-toolkit/bin"})
    places.push_back(directory);
  for (const std::string &place : places) {
    SmallVector<StringRef> directories;
    if (!place.empty())
      directories.push_back(place);
    if (ErrorOr<std::string> path =
            sys::findProgramByName("ptxas", directories))
      return *path;
  }
  for (std::string &place : places)
    if (place.empty())
      place = "the PATH";
  return createStringError("cannot find ptxas: looked in " +
                           join(places, ", ") + kRemedy);
}

/// The name, in quotes or not, after `before`, if both are there.
static StringRef findName(StringRef line, StringRef before) {
  size_t start = line.find(before);
  if (start == StringRef::npos)
    return "";
  StringRef rest = line.substr(start + before.size());
  rest.consume_front("'");
  return rest.take_while(
      [](char c) { return isAlnum(c) || c == '_' || c == '$'; });
}

/// The number in front of `unit` in a list of "N unit", or 0.
static unsigned findAmount(StringRef line, StringRef unit) {
  size_t end = line.find((" " + unit).str());
  if (end == StringRef::npos)
    return 0;
  StringRef before = line.take_front(end);
  StringRef digits = before.take_back(
      before.size() - (before.find_last_not_of("0123456789") + 1));
  unsigned amount = 0;
  digits.getAsInteger(10, amount);
  return amount;
}

/// Products that wait for each other, and registers that stay where they are;
/// the rest of ptxas's remarks are harmless.
static bool tellsOfLoss(StringRef line) {
  return any_of(ArrayRef<StringRef>{"C7510", "C7512", "C7515", "C7519",
                                    "are serialized due to",
                                    "setmaxnreg' ignored",
                                    "setmaxnreg ignored"},
                [&](StringRef text) { return line.contains(text); });
}

Expected<SmallVector<KernelResources>>
ringattn::parsePtxasReport(StringRef report) {
  SmallVector<KernelResources> kernels;
  SmallVector<StringRef> lines;
  report.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  auto fail = [](StringRef kernel, StringRef line) {
    return make_error<KernelError>(kernel.str(), "ptxas: " + line.trim().str());
  };
  for (StringRef line : lines) {
    bool isError = line.contains("error   :") || line.contains("fatal   :");
    if (isError || tellsOfLoss(line)) {
      StringRef kernel = findName(line, "function ");
      if (kernel.empty() && !kernels.empty())
        kernel = kernels.back().name;
      return fail(kernel, line);
    }
    if (StringRef name = findName(line, "Compiling entry function ");
        !name.empty()) {
      kernels.emplace_back();
      kernels.back().name = name.str();
      continue;
    }
    if (kernels.empty())
      continue;
    KernelResources &kernel = kernels.back();
    if (line.contains("bytes stack frame")) {
      kernel.stackBytes = findAmount(line, "bytes stack frame");
      kernel.spillStoreBytes = findAmount(line, "bytes spill stores");
      kernel.spillLoadBytes = findAmount(line, "bytes spill loads");
      if (kernel.spillStoreBytes != 0 || kernel.spillLoadBytes != 0)
        return make_error<KernelError>(
            kernel.name, "kernel " + kernel.name + " spills " +
                             std::to_string(kernel.spillStoreBytes) +
                             " bytes of stores and " +
                             std::to_string(kernel.spillLoadBytes) +
                             " of loads, expected 0");
    }
    if (line.contains(" registers")) {
      kernel.registers = findAmount(line, "registers");
      kernel.barriers = findAmount(line, "barriers");
      kernel.sharedBytes = findAmount(line, "bytes smem");
    }
  }
  return kernels;
}

/// The kernels of a module in PTX.
static SmallVector<StringRef> findEntries(StringRef ptx) {
  SmallVector<StringRef> names;
  for (size_t at = 0; (at = ptx.find(".entry ", at)) != StringRef::npos;) {
    at += StringRef(".entry ").size();
    names.push_back(ptx.substr(at).take_until(
        [](char c) { return c == '(' || isSpace(c) || c == '{'; }));
  }
  return names;
}

static Expected<std::string> createTemporary(StringRef suffix) {
  SmallString<128> path;
  if (std::error_code code =
          sys::fs::createTemporaryFile("ringattn", suffix, path))
    return createStringError(code, "cannot create a temporary file: " +
                                       code.message());
  return path.str().str();
}

static Expected<std::string> readFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return createStringError("cannot read '" + path +
                             "': " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

Expected<AssembledKernels> ringattn::assemblePTX(StringRef ptx,
                                                 StringRef chip) {
  Expected<std::string> ptxas = findPtxas();
  if (!ptxas)
    return ptxas.takeError();
  auto source = createTemporary("ptx");
  if (!source)
    return source.takeError();
  FileRemover removeSource(*source);
  auto object = createTemporary("cubin");
  if (!object)
    return object.takeError();
  FileRemover removeObject(*object);
  auto log = createTemporary("log");
  if (!log)
    return log.takeError();
  FileRemover removeLog(*log);
  {
    std::error_code code;
    raw_fd_ostream os(*source, code);
    if (!code) {
      os << ptx;
      os.flush();
      code = os.error();
      os.clear_error();
    }
    if (code)
      return createStringError(code, "cannot write '" + *source +
                                         "': " + code.message());
  }

  std::string arch = ("-arch=" + chip).str(), message;
  StringRef args[] = {*ptxas, arch, "-v", "-O3", *source, "-o", *object};
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(*log),
                                          StringRef(*log)};
  int status =
      sys::ExecuteAndWait(*ptxas, args, std::nullopt, redirects,
                          /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  if (!message.empty())
    return createStringError("cannot run " + *ptxas + ": " + message);
  Expected<std::string> report = readFile(*log);
  if (!report)
    return report.takeError();
  auto kernels = parsePtxasReport(*report);
  if (!kernels)
    return kernels.takeError();
  if (status != 0)
    return createStringError(
        *ptxas + " failed: " + StringRef(*report).trim().split('\n').first);
  Expected<std::string> cubin = readFile(*object);
  if (!cubin)
    return cubin.takeError();
  if (!StringRef(*cubin).starts_with("\x7f"
                                     "ELF"))
    return createStringError(*ptxas + " wrote " + Twine(cubin->size()) +
                             " bytes that are no cubin, expected an ELF file");
  for (StringRef kernel : findEntries(ptx))
    if (none_of(*kernels, [&](const KernelResources &resources) {
          return resources.name == kernel;
        }))
      return createStringError(*ptxas + " says nothing of kernel " + kernel +
                               ", expected its registers and spills");
  return AssembledKernels{ptx.str(), std::move(*cubin), std::move(*kernels)};
}

//===- CheckOptions.cpp - Wrong options of passes and of LLVM -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckOptions.h"

#include "ringattn/Support/PipelineRegistration.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;
using namespace ringattn::tools;

//===----------------------------------------------------------------------===//
// What goes to the standard error
//===----------------------------------------------------------------------===//

/// The standard error while another file takes its place.
static int standardError = -1;

static void restoreStandardError() {
  if (standardError < 0)
    return;
  dup2(standardError, STDERR_FILENO);
  close(standardError);
  standardError = -1;
}

/// What `body` prints to the standard error, which takes no other stream.
static std::string captureErrors(function_ref<void()> body) {
  // `--help` ends the process inside.
  static bool registered = std::atexit(restoreStandardError) == 0;
  int file = memfd_create("errors", MFD_CLOEXEC);
  standardError = registered && file >= 0 ? dup(STDERR_FILENO) : -1;
  if (standardError < 0) {
    close(file);
    body();
    return "";
  }
  dup2(file, STDERR_FILENO);
  body();
  restoreStandardError();
  std::string text(lseek(file, 0, SEEK_END), '\0');
  ssize_t size = pread(file, text.data(), text.size(), 0);
  text.resize(std::max<ssize_t>(size, 0));
  close(file);
  return text;
}

static StringRef getFirstLine(StringRef text) {
  return text.ltrim().split('\n').first;
}

/// The reason in "prog: for the --x option: reason" and "prog: reason".
static std::string getReason(StringRef line) {
  StringRef reason = line.split(": ").second;
  auto [where, what] = reason.split(" option: ");
  if (!what.empty() && where.consume_front("for the -"))
    return ("option '-" + where + "': " + what).str();
  return reason.str();
}

std::string ringattn::tools::parseOptions(ArrayRef<const char *> args,
                                          StringRef overview) {
  std::string text;
  raw_string_ostream os(text);
  bool parsed = false;
  std::string printed = captureErrors([&] {
    parsed =
        cl::ParseCommandLineOptions(args.size(), args.data(), overview, &os);
  });
  if (parsed) {
    errs() << printed;
    return "";
  }
  if (StringRef(text).contains("Too many positional arguments"))
    return "more than one input file, expected at most 1";
  return getReason(getFirstLine(text.empty() ? printed : text));
}

//===----------------------------------------------------------------------===//
// Passes and pipelines
//===----------------------------------------------------------------------===//

static mlir::OpPassManager makePassManager() {
  return mlir::OpPassManager("builtin.module",
                             mlir::OpPassManager::Nesting::Implicit);
}

/// ", expected overlap" for ringattn-plan-ring.
static std::string getExpectedOptions(StringRef name) {
  // Pipelines say it themselves.
  const mlir::PassInfo *pass = mlir::PassInfo::lookup(name);
  mlir::OpPassManager pm = makePassManager();
  auto ignore = [](const Twine &) { return mlir::failure(); };
  if (!pass || failed(pass->addToPipeline(pm, "", ignore)))
    return "";
  // "builtin.module(func.func(ringattn-plan-ring{overlap=true}))".
  std::string text;
  raw_string_ostream os(text);
  pm.printAsTextualPipeline(os);
  StringRef options = StringRef(text).split((name + "{").str()).second;
  return ringattn::describeExpectedOptions(options.split('}').first);
}

/// Checks a pipeline; `pass` is the pass that it consists of, if it is one.
static std::string checkPipeline(StringRef option, StringRef pass,
                                 function_ref<bool(raw_ostream &)> parses) {
  std::string text;
  raw_string_ostream os(text);
  bool parsed = false;
  std::string printed = captureErrors([&] { parsed = parses(os); });
  if (parsed)
    return "";
  // "[parser: place: error: ]reason", then what follows from it:
  // "failed to add `pass` with options `...`".
  StringRef line = getFirstLine(text);
  if (size_t end = line.find("error: "); end != StringRef::npos)
    line = line.substr(end + strlen("error: "));
  line.consume_front("<Pass-Options-Parser>: ");
  std::string reason = line.trim().str();
  if (!printed.empty())
    reason = getReason(getFirstLine(printed));

  StringRef culprit = pass;
  if (pass.empty())
    culprit = StringRef(text).split("failed to add `").second.split('`').first;
  StringRef unknown = reason;
  if (unknown.consume_front("no such option ")) {
    auto [name, expected] = unknown.split(", ");
    // The project's passes have no lists, which the text of a pass omits.
    reason = "unknown option '" + name.str() + "'";
    if (!expected.empty())
      reason += ", " + expected.str();
    else if (culprit.starts_with("ring"))
      reason += getExpectedOptions(culprit);
    else
      reason += "; see ringattn-opt --help";
  }
  if (pass.empty() && !culprit.empty())
    reason = (culprit + ": " + reason).str();
  return (option + ": " + reason).str();
}

static const mlir::PassRegistryEntry *lookup(StringRef name) {
  if (const mlir::PassInfo *pass = mlir::PassInfo::lookup(name))
    return pass;
  return mlir::PassPipelineInfo::lookup(name);
}

std::string ringattn::tools::checkPipelines(ArrayRef<const char *> args) {
  StringRef pipelineOption, passOption;
  while (!args.empty()) {
    StringRef arg = args.consume_front();
    if (!arg.starts_with("-"))
      continue;
    auto [option, value] = arg.split('=');
    StringRef name = option.ltrim('-');
    std::string error;
    if (name == "pass-pipeline") {
      pipelineOption = option;
      StringRef pipeline = arg.contains('=') || args.empty()
                               ? value
                               : StringRef(args.consume_front());
      error = checkPipeline(option, "", [&](raw_ostream &os) {
        return succeeded(mlir::parsePassPipeline(pipeline, os));
      });
    } else if (const mlir::PassRegistryEntry *entry = lookup(name)) {
      passOption = option;
      error = checkPipeline(option, name, [&, value = value](raw_ostream &os) {
        mlir::OpPassManager pm = makePassManager();
        return succeeded(
            entry->addToPipeline(pm, value, [&](const Twine &message) {
              os << message;
              return mlir::failure();
            }));
      });
    }
    if (!error.empty())
      return error;
  }
  if (!pipelineOption.empty() && !passOption.empty())
    return ("options '" + pipelineOption + "' and '" + passOption +
            "' exclude each other, expected one of them")
        .str();
  return "";
}

//===- Options.cpp - What ringattn-run is asked to do ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include "CommandLine.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>

using namespace llvm;
using namespace ringattn::tools;

/// As many ranks, and threads of one, as the runtime takes.
static constexpr int64_t kMaxCount = 4096;

static Error parseShape(StringRef text, RunOptions &options) {
  auto malformed = [] {
    return createStringError("expected ARGUMENT:SIZExSIZE..., as in "
                             "0:1x8x4096x64");
  };
  auto [argument, sizes] = text.split(':');
  unsigned index;
  if (argument.getAsInteger(10, index) || sizes.empty())
    return malformed();
  SmallVector<StringRef> parts;
  sizes.split(parts, 'x');
  SmallVector<int64_t> shape;
  for (StringRef part : parts)
    if (part.getAsInteger(10, shape.emplace_back()) || shape.back() < 1)
      return malformed();
  if (!options.shapes.emplace(index, shape).second)
    return createStringError("option '--shape' gives argument " + argument +
                             " more than once");
  return Error::success();
}

static Error parseLink(StringRef text, RunOptions &options) {
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  StringSet<> seen;
  for (StringRef part : parts) {
    auto [name, number] = part.split('=');
    if (!seen.insert(name).second)
      return createStringError("expected " + name + " once");
    double value;
    bool isNumber = !number.getAsDouble(value) && std::isfinite(value);
    if (name == "bandwidth") {
      if (!isNumber || value <= 0)
        return createStringError(
            "expected a bandwidth above 0, in 1e9 bytes/s");
      options.linkBandwidth = value * 1e9;
    } else if (name == "latency") {
      if (!isNumber || value < 0)
        return createStringError(
            "expected a latency of at least 0, in microseconds");
      options.linkLatency = value * 1e-6;
    } else {
      return createStringError("expected bandwidth=GBPS,latency=US");
    }
  }
  return Error::success();
}

static void declareOptions(CommandLine &line, RunOptions &options) {
  line.setPositional("MODULE", options.module);
  line.addOption("entry", "NAME", "function to run (default main)",
                 asString(options.entry));
  line.addOption("ranks", "N",
                 "number of ranks; default: the size of the program's grid, 1 "
                 "for ?",
                 asInteger(options.ranks, 1, kMaxCount));
  line.addOption(
      "transport", "thread",
      "how ranks communicate (mpi and nccl are reserved)", [](StringRef value) {
        return checkAvailable("transport", value, {"thread"}, {"mpi", "nccl"});
      });
  line.addOption("device", "cpu|sim",
                 "where ranks compute: on CPUs (default), or on a simulated "
                 "GPU\n(cuda is reserved)",
                 [&](StringRef value) {
                   options.device = value.str();
                   return checkAvailable("device", value, {"cpu", "sim"},
                                         {"cuda"});
                 });
  addTargetOption(line, options.target);
  line.addList("input", "F.npy",
               "global array of the next argument; once per argument",
               asList(options.inputs));
  line.addOption("random-inputs", "SEED",
                 "draw all arguments from N(0,1), the same for any N of ranks",
                 [&](StringRef value) -> Error {
                   if (value.getAsInteger(10, options.randomSeed.emplace()))
                     return createStringError(
                         "expected an integer of at least 0");
                   return Error::success();
                 });
  line.addList("shape", "ARG:1x8x4096x64",
               "sizes of argument ARG (from 0) where the program has ?",
               [&](StringRef value) { return parseShape(value, options); });
  line.addList("output", "F.npy", "where to write the next result",
               asOutputFiles(options.outputs));
  line.addFlag("check",
               "compare the results with a float64 evaluation of the program",
               options.check);
  line.addOption("repeat", "N", "run N times and report medians (default 1)",
                 asInteger(options.repeat, 1, /*most=*/1000000));
  line.addOption("threads", "N",
                 "threads per rank; default: max(1, cores / ranks)",
                 asInteger(options.threads, 1, kMaxCount));
  line.addOption("link", "bandwidth=GBPS,latency=US",
                 "emulate links of so many 1e9 bytes/s per direction, with so\n"
                 "many microseconds per message",
                 [&](StringRef value) { return parseLink(value, options); });
  line.addOption("timeout", "SECONDS",
                 "how long a single wait may take (default 60)",
                 asPositive(options.timeout));
  line.addOption("trace", "F.json", "write a Chrome/Perfetto trace",
                 asOutputFile(options.trace));
  line.addOption("report", "F.json", "write the measurements as JSON",
                 asOutputFile(options.report));
  line.addFlag("describe", "print the module's manifest as JSON and exit",
               options.describe);
  line.addVariable("RINGRT_DEBUG",
                   "log of the runtime: OFF (default), WARN, INFO or TRACE");
  line.addVariable("RINGRT_DEBUG_FILE",
                   "where the log goes (default: standard error; %h host, %p "
                   "process)");
  line.addVariable("RINGRT_SIM_SEED",
                   "seed of the simulated GPU's timing (default 0)");
}

std::optional<int> ringattn::tools::parseRunOptions(int argc, char **argv,
                                                    RunOptions &options) {
  CommandLine line("ringattn-run",
                   "Runs a program (.mlir, .mlirbc) or a compiled package "
                   "(.so) on N ranks.");
  declareOptions(line, options);
  if (std::optional<int> code = line.parse(argc, argv))
    return code;
  if (!options.isPackage()) {
    std::string runs = options.device == "sim" ? "sm_90a" : "cpu";
    if (options.target.empty())
      options.target = runs;
    else if (options.target != runs)
      return reportError("device " + options.device +
                             " does not run what is compiled for target '" +
                             options.target + "', expected " + runs,
                         ExitUsage);
  }
  if (options.describe)
    return std::nullopt;
  if (options.inputs.empty() && !options.randomSeed)
    return reportError("no inputs given: expected --input=F.npy for every "
                       "argument, or --random-inputs=SEED",
                       ExitUsage);
  if (!options.inputs.empty() && options.randomSeed)
    return reportError("--input and --random-inputs exclude each other",
                       ExitUsage);
  std::vector<std::pair<StringRef, StringRef>> outputs = {
      {"--trace", options.trace}, {"--report", options.report}};
  for (const std::string &path : options.outputs)
    outputs.emplace_back("--output", path);
  if (Error error = checkDistinct(outputs))
    return reportError(std::move(error), ExitUsage);
  return std::nullopt;
}

bool RunOptions::isPackage() const {
  if (StringRef(module).ends_with(".so"))
    return true;
  // To look into a pipe would take from it.
  file_magic magic;
  return sys::fs::is_regular_file(module) && !identify_magic(module, magic) &&
         magic == file_magic::elf_shared_object;
}

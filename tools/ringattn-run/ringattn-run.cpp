//===- ringattn-run.cpp - Runs programs on N ranks ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "CommandLine.h"
#include "Report.h"
#include "ringattn/Support/Files.h"
#include "ringattn/Support/Npy.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"

using namespace llvm;
using namespace ringattn;
using namespace ringattn::tools;

static int describe(const Package &package) {
  json::Object manifest = package.getManifest();
  outs() << formatv("{0:2}", json::Value(std::move(manifest))) << '\n';
  return ExitSuccess;
}

static int writeFiles(const RunOptions &options, Session &session,
                      const Arrays &arrays, const Report &report) {
  for (auto [path, array] : zip(options.outputs, arrays.results))
    if (Error error = writeNpy(path, array))
      return reportError(std::move(error));
  if (!options.trace.empty())
    if (int code = session.writeTrace(options.trace))
      return code;
  if (!options.report.empty())
    if (Error error = writeFileAtomically(options.report, [&](raw_ostream &os) {
          os << formatv("{0:2}", report.toJSON()) << '\n';
        }))
      return reportError(std::move(error));
  return ExitSuccess;
}

static int runEntry(const RunOptions &options, Package &package) {
  Expected<EntryInfo> entry = package.findEntry(options.entry);
  if (!entry)
    return reportError(entry.takeError());
  Expected<int32_t> ranks = resolveRanks(options, package.getGrid());
  if (!ranks)
    return reportError(ranks.takeError());
  if (Error error = checkOutputs(options, *entry))
    return reportError(std::move(error));
  DeviceGrid grid = DeviceGrid::get(package.getGrid(), *ranks);
  if (Error error = checkMemory(options, *entry, grid, *ranks))
    return reportError(std::move(error), ExitRuntime);
  Expected<Arrays> arrays = makeArrays(options, *entry);
  if (!arrays)
    return reportError(arrays.takeError());

  mlir::func::FuncOp program = package.findProgram(options.entry);
  if (package.getDiagnostics().hasErrors())
    return ExitFailure;
  Work work;
  work.visible.assign(*ranks, 0);
  if (program) {
    Expected<Work> counted =
        countWork(program, arrays->arguments, grid, *ranks);
    if (!counted)
      return reportError(counted.takeError());
    work = std::move(*counted);
  }

  std::optional<reference::Evaluator> evaluator;
  if (options.check &&
      !(evaluator = createEvaluator(package, program, *arrays)))
    return ExitFailure;

  Session session(options, *ranks);
  Measurements measurements;
  if (int code =
          session.run(package.getModule(), *entry, *arrays, measurements))
    return code;
  Report report(measurements, work);
  report.printTable(outs());
  if (int code = writeFiles(options, session, *arrays, report))
    return code;
  if (options.check)
    return checkResults(package, *evaluator, program, *entry, *arrays, grid);
  return ExitSuccess;
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  RunOptions options;
  if (std::optional<int> code = parseRunOptions(argc, argv, options))
    return finish(*code);
  Package package;
  if (int code = package.load(options))
    return code;
  int code = options.describe ? describe(package) : runEntry(options, package);
  return finish(code);
}

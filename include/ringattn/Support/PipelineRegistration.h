//===- PipelineRegistration.h - Pipelines that check options ----*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_PIPELINEREGISTRATION_H
#define RINGATTN_SUPPORT_PIPELINEREGISTRATION_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace ringattn {

/// ", expected overlap or target-cpu" from "{overlap=true target-cpu=}", which
/// is how passes and pipelines print options that are no lists.
inline std::string describeExpectedOptions(llvm::StringRef printed) {
  llvm::SmallVector<llvm::StringRef> names;
  printed.trim("{}").split(names, ' ', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef &name : names)
    name = name.split('=').first;
  return ", expected " + (names.empty() ? "none" : llvm::join(names, " or "));
}

/// Parses the options of a pipeline; errors name what was expected.
inline mlir::LogicalResult parsePipelineOptions(
    mlir::detail::PassOptions &options, llvm::StringRef text,
    llvm::function_ref<mlir::LogicalResult(const llvm::Twine &)> errorHandler) {
  std::string reason, printed;
  llvm::raw_string_ostream os(reason), names(printed);
  if (succeeded(options.parseFromString(text, os)))
    return mlir::success();
  // Without a reason for values of a wrong type, which have been printed.
  llvm::StringRef what = llvm::StringRef(reason).rtrim().split(": ").second;
  options.print(names);
  return errorHandler(what.starts_with("no such option")
                          ? what + describeExpectedOptions(printed)
                          : what);
}

/// What PassPipelineRegistration does, but options that `check` refuses are an
/// error where they are parsed.
template <typename Options>
void registerCheckedPipeline(llvm::StringRef name, llvm::StringRef description,
                             llvm::Error (*check)(const Options &),
                             void (*build)(mlir::OpPassManager &,
                                           const Options &)) {
  mlir::registerPassPipeline(
      name, description,
      [=](mlir::OpPassManager &pm, llvm::StringRef text,
          llvm::function_ref<mlir::LogicalResult(const llvm::Twine &)>
              errorHandler) -> mlir::LogicalResult {
        Options options;
        if (failed(parsePipelineOptions(options, text, errorHandler)))
          return mlir::failure();
        if (llvm::Error error = check(options))
          return errorHandler(llvm::toString(std::move(error)));
        build(pm, options);
        return mlir::success();
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)> visit) {
        visit(Options());
      });
}

} // namespace ringattn

#endif // RINGATTN_SUPPORT_PIPELINEREGISTRATION_H

//===- CPUDescription.cpp - The CPU that code is generated for ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/CPUDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <algorithm>

using namespace ringattn;

bool CPUDescription::has(llvm::StringRef feature) const {
  return std::binary_search(features.begin(), features.end(), feature.str());
}

/// LLVM does not mark the features that tune; these are how X86 names them. One
/// that is missing here is listed for nothing, no more.
static bool isTuning(llvm::StringRef feature) {
  static constexpr llvm::StringLiteral prefixes[] = {
      "fast-",      "faster-", "slow-", "prefer-", "false-deps-",
      "no-bypass-", "idiv",    "use-",  "tuning-", "allow-light-"};
  static constexpr llvm::StringLiteral names[] = {
      "branch-hint", "branchfusion",        "lea-sp",
      "lea-uses-ag", "macrofusion",         "sbb-dep-breaking",
      "vzeroupper",  "pad-short-functions", "tagged-globals"};
  return llvm::is_contained(names, feature) ||
         llvm::any_of(prefixes, [&](llvm::StringRef prefix) {
           return feature.starts_with(prefix);
         });
}

std::vector<std::string> CPUDescription::requiredFeatures() const {
  std::vector<std::string> required;
  for (const std::string &feature : features)
    if (!isTuning(feature))
      required.push_back(feature);
  return required;
}

std::string CPUDescription::featureString() const {
  // What is taken away takes what builds on it along, so it comes first.
  std::vector<std::string> flags;
  for (const std::string &feature : missing)
    flags.push_back("-" + feature);
  for (const std::string &feature : features)
    flags.push_back("+" + feature);
  return llvm::join(flags, ",");
}

/// Refuses what LLVM has names for but no code that a package could hold: its
/// code generator crashes, or the code does once it runs.
static llvm::Error checkCodeGenerator(const llvm::MCSubtargetInfo &cpu,
                                      const llvm::MCSubtargetInfo &subtarget,
                                      llvm::StringRef features) {
  const llvm::Triple &triple = subtarget.getTargetTriple();
  if (triple.getArch() != llvm::Triple::x86_64)
    return llvm::Error::success();
  llvm::StringRef arch = triple.getArchName();
  if (!cpu.checkFeatures("+64bit"))
    return llvm::createStringError("target CPU '" + cpu.getCPU() +
                                   "' lacks '64bit', expected a CPU of " +
                                   arch);
  // Numbers are passed in the registers of SSE2.
  for (llvm::StringRef feature : {"64bit", "64bit-mode", "sse2"})
    if (!subtarget.checkFeatures(("+" + feature).str()))
      return llvm::createStringError("target features '" + features +
                                     "' turn '" + feature + "' off, expected " +
                                     arch + " with it");
  for (llvm::StringRef feature : {"16bit-mode", "32bit-mode", "x32",
                                  "soft-float", "retpoline-external-thunk"})
    if (subtarget.checkFeatures(("+" + feature).str()))
      return llvm::createStringError("target features '" + features +
                                     "' turn '" + feature + "' on, expected " +
                                     arch + " without it");
  return llvm::Error::success();
}

llvm::Expected<CPUDescription> ringattn::describeCPU(llvm::StringRef cpu,
                                                     llvm::StringRef features) {
  llvm::InitializeNativeTarget();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError(error);

  std::vector<std::string> wanted;
  std::string name = cpu.str();
  if (name.empty()) {
    name = llvm::sys::getHostCPUName().str();
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      wanted.push_back((feature.second ? "+" : "-") + feature.first().str());
  }
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!known->isCPUStringValid(name))
    return llvm::createStringError("unknown target CPU '" + name +
                                   "', expected one of LLVM's names for " +
                                   triple.getArchName());
  llvm::SmallVector<llvm::StringRef> parts;
  features.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    llvm::StringRef bare = part;
    if (!bare.consume_front("+") && !bare.consume_front("-"))
      return llvm::createStringError("target feature '" + part +
                                     "' has no sign, expected +" + part +
                                     " or -" + part);
    if (!llvm::any_of(known->getAllProcessorFeatures(),
                      [&](const llvm::SubtargetFeatureKV &entry) {
                        return bare == entry.Key;
                      }))
      return llvm::createStringError("unknown target feature '" + bare +
                                     "', expected one of LLVM's names for " +
                                     triple.getArchName());
    wanted.push_back(part.str());
  }

  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, name, llvm::join(wanted, ",")));
  std::unique_ptr<llvm::MCSubtargetInfo> bare(
      target->createMCSubtargetInfo(triple, name, ""));
  if (llvm::Error unable = checkCodeGenerator(*bare, *subtarget, features))
    return unable;
  CPUDescription description;
  description.name = name;
  for (const llvm::SubtargetFeatureKV &feature :
       subtarget->getEnabledProcessorFeatures())
    description.features.push_back(feature.Key);
  llvm::sort(description.features);
  for (const llvm::SubtargetFeatureKV &feature :
       bare->getEnabledProcessorFeatures())
    if (!description.has(feature.Key))
      description.missing.push_back(feature.Key);
  llvm::sort(description.missing);
  return description;
}

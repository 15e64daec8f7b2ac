//===- CPUDescription.cpp - The CPU that code is generated for ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/CPUDescription.h"

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

std::string CPUDescription::featureString() const {
  std::string text;
  for (const std::string &feature : features)
    text += (text.empty() ? "+" : ",+") + feature;
  return text;
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
  CPUDescription description;
  description.name = name;
  for (const llvm::SubtargetFeatureKV &feature :
       subtarget->getEnabledProcessorFeatures())
    description.features.push_back(feature.Key);
  llvm::sort(description.features);
  return description;
}

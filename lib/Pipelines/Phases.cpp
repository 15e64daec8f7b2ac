//===- Phases.cpp - Names of the pipeline's phases ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Pipelines/Pipelines.h"

#include "llvm/Support/ErrorHandling.h"

using namespace ringattn;

llvm::ArrayRef<Phase> ringattn::getAllPhases() {
  static constexpr Phase phases[] = {
      Phase::Global, Phase::SPMD,   Phase::Ring, Phase::Scheduled,
      Phase::Tile,   Phase::Target, Phase::LLVM};
  return phases;
}

llvm::StringRef ringattn::stringifyPhase(Phase phase) {
  switch (phase) {
  case Phase::Global:
    return "global";
  case Phase::SPMD:
    return "spmd";
  case Phase::Ring:
    return "ring";
  case Phase::Scheduled:
    return "scheduled";
  case Phase::Tile:
    return "tile";
  case Phase::Target:
    return "target";
  case Phase::LLVM:
    return "llvm";
  }
  llvm_unreachable("not a phase");
}

std::optional<Phase> ringattn::symbolizePhase(llvm::StringRef name) {
  for (Phase phase : getAllPhases())
    if (stringifyPhase(phase) == name)
      return phase;
  return std::nullopt;
}

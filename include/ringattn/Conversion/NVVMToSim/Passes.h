//===- Passes.h - From nvvm to the simulator --------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_CONVERSION_NVVMTOSIM_PASSES_H
#define RINGATTN_CONVERSION_NVVMTOSIM_PASSES_H

#include "mlir/Pass/Pass.h"

#include <string>

namespace ringattn {

/// The `rs_kernel` that `convert-nvvm-to-sim` makes of a kernel.
std::string getSimKernelSymbol(llvm::StringRef kernel);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "ringattn/Conversion/NVVMToSim/Passes.h.inc"

} // namespace ringattn

#endif // RINGATTN_CONVERSION_NVVMTOSIM_PASSES_H

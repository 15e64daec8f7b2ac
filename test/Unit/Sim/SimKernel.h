//===- SimKernel.h - Translated kernels -----------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel of Inputs/ is translated, compiled, linked and loaded; without some
// of its lines it must fail, and say where.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TEST_UNIT_SIM_SIMKERNEL_H
#define RINGATTN_TEST_UNIT_SIM_SIMKERNEL_H

#include "ringrt/sim.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace ringattn::test {

/// The kernel `name` of Inputs/`name`.mlir, in a shared object of its own.
class SimKernel {
public:
  /// Without the lines that end in `// #marker`.
  explicit SimKernel(llvm::StringRef name, llvm::StringRef marker = "");
  ~SimKernel();
  SimKernel(const SimKernel &) = delete;

  /// Null: it could not be made, which has been reported.
  const rs_kernel *get() const { return kernel; }

  /// One block; the simulator's message, empty if it ran.
  std::string run(llvm::ArrayRef<const void *> arguments, uint32_t sharedBytes,
                  uint64_t seed) const;

private:
  llvm::Error load(mlir::ModuleOp module);

  std::string name;
  void *library = nullptr;
  const rs_kernel *kernel = nullptr;
};

/// What the kernel's location table calls an instruction: where `text` is in
/// the source, and the instruction's name and number.
std::string nameOf(llvm::StringRef name, llvm::StringRef text,
                   llvm::StringRef instruction);

} // namespace ringattn::test

#endif // RINGATTN_TEST_UNIT_SIM_SIMKERNEL_H

//===- RegisterClasses.h - Values that share registers ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In PTX an op writes the same registers whenever it runs, and values that meet
// in an argument of a block are in the same ones. So the registers of a
// product's operand are those that certain ops write, and a fence must follow
// these whatever the numbers are.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CONVERSION_NVVMTOSIM_REGISTERCLASSES_H
#define RINGATTN_LIB_CONVERSION_NVVMTOSIM_REGISTERCLASSES_H

#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace ringattn::sim {

class RegisterClasses {
public:
  /// Of the operands of the products in `body`.
  explicit RegisterClasses(mlir::Region &body);

  struct Operands {
    unsigned accumulators = 0, a = 0;
  };
  /// The classes of a product's operands; 0: no op writes them.
  Operands operands(ringptx::WgmmaOp product) const {
    return products.lookup(product);
  }
  /// The class that `op` writes, or 0.
  unsigned written(mlir::Operation *op) const { return writers.lookup(op); }

private:
  llvm::DenseMap<mlir::Operation *, Operands> products;
  llvm::DenseMap<mlir::Operation *, unsigned> writers;
};

} // namespace ringattn::sim

#endif // RINGATTN_LIB_CONVERSION_NVVMTOSIM_REGISTERCLASSES_H

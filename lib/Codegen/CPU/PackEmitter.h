//===- PackEmitter.h - Copies of K and V in panels --------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_CPU_PACKEMITTER_H
#define RINGATTN_LIB_CODEGEN_CPU_PACKEMITTER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ringattn/Codegen/CPU/CPUPlan.h"
#include "ringattn/Codegen/Tile/TilePlan.h"

namespace ringattn {

/// Emits scratch memory and the loops that fill it. The inner dimension `pair`
/// exists only where it is 2.
class PackEmitter {
public:
  PackEmitter(mlir::ImplicitLocOpBuilder &builder, const TilePlan &tiles,
              const CPUPlan &cpu)
      : b(builder), tiles(tiles), cpu(cpu) {}

  /// K (B x H x n x D) as [b, h, panel, D/pair, width, pair], transposed.
  mlir::Value packKeys(mlir::Value keys);
  /// V (B x H x n x Dv) as [b, h, panel of Dv, n/pair, width, pair].
  mlir::Value packValues(mlir::Value values);

private:
  mlir::Value index(int64_t value);
  mlir::Value size(mlir::Value memref, int64_t dim);
  /// The number of tiles of `step` keys.
  mlir::Value countTiles(mlir::Value keys, int64_t step);
  mlir::Value allocate(mlir::Value source, llvm::ArrayRef<mlir::Value> dynamic,
                       llvm::ArrayRef<int64_t> shape);
  /// The scratch with the pair dimension folded into the width.
  mlir::Value flatView(mlir::Value scratch);
  /// A loop over batches, heads and `count` pieces.
  void forPieces(mlir::Value source, mlir::Value count,
                 llvm::function_ref<void(mlir::ValueRange)> body);
  /// `count` elements of a row, converted, and widened with zeros to `width`.
  mlir::Value readConverted(mlir::Value source, mlir::ValueRange indices,
                            int64_t count, int64_t width);
  void transposeBlock(mlir::Value keys, mlir::Value packed,
                      mlir::ValueRange piece, mlir::Value firstKey,
                      mlir::Value lastKey, mlir::Value column, mlir::Value word,
                      int64_t count);
  void packValueLine(mlir::Value values, mlir::Value packed,
                     mlir::ValueRange piece, mlir::Value key, mlir::Value panel,
                     mlir::Value column, int64_t count);

  mlir::ImplicitLocOpBuilder &b;
  const TilePlan &tiles;
  const CPUPlan &cpu;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_CPU_PACKEMITTER_H

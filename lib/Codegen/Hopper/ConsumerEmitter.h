//===- ConsumerEmitter.h - The warpgroups that compute ----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_CONSUMEREMITTER_H
#define RINGATTN_LIB_CODEGEN_HOPPER_CONSUMEREMITTER_H

#include "FragmentMemory.h"
#include "Products.h"
#include "RoleEmitter.h"
#include "TileFacts.h"

namespace ringattn {

/// A warpgroup that computes 64 rows of the block's tile. Tiles become
/// fragments in registers; factors of products are read where TMA has put them.
/// A product is started where it is written and awaited where its result is
/// first used.
class ConsumerEmitter : public RoleEmitter {
public:
  /// `warpgroup`: among the consumers; `thread`: within the warpgroup (i32).
  ConsumerEmitter(mlir::ImplicitLocOpBuilder &builder, const KernelFrame &frame,
                  const TileFacts &facts, mlir::Value warpgroup,
                  mlir::Value thread);

private:
  /// A tile of a stream in its slot.
  struct SlotTile {
    unsigned stream;
    Turn turn;
    bool arrived = false;
  };

  mlir::LogicalResult emitTileOp(mlir::Operation *op) override;
  mlir::Type tileType(mlir::Value value) override;
  mlir::Value carryTile(mlir::Value value, mlir::Value as) override;
  void prepareForRegions(mlir::Operation *op) override;
  void enterLoop(mlir::scf::ForOp loop) override;

  mlir::LogicalResult emitLoad(LoadTileOp load);
  mlir::LogicalResult emitStore(StoreTileOp store);
  mlir::LogicalResult emitContract(mlir::linalg::ContractOp op);
  mlir::LogicalResult emitGeneric(mlir::linalg::GenericOp op);
  mlir::LogicalResult emitBodyOp(mlir::Operation *op, mlir::IRMapping &body,
                                 TileAxes axes, int64_t columns);

  /// The fragment of a tile, awaited.
  mlir::Value fragment(mlir::Value tile);
  /// The same, with whole sums in every thread, or with shares of them.
  mlir::Value wholeFragment(mlir::Value tile);
  mlir::Value partialFragment(mlir::Value tile);
  mlir::FailureOr<Factor> factor(mlir::linalg::ContractOp op, mlir::Value tile);
  /// Gives the slots of `tiles` back to the producer.
  std::function<void()> release(mlir::ValueRange tiles);
  mlir::FailureOr<GlobalRows> globalRows(mlir::Operation *op,
                                         mlir::Value memref, mlir::Value row);
  void takeTurn();
  void passTurn();

  const TileFacts &facts;
  mlir::Value warpgroup, firstRow;
  Fragments fragments;
  Products products;
  llvm::DenseMap<mlir::Value, SlotTile> slotTiles;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_CONSUMEREMITTER_H

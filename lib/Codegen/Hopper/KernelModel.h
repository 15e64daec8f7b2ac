//===- KernelModel.h - What a kernel reads, and where it keeps it -*- C++ -*-=//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_KERNELMODEL_H
#define RINGATTN_LIB_CODEGEN_HOPPER_KERNELMODEL_H

#include "SharedTiles.h"

#include "ringattn/Codegen/Hopper/HopperPlan.h"
#include "ringattn/Codegen/Tile/TilePlan.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ringattn {

/// What a copy of an argument makes of it, so that TMA and wgmma can take it.
enum class Packing {
  /// No copy: the argument is as it should be.
  None,
  /// Addresses and strides are multiples of 16 bytes.
  Aligned,
  /// The same, with elements rounded to tf32.
  Rounded,
  /// B x H x D x S: elements rounded to tf32, and those of a column adjacent;
  /// of 8 adjacent rows the even ones come first. That is the order in which a
  /// thread holds P: its accumulators 2t and 2t + 1 are columns t and t + 4 of
  /// an A fragment of tf32.
  RoundedColumns
};

/// The tiles of one argument that are operands of products: they pass through
/// `slots` slots of shared memory. A slot has a barrier that completes when its
/// tile has arrived, and, where it is used again, one that completes when it
/// has been read.
struct TileStream {
  mlir::BlockArgument source;
  Packing packing = Packing::None;
  /// Of the argument, or of the copy.
  SharedTile tile;
  int64_t slots = 1;
  /// Offsets in shared memory.
  int64_t address = 0;
  int64_t fullBarriers = 0, emptyBarriers = 0;

  bool isReused() const { return slots > 1; }
  bool isTransposed() const { return packing == Packing::RoundedColumns; }
};

/// A parameter of the device function.
struct KernelParameter {
  enum Kind {
    /// The tensor map of a stream's argument.
    TensorMap,
    /// The address of an argument's first element, a stride in elements, a
    /// size.
    Pointer,
    Stride,
    Size,
    /// An index argument.
    Scalar
  };
  Kind kind;
  mlir::BlockArgument source;
  int64_t dimension = 0;
};

/// The tile that `op` loads or stores, as rows from `row` of one batch and head
/// of an argument of the kernel.
struct TileAccess {
  mlir::BlockArgument source;
  /// Batch and head; null: 0.
  mlir::Value batch, head;
  mlir::Value row;
};

class KernelModel {
public:
  static mlir::FailureOr<KernelModel> analyse(mlir::func::FuncOp kernel,
                                              const HopperPlan &plan);

  mlir::func::FuncOp kernel;
  HopperPlan plan;
  /// The loop over (batch, head, tile).
  mlir::scf::ForallOp grid;
  llvm::SmallVector<TileStream> streams;
  llvm::SmallVector<KernelParameter> parameters;
  int64_t sharedBytes = 0;

  /// The index of the stream that `load` belongs to, if it does.
  std::optional<unsigned> streamOf(LoadTileOp load) const;
  /// The indices of the streams of the loads within `op`, ascending.
  llvm::SmallVector<unsigned> streamsWithin(mlir::Operation *op) const;
  unsigned parameter(KernelParameter::Kind kind, mlir::BlockArgument source,
                     int64_t dimension = 0) const;

  static mlir::FailureOr<TileAccess>
  access(mlir::Operation *op, mlir::Value memref, mlir::Value row);

private:
  mlir::LogicalResult findStreams();
  void planPacking();
  mlir::LogicalResult findParameters();
  void placeInSharedMemory();
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_KERNELMODEL_H

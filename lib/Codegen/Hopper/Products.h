//===- Products.h - Products of a warpgroup under way -----------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_LIB_CODEGEN_HOPPER_PRODUCTS_H
#define RINGATTN_LIB_CODEGEN_HOPPER_PRODUCTS_H

#include "SharedTiles.h"

#include "ringattn/Dialect/RingPTX/IR/RingPTX.h"

#include "mlir/IR/IRMapping.h"

#include <deque>
#include <functional>

namespace ringattn {

/// A factor of a product: a tile in shared memory at `address` (i32, of the
/// warpgroup's first row), or a fragment.
struct Factor {
  SharedTile tile;
  mlir::Value address;
  mlir::Value fragment;
};

/// Starts products and waits for them in the order of their groups. A product
/// is known by the tile that it computes.
class Products {
public:
  /// `values`: what stands for tiles.
  Products(mlir::ImplicitLocOpBuilder &builder, mlir::IRMapping &values)
      : b(builder), values(values) {}

  struct Shape {
    ringptx::ElementType type;
    int64_t columns, depth;
    /// The rows of the right factor run along the depth.
    bool mnMajor;
  };
  /// Starts `tile` = `accumulator` + lhs * rhs; a null accumulator is zero.
  /// `finished` is called once the factors have been read.
  void start(mlir::Value tile, const Shape &shape, const Factor &lhs,
             const Factor &rhs, mlir::Value accumulator,
             std::function<void()> finished);
  bool isUnderWay(mlir::Value tile) const;
  /// Waits for the group of `tile` and those before it.
  void wait(mlir::Value tile);
  void waitForAll();

private:
  struct Group {
    mlir::Value tile, product;
    /// The left factor, or null: in shared memory.
    mlir::Value fragment;
    std::function<void()> finished;
    /// Another group was awaited while this one was under way, for work that
    /// this one is to hide.
    bool hidden = false;
  };

  mlir::ImplicitLocOpBuilder &b;
  mlir::IRMapping &values;
  std::deque<Group> groups;
};

} // namespace ringattn

#endif // RINGATTN_LIB_CODEGEN_HOPPER_PRODUCTS_H

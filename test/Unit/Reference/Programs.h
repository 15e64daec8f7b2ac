//===- Programs.h - Programs for the tests ----------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TEST_UNIT_REFERENCE_PROGRAMS_H
#define RINGATTN_TEST_UNIT_REFERENCE_PROGRAMS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Reference/Evaluator.h"
#include "ringattn/Support/Random.h"
#include "gtest/gtest.h"

/// A parsed module, an evaluator of its first function, and the diagnostics.
struct Program {
  explicit Program(llvm::StringRef source,
                   std::vector<ringattn::HostArray> arrays = {},
                   ringattn::reference::EvaluatorOptions options = {})
      : arguments(std::move(arrays)) {
    context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                        mlir::linalg::LinalgDialect, mlir::math::MathDialect,
                        mlir::shard::ShardDialect, mlir::tensor::TensorDialect,
                        ringattn::RingAttnDialect>();
    context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
      messages.push_back(diagnostic.str());
      locations.push_back(diagnostic.getLocation());
      return mlir::success();
    });
    module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
    if (!module) {
      ADD_FAILURE() << (messages.empty() ? "parse error" : messages.front());
      return;
    }
    auto func = *module->getOps<mlir::func::FuncOp>().begin();
    auto created =
        ringattn::reference::Evaluator::create(func, arguments, options);
    if (mlir::succeeded(created))
      evaluator.emplace(std::move(*created));
  }

  /// The value of a result, or of some of its rows; null on failure.
  ringattn::reference::TensorPtr
  get(unsigned result = 0, ringattn::reference::RowSelection rows = {}) {
    if (!evaluator) {
      ADD_FAILURE() << (messages.empty() ? "no evaluator" : messages.front());
      return nullptr;
    }
    auto tensor = evaluator->evaluate(result, rows);
    if (mlir::succeeded(tensor))
      return *tensor;
    return nullptr;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<ringattn::HostArray> arguments;
  std::vector<std::string> messages;
  std::vector<mlir::Location> locations;
  std::optional<ringattn::reference::Evaluator> evaluator;
};

inline ringattn::HostArray makeRandom(ringattn::DType dtype,
                                      llvm::ArrayRef<int64_t> shape,
                                      uint32_t argument) {
  auto array = llvm::cantFail(ringattn::HostArray::create(dtype, shape));
  llvm::cantFail(ringattn::fillNormal(array, 5, argument));
  return array;
}

inline ringattn::HostArray makeArray(ringattn::DType dtype,
                                     llvm::ArrayRef<int64_t> shape,
                                     llvm::ArrayRef<double> values) {
  auto array = llvm::cantFail(ringattn::HostArray::create(dtype, shape));
  for (auto [index, value] : llvm::enumerate(values))
    array.set(static_cast<int64_t>(index), value);
  return array;
}

template <typename... Arrays>
std::vector<ringattn::HostArray> arrays(Arrays... array) {
  std::vector<ringattn::HostArray> result;
  (result.push_back(std::move(array)), ...);
  return result;
}

#endif // RINGATTN_TEST_UNIT_REFERENCE_PROGRAMS_H

//===- Check.cpp - Comparison with the float64 evaluation -----------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check.h"

#include "CommandLine.h"
#include "ringattn/Dialect/RingAttn/IR/RingAttn.h"
#include "ringattn/Reference/Check.h"
#include "llvm/Support/Threading.h"

using namespace llvm;
using namespace ringattn;
using namespace ringattn::tools;

/// The attention that a result's rows come from, looking through what works row
/// by row; null where there is none.
static AttentionOp findAttention(mlir::Value value) {
  SmallVector<mlir::Value> worklist = {value};
  SmallPtrSet<mlir::Operation *, 16> seen;
  while (!worklist.empty()) {
    mlir::Operation *op = worklist.pop_back_val().getDefiningOp();
    if (!op || !seen.insert(op).second)
      continue;
    if (auto attention = dyn_cast<AttentionOp>(op))
      return attention;
    worklist.append(op->operand_begin(), op->operand_end());
  }
  return nullptr;
}

/// For every position of the sequence, the place in the ring of its owner.
static std::vector<int64_t> findOwners(SeqShardingAttr sharding, int64_t size,
                                       const DeviceGrid &grid) {
  int64_t ring = grid.ringSize(sharding.getAxes());
  SequenceLayoutAttrInterface layout = sharding.getLayout();
  std::vector<int64_t> owners(size);
  for (int64_t rank = 0; rank < ring; ++rank) {
    int64_t length = layout.getShardLength(size, ring, rank);
    for (int64_t i = 0; i < length; ++i)
      owners[layout.getPosition(size, ring, rank, i)] = rank;
  }
  return owners;
}

static int reportUnevaluated(DiagnosticPrinter &diagnostics) {
  diagnostics.error("--check: the program cannot be evaluated");
  return ExitFailure;
}

std::optional<reference::Evaluator>
ringattn::tools::createEvaluator(Package &package, mlir::func::FuncOp program,
                                 const Arrays &arrays) {
  DiagnosticPrinter &diagnostics = package.getDiagnostics();
  if (!program) {
    reportError("--check: '" + diagnostics.getFile() +
                "' does not carry its global program, expected a module "
                "compiled from one");
    return std::nullopt;
  }
  reference::EvaluatorOptions options;
  options.threads = get_cpus();
  // Kernels for GPUs round f32 factors.
  if (package.getManifest().getString("target") != "cpu")
    options.products = reference::Products::TF32;
  mlir::FailureOr<reference::Evaluator> evaluator =
      reference::Evaluator::create(program, arrays.arguments, options);
  if (mlir::succeeded(evaluator))
    return std::move(*evaluator);
  reportUnevaluated(diagnostics);
  return std::nullopt;
}

int ringattn::tools::checkResults(Package &package,
                                  reference::Evaluator &evaluator,
                                  mlir::func::FuncOp program,
                                  const EntryInfo &entry, const Arrays &arrays,
                                  const DeviceGrid &grid) {
  mlir::Operation *terminator = program.getBody().front().getTerminator();
  std::string firstFailure;
  for (auto [index, actual] : enumerate(arrays.results)) {
    reference::CheckOptions options;
    AttentionOp attention = findAttention(terminator->getOperand(index));
    std::optional<int64_t> rowDim = evaluator.getRowDim(index);
    std::vector<int64_t> owners;
    if (rowDim && attention && attention.getShardingAttr()) {
      owners = findOwners(attention.getShardingAttr(),
                          actual.getShape()[*rowDim], grid);
      options.rankOf = [&](unsigned, int64_t position) {
        return owners[position];
      };
    }
    mlir::FailureOr<reference::CheckResult> result =
        reference::check(evaluator, index, actual, options);
    if (mlir::failed(result))
      return reportUnevaluated(package.getDiagnostics());
    outs() << "check result " << index << ": " << reference::summarize(*result)
           << (result->passed ? ", ok\n" : ", FAILED\n");
    if (!result->passed && firstFailure.empty())
      firstFailure = "result " + std::to_string(index) + " of '" + entry.name +
                     "': " + reference::describeFailure(*result);
  }
  if (!firstFailure.empty())
    return reportError(firstFailure);
  return ExitSuccess;
}

//===- Linalg.cpp - Float64 evaluation of linalg --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any linalg op whose indexing maps are linear: for batches of parallel
// iterations, the reduction loops run in order with the outputs in registers.
//
//===----------------------------------------------------------------------===//

#include "EvaluatorImpl.h"
#include "LinalgBody.h"
#include "ringattn/Support/Parallel.h"

using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

namespace {

/// One operand as seen from the loops: element `base + sum_l coefficient_l *
/// index_l`, where `index_l` counts iterations of loop l (`local`) or is the
/// position that a selected loop has there.
struct Access {
  TensorPtr tensor;
  int64_t base = 0;
  Shape local;
  Shape global;
};

/// The loops of an op, of which one may be restricted to selected positions.
struct Loops {
  Shape sizes; ///< iterations
  SmallVector<unsigned> parallel, reduction;
  int64_t selected = -1;
  ArrayRef<int64_t> positions;

  int64_t getPosition(int64_t loop, int64_t iteration) const {
    return loop == selected ? positions[iteration] : iteration;
  }
  int64_t getOffset(const Access &access, unsigned loop,
                    int64_t iteration) const {
    int64_t offset = access.local[loop] * iteration;
    if (access.global[loop])
      offset += access.global[loop] * getPosition(loop, iteration);
    return offset;
  }
};

/// A batch of parallel iterations of one op.
struct Runner {
  const Loops &loops;
  const LinalgBody &body;
  ArrayRef<Access> inputs; ///< of all operands, outputs last
  ArrayRef<std::optional<unsigned>> argumentSlots;
  ArrayRef<bool> loaded; ///< whether an operand's value is used
  ArrayRef<std::pair<TensorPtr, unsigned>> captured;
  ArrayRef<Access> outputs;
  MutableArrayRef<Tensor> results;

  Operation *run(int64_t first, int64_t n) const;
};

} // namespace

static void load(const Tensor &tensor, const int64_t *offsets, int64_t shift,
                 int64_t n, Batch &batch) {
  if (tensor.isInteger) {
    for (int64_t i = 0; i < n; ++i)
      batch.ints[i] = tensor.ints[offsets[i] + shift];
    return;
  }
  for (int64_t i = 0; i < n; ++i)
    batch.values[i] = tensor.values[offsets[i] + shift];
  bool exact = tensor.allowed.empty();
  for (int64_t i = 0; i < n; ++i)
    batch.allowed[i] = exact ? 0 : tensor.allowed[offsets[i] + shift];
}

/// Splits a linear number into iterations of the given loops, last fastest.
static void delinearize(const Loops &loops, ArrayRef<unsigned> dims,
                        int64_t linear, MutableArrayRef<int64_t> iterations) {
  for (unsigned loop : llvm::reverse(dims)) {
    iterations[loop] = linear % loops.sizes[loop];
    linear /= loops.sizes[loop];
  }
}

Operation *Runner::run(int64_t first, int64_t n) const {
  // Offsets of the parallel part, per operand.
  size_t numLoops = loops.sizes.size(), numInputs = inputs.size();
  Shape iterations(numLoops, 0);
  std::vector<int64_t> positions(numLoops * batchSize);
  std::vector<int64_t> offsets((numInputs + outputs.size()) * batchSize);
  for (int64_t i = 0; i < n; ++i) {
    delinearize(loops, loops.parallel, first + i, iterations);
    for (unsigned loop : loops.parallel)
      positions[loop * batchSize + i] =
          loops.getPosition(loop, iterations[loop]);
    for (size_t k = 0; k < numInputs + outputs.size(); ++k) {
      const Access &access = k < numInputs ? inputs[k] : outputs[k - numInputs];
      int64_t offset = access.base;
      for (unsigned loop : loops.parallel)
        offset += loops.getOffset(access, loop, iterations[loop]);
      offsets[k * batchSize + i] = offset;
    }
  }

  std::vector<Batch> slots(body.getNumSlots());
  for (auto [tensor, slot] : captured) {
    const std::vector<int64_t> zeros(n, 0);
    load(*tensor, zeros.data(), 0, n, slots[slot]);
  }
  size_t firstOutput = numInputs - outputs.size();
  std::vector<Batch> state(outputs.size());
  int64_t numReductions = 1;
  for (unsigned loop : loops.reduction)
    numReductions *= loops.sizes[loop];
  for (size_t k = 0; k < outputs.size(); ++k)
    if (loaded[firstOutput + k] || numReductions == 0)
      load(*inputs[firstOutput + k].tensor,
           &offsets[(firstOutput + k) * batchSize], 0, n, state[k]);

  for (int64_t r = 0; r < numReductions; ++r) {
    delinearize(loops, loops.reduction, r, iterations);
    for (size_t k = 0; k < numInputs; ++k) {
      if (!loaded[k] || !argumentSlots[k])
        continue;
      Batch &slot = slots[*argumentSlots[k]];
      if (k >= firstOutput) {
        slot = state[k - firstOutput];
        continue;
      }
      int64_t shift = 0;
      for (unsigned loop : loops.reduction)
        shift += loops.getOffset(inputs[k], loop, iterations[loop]);
      load(*inputs[k].tensor, &offsets[k * batchSize], shift, n, slot);
    }
    for (auto [slot, loop] : body.getIndices()) {
      bool parallel = llvm::is_contained(loops.parallel, loop);
      for (int64_t i = 0; i < n; ++i)
        slots[slot].ints[i] =
            parallel ? positions[loop * batchSize + i] : iterations[loop];
    }
    if (Operation *undefined = body.run(slots, n))
      return undefined;
    for (size_t k = 0; k < outputs.size(); ++k)
      state[k] = slots[body.getYields()[k]];
  }

  for (size_t k = 0; k < outputs.size(); ++k)
    for (int64_t i = 0; i < n; ++i) {
      int64_t to = offsets[(numInputs + k) * batchSize + i];
      if (results[k].isInteger) {
        results[k].ints[to] = state[k].ints[i];
        continue;
      }
      results[k].values[to] = state[k].values[i];
      results[k].allowed[to] = state[k].allowed[i];
    }
  return nullptr;
}

/// Adds `factor * expr` to coefficients of dimensions and a constant. False
/// where the expression is not linear.
static bool addLinear(AffineExpr expr, int64_t factor, Shape &coefficients,
                      int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    coefficients[dim.getPosition()] += factor;
    return true;
  }
  if (auto value = dyn_cast<AffineConstantExpr>(expr)) {
    constant += factor * value.getValue();
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, coefficients, constant) &&
           addLinear(binary.getRHS(), factor, coefficients, constant);
  auto right = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return binary.getKind() == AffineExprKind::Mul && right &&
         addLinear(binary.getLHS(), factor * right.getValue(), coefficients,
                   constant);
}

/// Where exactly one result of `map` depends on loop `loop`, and is it: that
/// result. -1: none depends on it; -2: any other dependence.
static int64_t findLoop(AffineMap map, int64_t loop) {
  int64_t found = -1;
  for (auto [index, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (found != -1 || !isa<AffineDimExpr>(expr))
      return -2;
    found = static_cast<int64_t>(index);
  }
  return found;
}

/// The full sizes of the loops, from the operands' shapes.
static LogicalResult getLoopSizes(Operation *op, ArrayRef<AffineMap> maps,
                                  ArrayRef<Shape> shapes, Shape &sizes) {
  sizes.assign(maps.front().getNumDims(), -1);
  for (auto [map, shape] : llvm::zip(maps, shapes))
    for (auto [expr, size] : llvm::zip(map.getResults(), shape))
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        int64_t &known = sizes[dim.getPosition()];
        if (known >= 0 && known != size)
          return emitError(op->getLoc())
                 << "an operand gives loop " << dim.getPosition()
                 << " the size " << size << ", expected " << known
                 << " as in the operands before";
        known = size;
      }
  for (auto [loop, size] : llvm::enumerate(sizes))
    if (size < 0)
      return emitError(op->getLoc())
             << "no operand gives the size of loop " << loop
             << ", expected one that the loop indexes alone";
  return success();
}

/// The access of an operand of shape `shape`; in its dimension `selectedDim` it
/// holds only the selected positions.
static FailureOr<Access> getAccess(Operation *op, AffineMap map,
                                   ArrayRef<int64_t> shape,
                                   ArrayRef<int64_t> fullSizes,
                                   const Loops &loops, int64_t selectedDim) {
  Access access;
  access.local.assign(fullSizes.size(), 0);
  access.global.assign(fullSizes.size(), 0);
  int64_t stride = 1;
  for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
    Shape coefficients(fullSizes.size(), 0);
    int64_t constant = 0;
    if (!addLinear(map.getResult(d), 1, coefficients, constant))
      return emitError(op->getLoc())
             << "indexing map " << AffineMapAttr::get(map)
             << " has no float64 evaluation, expected sums of loops times "
                "constants";
    int64_t low = constant, high = constant;
    for (auto [coefficient, size] : llvm::zip(coefficients, fullSizes))
      (coefficient < 0 ? low : high) += coefficient * (size - 1);
    if (!llvm::is_contained(fullSizes, 0) && (low < 0 || high >= shape[d]))
      return emitError(op->getLoc())
             << "indices " << low << " to " << high << " of dimension " << d
             << " of an operand of shape " << formatShape(shape)
             << ", expected 0 to " << shape[d] - 1;
    bool local = d == selectedDim;
    for (size_t l = 0; l < fullSizes.size(); ++l)
      (local || static_cast<int64_t>(l) != loops.selected ? access.local
                                                          : access.global)[l] +=
          coefficients[l] * stride;
    access.base += constant * stride;
    stride *= local ? static_cast<int64_t>(loops.positions.size()) : shape[d];
  }
  return access;
}

LogicalResult Evaluator::Impl::computeLinalg(linalg::LinalgOp op,
                                             OpResult result, int64_t dim) {
  FailureOr<LinalgBody> body = LinalgBody::get(op);
  if (failed(body))
    return failure();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<Shape> shapes;
  for (Value operand : op->getOperands()) {
    FailureOr<Shape> shape = getShape(operand);
    if (failed(shape))
      return failure();
    shapes.push_back(*shape);
  }
  Loops loops;
  Shape fullSizes;
  if (failed(getLoopSizes(op, maps, shapes, fullSizes)))
    return failure();
  for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray()))
    (type == utils::IteratorType::parallel ? loops.parallel : loops.reduction)
        .push_back(loop);

  unsigned firstOutput = op.getNumDpsInputs(), numOutputs = op.getNumDpsInits();
  for (AffineMap map : ArrayRef(maps).drop_front(firstOutput))
    for (AffineExpr expr : map.getResults()) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop || !llvm::is_contained(loops.parallel, loop.getPosition()))
        return emitError(op.getLoc())
               << "output map " << AffineMapAttr::get(map)
               << " has no float64 evaluation, expected parallel loops";
    }
  loops.sizes = fullSizes;
  if (dim >= 0) {
    AffineMap map = maps[firstOutput + result.getResultNumber()];
    loops.selected = cast<AffineDimExpr>(map.getResult(dim)).getPosition();
    loops.positions = selection;
    loops.sizes[loops.selected] = static_cast<int64_t>(selection.size());
  }

  // Operands, of which only the selected rows where the map allows.
  SmallVector<Access> inputs, outputs;
  SmallVector<bool> loaded;
  SmallVector<std::optional<unsigned>> slots;
  SmallVector<int64_t> outputDims;
  std::vector<Tensor> results;
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned k = operand.getOperandNumber();
    int64_t rowDim = dim < 0 ? -1 : findLoop(maps[k], loops.selected);
    bool used = k < firstOutput || op.payloadUsesValueFromOperand(&operand);
    bool needed = used || !loops.reduction.empty();
    FailureOr<Access> access =
        getAccess(op, maps[k], shapes[k], fullSizes, loops, rowDim);
    if (failed(access))
      return failure();
    if (needed) {
      FailureOr<TensorPtr> tensor =
          evaluate(operand.get(), std::max<int64_t>(rowDim, -1));
      if (failed(tensor))
        return failure();
      access->tensor = *tensor;
    }
    // A linalg.map has no argument for its output.
    slots.push_back(k < op.getBlock()->getNumArguments()
                        ? std::optional<unsigned>(
                              body->getSlot(op.getBlock()->getArgument(k)))
                        : std::nullopt);
    loaded.push_back(used);
    if (k >= firstOutput) {
      Shape shape = shapes[k];
      if (rowDim >= 0)
        shape[rowDim] = static_cast<int64_t>(selection.size());
      results.push_back(makeTensor(shape, operand.get().getType(), true));
      outputDims.push_back(rowDim);
      outputs.push_back(*access);
    }
    inputs.push_back(std::move(*access));
  }
  SmallVector<std::pair<TensorPtr, unsigned>> captured;
  for (auto [value, slot] : body->getCaptured()) {
    FailureOr<TensorPtr> tensor = evaluate(value, -1);
    if (failed(tensor))
      return failure();
    captured.push_back({*tensor, slot});
  }

  int64_t count = 1;
  for (unsigned loop : loops.parallel)
    count *= loops.sizes[loop];
  Runner runner{loops,  *body,    inputs,  slots,
                loaded, captured, outputs, results};
  std::atomic<Operation *> undefined(nullptr);
  parallelFor((count + batchSize - 1) / batchSize, options.threads,
              [&](int64_t task) {
                int64_t first = task * batchSize;
                if (Operation *where =
                        runner.run(first, std::min(batchSize, count - first)))
                  undefined = where;
              });
  if (Operation *where = undefined.load())
    return emitError(where->getLoc())
           << "'" << where->getName() << "' " << kUndefined;
  for (unsigned k = 0; k < numOutputs; ++k)
    if (dim < 0 || outputDims[k] >= 0)
      store(op->getResult(k), outputDims[k],
            std::make_shared<Tensor>(std::move(results[k])));
  return success();
}

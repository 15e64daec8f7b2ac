//===- Evaluator.cpp - Float64 evaluation of programs ---------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Reference/Evaluator.h"

#include "EvaluatorImpl.h"
#include "ScalarOps.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ringattn/Reference/Attention.h"
#include "ringattn/Support/Parallel.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

Tensor reference::makeTensor(ArrayRef<int64_t> shape, Type type,
                             bool withErrors) {
  Tensor tensor;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.isInteger = !isFloat(*getDType(type));
  int64_t count = tensor.getNumElements();
  if (tensor.isInteger)
    tensor.ints.resize(count);
  else
    tensor.values.resize(count);
  if (!tensor.isInteger && withErrors)
    tensor.allowed.resize(count);
  return tensor;
}

//===----------------------------------------------------------------------===//
// Values on demand
//===----------------------------------------------------------------------===//

TensorPtr Evaluator::Impl::select(const Tensor &tensor, int64_t dim) {
  Tensor result;
  result.shape = tensor.shape;
  result.isInteger = tensor.isInteger;
  result.shape[dim] = static_cast<int64_t>(selection.size());
  int64_t outer = 1, inner = 1;
  for (int64_t d = 0; d < dim; ++d)
    outer *= tensor.shape[d];
  for (int64_t size : ArrayRef(tensor.shape).drop_front(dim + 1))
    inner *= size;
  auto gather = [&](const auto &from, auto &to) {
    if (from.empty())
      return;
    to.reserve(result.getNumElements());
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t position : selection) {
        auto begin = from.begin() + (o * tensor.shape[dim] + position) * inner;
        to.insert(to.end(), begin, begin + inner);
      }
  };
  gather(tensor.values, result.values);
  gather(tensor.allowed, result.allowed);
  gather(tensor.ints, result.ints);
  return std::make_shared<const Tensor>(std::move(result));
}

void Evaluator::Impl::store(Value value, int64_t dim, TensorPtr tensor) {
  if (dim < 0)
    whole[value] = std::move(tensor);
  else
    selected[{value, dim}] = std::move(tensor);
}

FailureOr<TensorPtr> Evaluator::Impl::evaluate(Value value, int64_t dim) {
  for (bool second : {false, true}) {
    auto found = whole.find(value);
    if (found != whole.end()) {
      if (dim < 0)
        return found->second;
      auto [it, inserted] = selected.try_emplace({value, dim});
      if (inserted || !it->second)
        it->second = select(*found->second, dim);
      return it->second;
    }
    if (dim >= 0)
      if (TensorPtr tensor = selected.lookup({value, dim}))
        return tensor;
    if (second || failed(compute(value, dim)))
      break;
  }
  return failure();
}

LogicalResult Evaluator::Impl::forward(Value to, int64_t dim, Value from,
                                       int64_t fromDim) {
  FailureOr<TensorPtr> tensor = evaluate(from, fromDim);
  if (failed(tensor))
    return failure();
  if (to.getType() == from.getType()) {
    store(to, dim, *tensor);
    return success();
  }
  FailureOr<Shape> shape = getShape(to);
  if (failed(shape))
    return failure();
  if (dim >= 0)
    (*shape)[dim] = static_cast<int64_t>(selection.size());
  auto reshaped = std::make_shared<Tensor>(**tensor);
  reshaped->shape = *shape;
  store(to, dim, std::move(reshaped));
  return success();
}

/// Evaluates `value`, in `dim` or wholly, and stores it.
LogicalResult Evaluator::Impl::compute(Value value, int64_t dim) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return computeArgument(argument, dim);
  auto result = cast<OpResult>(value);
  Operation *op = value.getDefiningOp();
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](AttentionOp op) {
        return computeAttention(op, dim == 2 ? dim : -1);
      })
      .Case([&](linalg::LinalgOp op) { return computeLinalg(op, result, dim); })
      .Case([&](tensor::CastOp op) {
        return forward(value, dim, op.getSource(), dim);
      })
      .Case([&](shard::ShardOp op) {
        return forward(value, dim, op.getSrc(), dim);
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>([&](auto reshape) {
        int64_t from = dim < 0 ? -1 : mapReshape(op, dim, /*toSource=*/true);
        return forward(value, from < 0 ? -1 : dim, reshape.getSrc(), from);
      })
      .Case([&](tensor::EmptyOp op) -> LogicalResult {
        FailureOr<Shape> shape = getShape(value);
        if (failed(shape))
          return failure();
        if (dim >= 0)
          (*shape)[dim] = static_cast<int64_t>(selection.size());
        // Nothing may depend on these.
        Tensor tensor = makeTensor(*shape, value.getType(), false);
        std::fill(tensor.values.begin(), tensor.values.end(),
                  std::numeric_limits<double>::quiet_NaN());
        store(value, dim, std::make_shared<Tensor>(std::move(tensor)));
        return success();
      })
      .Case([&](tensor::SplatOp op) -> LogicalResult {
        FailureOr<Shape> shape = getShape(value);
        FailureOr<TensorPtr> input = evaluate(op.getInput(), -1);
        if (failed(shape) || failed(input))
          return failure();
        if (dim >= 0)
          (*shape)[dim] = static_cast<int64_t>(selection.size());
        const Tensor &scalar = **input;
        Tensor tensor =
            makeTensor(*shape, value.getType(), !scalar.allowed.empty());
        auto fill = [](auto &to, const auto &from) {
          std::fill(to.begin(), to.end(), from.empty() ? 0 : from[0]);
        };
        fill(tensor.values, scalar.values);
        fill(tensor.allowed, scalar.allowed);
        fill(tensor.ints, scalar.ints);
        store(value, dim, std::make_shared<Tensor>(std::move(tensor)));
        return success();
      })
      .Case([&](tensor::DimOp op) -> LogicalResult {
        FailureOr<Shape> shape = getShape(op.getSource());
        FailureOr<TensorPtr> index = evaluate(op.getIndex(), -1);
        if (failed(shape) || failed(index))
          return failure();
        int64_t which = (*index)->ints[0];
        if (which < 0 || which >= static_cast<int64_t>(shape->size()))
          return emitError(op.getLoc())
                 << "dimension is " << which << ", expected one below "
                 << shape->size();
        Tensor tensor = makeTensor({}, value.getType(), false);
        tensor.ints[0] = (*shape)[which];
        store(value, -1, std::make_shared<Tensor>(std::move(tensor)));
        return success();
      })
      .Default([&](Operation *op) {
        if (op->hasTrait<OpTrait::ConstantLike>())
          return computeConstant(op);
        return computeElementwise(op, dim);
      });
}

LogicalResult Evaluator::Impl::computeArgument(BlockArgument argument,
                                               int64_t dim) {
  const HostArray &array = args[argument.getArgNumber()];
  Shape shape(array.getShape());
  int64_t inner = 1, stride = 1, outer = 1;
  if (dim >= 0) {
    for (int64_t size : ArrayRef(shape).take_front(dim))
      outer *= size;
    for (int64_t size : ArrayRef(shape).drop_front(dim + 1))
      inner *= size;
    stride = shape[dim];
    shape[dim] = static_cast<int64_t>(selection.size());
  } else {
    inner = array.getNumElements();
  }
  Tensor tensor = makeTensor(shape, argument.getType(), false);
  int64_t rows = dim < 0 ? 1 : static_cast<int64_t>(selection.size());
  constexpr int64_t chunk = 1 << 16;
  int64_t chunks = (inner + chunk - 1) / chunk;
  bool isBool = array.getDType() == DType::I1;
  parallelFor(outer * rows * chunks, options.threads, [&](int64_t task) {
    int64_t row = task / chunks, begin = task % chunks * chunk;
    int64_t end = std::min(inner, begin + chunk);
    int64_t from = 0;
    if (dim >= 0)
      from = (row / rows * stride + selection[row % rows]) * inner;
    for (int64_t i = begin; i < end; ++i) {
      if (!tensor.isInteger)
        tensor.values[row * inner + i] = array.get(from + i);
      else
        tensor.ints[row * inner + i] =
            isBool ? -array.getInt(from + i) : array.getInt(from + i);
    }
  });
  store(argument, dim, std::make_shared<Tensor>(std::move(tensor)));
  return success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// The masks, from their definitions.
static FailureOr<Visibility> getVisibility(AttentionOp op) {
  Attribute mask = op.getMask();
  if (isa<FullAttr>(mask))
    return Visibility{};
  if (isa<CausalAttr>(mask))
    return Visibility{std::nullopt, 0};
  if (auto window = dyn_cast<SlidingWindowAttr>(mask))
    return Visibility{window.getLeft(), window.getRight()};
  return emitError(op.getLoc())
         << "mask " << mask
         << " has no float64 evaluation, expected #ringattn.full, "
            "#ringattn.causal or #ringattn.sliding_window";
}

LogicalResult Evaluator::Impl::computeAttention(AttentionOp op, int64_t dim) {
  FailureOr<Visibility> mask = getVisibility(op);
  if (failed(mask))
    return failure();
  FailureOr<TensorPtr> query = evaluate(op.getQuery(), dim);
  FailureOr<TensorPtr> key = evaluate(op.getKey(), -1);
  FailureOr<TensorPtr> value = evaluate(op.getValue(), -1);
  if (failed(query) || failed(key) || failed(value))
    return failure();
  const Shape &q = (*query)->shape, &k = (*key)->shape, &v = (*value)->shape;
  bool fits = q[0] == k[0] && k[0] == v[0] && k[1] == v[1] && k[2] == v[2] &&
              q[3] == k[3] && k[1] > 0 && q[1] % k[1] == 0;
  if (!fits)
    return emitError(op.getLoc())
           << "attention of shapes " << formatShape(q) << ", " << formatShape(k)
           << " and " << formatShape(v)
           << ", expected BxHqxSqxD, BxHkvxSkxD and BxHkvxSkxDv";
  std::vector<int64_t> positions = selection;
  if (dim < 0) {
    positions.resize(q[2]);
    std::iota(positions.begin(), positions.end(), 0);
  }
  double scale = op.getScaleAttr() ? op.getScaleAttr().getValueAsDouble()
                                   : 1 / std::sqrt(static_cast<double>(q[3]));
  AttentionRows rows =
      attend({**query, **key, **value, positions, scale, *mask,
              *getDType(op.getQuery().getType()), options.products},
             options.threads);
  store(op.getOutput(), dim, std::make_shared<Tensor>(std::move(rows.output)));
  if (op.getLse())
    store(op.getLse(), dim, std::make_shared<Tensor>(std::move(rows.lse)));
  return success();
}

/// Loads scalars `begin...begin + n` of an operand; a scalar operand is
/// repeated.
static void loadBatch(const Tensor &tensor, int64_t begin, int64_t n,
                      Batch &batch) {
  int64_t step = tensor.shape.empty() ? 0 : 1;
  begin *= step;
  for (int64_t i = 0; i < n; ++i) {
    if (tensor.isInteger) {
      batch.ints[i] = tensor.ints[begin + i * step];
      continue;
    }
    batch.values[i] = tensor.values[begin + i * step];
    batch.allowed[i] =
        tensor.allowed.empty() ? 0 : tensor.allowed[begin + i * step];
  }
}

LogicalResult Evaluator::Impl::computeElementwise(Operation *op, int64_t dim) {
  Value value = op->getResult(0);
  SmallVector<TensorPtr> operands;
  FailureOr<Shape> shape = getShape(value);
  if (failed(shape))
    return failure();
  if (dim >= 0)
    (*shape)[dim] = static_cast<int64_t>(selection.size());
  for (Value operand : op->getOperands()) {
    bool scalar = !isa<ShapedType>(operand.getType());
    FailureOr<TensorPtr> tensor = evaluate(operand, scalar ? -1 : dim);
    if (failed(tensor))
      return failure();
    if (!scalar && (*tensor)->shape != *shape)
      return emitError(op->getLoc())
             << "operand of shape " << formatShape((*tensor)->shape)
             << ", expected " << formatShape(*shape);
    operands.push_back(*tensor);
  }

  Tensor result = makeTensor(*shape, value.getType(), /*withErrors=*/true);
  std::optional<ScalarOp> scalarOp = ScalarOp::get(op); // verified to exist
  int64_t count = result.getNumElements();
  std::atomic<bool> defined(true);
  parallelFor((count + batchSize - 1) / batchSize, options.threads,
              [&](int64_t task) {
                SmallVector<Batch, 0> batches(operands.size() + 1);
                SmallVector<const Batch *> inputs;
                int64_t begin = task * batchSize;
                int64_t n = std::min(batchSize, count - begin);
                for (size_t k = 0; k < operands.size(); ++k) {
                  loadBatch(*operands[k], begin, n, batches[k]);
                  inputs.push_back(&batches[k]);
                }
                Batch &output = batches.back();
                if (!scalarOp->evaluate(inputs, output, n))
                  defined = false;
                for (int64_t i = 0; i < n; ++i) {
                  if (result.isInteger) {
                    result.ints[begin + i] = output.ints[i];
                    continue;
                  }
                  result.values[begin + i] = output.values[i];
                  result.allowed[begin + i] = output.allowed[i];
                }
              });
  if (!defined)
    return emitError(op->getLoc())
           << "'" << op->getName() << "' " << kUndefined;
  store(value, dim, std::make_shared<Tensor>(std::move(result)));
  return success();
}

//===----------------------------------------------------------------------===//
// Evaluator
//===----------------------------------------------------------------------===//

Evaluator::Evaluator(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Evaluator::Evaluator(Evaluator &&) = default;
Evaluator &Evaluator::operator=(Evaluator &&) = default;
Evaluator::~Evaluator() = default;

FailureOr<Evaluator> Evaluator::create(func::FuncOp func,
                                       ArrayRef<HostArray> args,
                                       EvaluatorOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->func = func;
  impl->args = args;
  impl->options = options;
  if (failed(impl->verify()) || failed(impl->verifyArguments()))
    return failure();
  return Evaluator(std::move(impl));
}

Location Evaluator::getLoc() const { return impl->func.getLoc(); }

DType Evaluator::getResultDType(unsigned result) const {
  return *getDType(impl->func.getResultTypes()[result]);
}

unsigned Evaluator::getNumResults() const { return impl->func.getNumResults(); }

FailureOr<SmallVector<int64_t>> Evaluator::getResultShape(unsigned result) {
  return impl->getShape(impl->getResult(result));
}

std::optional<int64_t> Evaluator::getRowDim(unsigned result) {
  return impl->getRowDim(impl->getResult(result));
}

FailureOr<Evaluator::ScoreCount> Evaluator::countScores() {
  ScoreCount count;
  WalkResult walk = impl->func.walk([&](AttentionOp op) {
    FailureOr<Shape> q = impl->getShape(op.getQuery());
    FailureOr<Shape> k = impl->getShape(op.getKey());
    if (failed(q) || failed(k))
      return WalkResult::interrupt();
    auto multiply = [](int64_t a, int64_t b) {
      int64_t r;
      return llvm::MulOverflow(a, b, r) ? INT64_MAX : r;
    };
    auto add = [](int64_t a, int64_t b) {
      int64_t r;
      return llvm::AddOverflow(a, b, r) ? INT64_MAX : r;
    };
    int64_t perRow = multiply(multiply((*q)[0], (*q)[1]), (*k)[2]);
    count.perRow = add(count.perRow, perRow);
    count.total = add(count.total, multiply(perRow, (*q)[2]));
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  return count;
}

FailureOr<TensorPtr> Evaluator::evaluate(unsigned result,
                                         const RowSelection &rows) {
  if (!rows.isWhole() && rows.positions != impl->selection) {
    impl->selected.clear();
    impl->selection = rows.positions;
  }
  return impl->evaluate(impl->getResult(result), rows.dim);
}

//===- Arguments.cpp - The arrays that a run reads and writes -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"

#include "ringattn/Support/Files.h"
#include "ringattn/Support/Npy.h"
#include "ringattn/Support/Random.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Threading.h"

using namespace llvm;
using namespace ringattn;
using namespace ringattn::tools;

std::vector<int64_t> Arrays::argumentDims() const {
  std::vector<int64_t> dims;
  for (const HostArray &array : arguments)
    dims.insert(dims.end(), array.getShape().begin(), array.getShape().end());
  return dims;
}

Expected<int32_t> ringattn::tools::resolveRanks(const RunOptions &options,
                                                ArrayRef<int64_t> grid) {
  std::string wanted = "--ranks=" + std::to_string(options.ranks);
  if (grid.empty()) {
    if (options.ranks > 1)
      return createStringError(wanted + ", but '" + options.module +
                               "' has no device grid, expected 1");
    return 1;
  }
  int64_t fixed = 1;
  bool isStatic = true;
  for (int64_t size : grid) {
    if (size < 0)
      isStatic = false;
    else if (size == 0 || fixed > INT32_MAX / size)
      return createStringError("'" + options.module + "' has a grid of " +
                               formatShape(grid) +
                               ", expected between 1 and 2^31 - 1 devices");
    else
      fixed *= size;
  }
  if (options.ranks == 0)
    return static_cast<int32_t>(fixed);
  if (isStatic && options.ranks != fixed)
    return createStringError(wanted + ", but '" + options.module +
                             "' has a grid of " + formatShape(grid) +
                             ", expected " + Twine(fixed));
  if (options.ranks % fixed != 0)
    return createStringError(wanted + ", but '" + options.module +
                             "' has a grid of " + formatShape(grid) +
                             ", expected a multiple of " + Twine(fixed));
  return static_cast<int32_t>(options.ranks);
}

/// The shape an argument must have: the program's with `--shape` filled in.
static Expected<SmallVector<int64_t>>
wantedShape(const RunOptions &options, const TensorInfo &info, unsigned index) {
  SmallVector<int64_t> shape = info.staticShape();
  auto given = options.shapes.find(index);
  if (given == options.shapes.end())
    return shape;
  const SmallVector<int64_t> &sizes = given->second;
  bool fits = sizes.size() == shape.size();
  for (size_t d = 0; fits && d < sizes.size(); ++d)
    fits = shape[d] < 0 || shape[d] == sizes[d];
  if (!fits)
    return createStringError("--shape gives argument " + Twine(index) +
                             " the shape " + formatShape(sizes) +
                             ", expected " + formatShape(shape));
  return sizes;
}

static Expected<HostArray> makeArgument(const RunOptions &options,
                                        const TensorInfo &info,
                                        unsigned index) {
  Expected<SmallVector<int64_t>> shape = wantedShape(options, info, index);
  if (!shape)
    return shape.takeError();
  if (!options.randomSeed)
    return readNpy(options.inputs[index], info.dtype, *shape);
  if (is_contained(*shape, -1))
    return createStringError(
        "argument " + Twine(index) + " has the shape " + formatShape(*shape) +
        ", expected its sizes: --shape=" + Twine(index) + ":SIZExSIZE...");
  Expected<HostArray> array = HostArray::create(info.dtype, *shape);
  if (!array)
    return array;
  if (Error error = fillNormal(*array, *options.randomSeed, index, get_cpus()))
    return error;
  return array;
}

static Expected<HostArray> makeResult(const TensorInfo &info,
                                      ArrayRef<HostArray> arguments) {
  SmallVector<int64_t> shape;
  for (const TensorInfo::Dim &dim : info.shape) {
    int64_t size = dim.size;
    if (dim.argument >= 0 &&
        dim.argument < static_cast<int64_t>(arguments.size())) {
      ArrayRef<int64_t> source = arguments[dim.argument].getShape();
      if (dim.dim >= 0 && dim.dim < static_cast<int64_t>(source.size()))
        size = source[dim.dim];
    }
    if (size < 0)
      return createStringError(
          "the manifest leaves a size of a result open, expected a number or "
          "the size of an argument");
    shape.push_back(size);
  }
  return HostArray::create(info.dtype, shape);
}

static std::string plural(size_t count, StringRef noun) {
  return (Twine(count) + " " + noun + (count == 1 ? "" : "s")).str();
}

/// The sizes of a tensor as far as they are known before any input is read.
static SmallVector<int64_t> knownShape(const RunOptions &options,
                                       const EntryInfo &entry,
                                       const TensorInfo &info,
                                       std::optional<unsigned> argument) {
  SmallVector<int64_t> shape = info.staticShape();
  if (argument) {
    Expected<SmallVector<int64_t>> wanted =
        wantedShape(options, info, *argument);
    if (wanted)
      return *wanted;
    // `makeArrays` reports it.
    consumeError(wanted.takeError());
    return shape;
  }
  for (auto [size, dim] : zip(shape, info.shape))
    if (dim.argument >= 0 &&
        dim.argument < static_cast<int64_t>(entry.arguments.size())) {
      SmallVector<int64_t> source =
          knownShape(options, entry, entry.arguments[dim.argument],
                     static_cast<unsigned>(dim.argument));
      if (dim.dim >= 0 && dim.dim < static_cast<int64_t>(source.size()))
        size = source[dim.dim];
    }
  return shape;
}

Error ringattn::tools::checkMemory(const RunOptions &options,
                                   const EntryInfo &entry,
                                   const DeviceGrid &grid, int64_t ranks) {
  uint64_t arrays = 0, shards = 0;
  auto add = [&](const TensorInfo &info, ArrayRef<int64_t> shape) {
    if (any_of(shape, [](int64_t size) { return size < 0; }))
      return;
    uint64_t bytes = static_cast<uint64_t>(getByteSize(info.dtype));
    for (int64_t size : shape)
      bytes = SaturatingMultiply(bytes, static_cast<uint64_t>(size));
    // Where a tensor is not sharded, every rank has all of it.
    uint64_t copies = static_cast<uint64_t>(ranks / grid.ringSize(info.axes));
    arrays = SaturatingAdd(arrays, bytes);
    shards = SaturatingMultiplyAdd(bytes, copies, shards);
  };
  for (auto [index, info] : enumerate(entry.arguments))
    add(info, knownShape(options, entry, info, index));
  for (const TensorInfo &info : entry.results)
    add(info, knownShape(options, entry, info, std::nullopt));
  uint64_t available = static_cast<uint64_t>(rr_available_memory());
  if (SaturatingAdd(arrays, shards) <= available)
    return Error::success();
  return createStringError("entry '" + entry.name + "' needs " + Twine(arrays) +
                           " bytes for its global arrays and " + Twine(shards) +
                           " bytes for the shards of " + plural(ranks, "rank") +
                           ": " + Twine(available) +
                           " bytes of memory are available");
}

Expected<Arrays> ringattn::tools::makeArrays(const RunOptions &options,
                                             const EntryInfo &entry) {
  size_t numArguments = entry.arguments.size();
  if (!options.randomSeed && options.inputs.size() != numArguments)
    return createStringError(
        "entry '" + entry.name + "' has " + plural(numArguments, "argument") +
        ", but " + plural(options.inputs.size(), "--input") + " given");
  for (const auto &shape : options.shapes)
    if (shape.first >= numArguments)
      return createStringError("--shape names argument " + Twine(shape.first) +
                               ", but entry '" + entry.name + "' has " +
                               plural(numArguments, "argument"));
  Arrays arrays;
  for (auto [index, info] : enumerate(entry.arguments)) {
    Expected<HostArray> array = makeArgument(options, info, index);
    if (!array)
      return array.takeError();
    arrays.arguments.push_back(std::move(*array));
  }
  for (const TensorInfo &info : entry.results) {
    Expected<HostArray> array = makeResult(info, arrays.arguments);
    if (!array)
      return array.takeError();
    arrays.results.push_back(std::move(*array));
  }
  return arrays;
}

Error ringattn::tools::checkOutputs(const RunOptions &options,
                                    const EntryInfo &entry) {
  if (options.outputs.size() > entry.results.size())
    return createStringError("entry '" + entry.name + "' has " +
                             plural(entry.results.size(), "result") + ", but " +
                             plural(options.outputs.size(), "--output") +
                             " given");
  for (const std::string &path : options.outputs)
    if (Error error = checkWritable(path))
      return error;
  for (const std::string &path : {options.trace, options.report})
    if (!path.empty())
      if (Error error = checkWritable(path))
        return error;
  return Error::success();
}

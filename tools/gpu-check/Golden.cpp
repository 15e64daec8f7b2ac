//===- Golden.cpp - Golden vectors on the GPU -----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Golden.h"
#include "Error.h"

#include "../../runtime/test/SimGolden.h"
#include "../../runtime/test/SimInstructions.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

using namespace gpucheck;
using namespace ringrt::test;

namespace {

/// Of products and copies.
constexpr unsigned threads = 128;
/// Bytes of shared memory behind a box that must stay what they are.
constexpr unsigned margin = 256;

/// Device memory of one vector.
class Buffer {
public:
  Buffer(Device &device, const void *data, size_t bytes)
      : device(device), bytes(bytes), address(device.allocate(bytes)) {
    device.upload(address, data, bytes);
  }
  explicit Buffer(Device &device, const std::vector<uint8_t> &data)
      : Buffer(device, data.data(), data.size()) {}
  ~Buffer() { device.release(address); }
  Buffer(const Buffer &) = delete;

  template <typename T>
  std::vector<T> read() const {
    std::vector<T> data(bytes / sizeof(T));
    device.download(data.data(), address, bytes);
    return data;
  }

  Device &device;
  size_t bytes;
  cuda::Address address;
};

/// Counts what differs and describes the first.
class Differences {
public:
  template <typename... Arguments>
  void add(bool equal, const char *text, Arguments... arguments) {
    ++compared;
    if (equal)
      return;
    if (different++ == 0)
      first = format(text, arguments...);
  }
  std::string text() const {
    if (different == 0)
      return "";
    return format("%s; %zu of %zu differ", first.c_str(), different, compared);
  }

private:
  size_t compared = 0, different = 0;
  std::string first;
};

} // namespace

static void launch(Device &device, cuda::Module module, const std::string &name,
                   void **arguments, unsigned count = threads) {
  Launch launch = {name,
                   device.find(module, name.c_str(), goldenSharedBytes),
                   {1, 1, 1},
                   count,
                   goldenSharedBytes};
  device.run(launch, arguments);
}

//===----------------------------------------------------------------------===//
// Single instructions
//===----------------------------------------------------------------------===//

static std::string runInstruction(Device &device, cuda::Module module,
                                  size_t index) {
  const InstructionCase test = instructionCases()[index];
  Buffer in(device, test.in.data(), test.in.size() * sizeof(uint32_t));
  Buffer out(device,
             std::vector<uint8_t>(test.out.size() * sizeof(uint32_t), 0xee));
  void *arguments[] = {&in.address, &out.address};
  launch(device, module, "instruction_" + std::to_string(index), arguments,
         test.threads);
  const std::vector<uint32_t> got = out.read<uint32_t>();
  Differences differences;
  for (uint32_t i = 0; i < got.size(); ++i) {
    const Word &word = test.out[i];
    const uint32_t thread = i / test.outputs;
    differences.add(word.matches(got[i]),
                    "warp %u, lane %u, word %u: got 0x%08x, expected %s0x%08x, "
                    "of 0x%08x",
                    thread / 32, thread % 32, i % test.outputs, got[i],
                    word.kind == Word::Near ? "about " : "", word.bits,
                    test.in[thread * test.inputs]);
  }
  return differences.text();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

static uint64_t describeOperand(const OperandTile &tile, uint32_t k0,
                                uint32_t offset) {
  return uint64_t((offset + tile.start(k0)) >> 4) |
         uint64_t(tile.leading() >> 4) << 16 |
         uint64_t(tile.stride() >> 4) << 32 | tile.mode() << 62;
}

static std::string runProduct(Device &device, cuda::Module module,
                              size_t index) {
  const WgmmaCase test = wgmmaCases()[index];
  const WgmmaVectors v = makeVectors(test);
  const auto count = static_cast<uint32_t>(test.n) / 2;
  std::vector<float> sums;
  for (uint32_t thread = 0; thread < threads; ++thread)
    sums.insert(sums.end(), v.before[thread].begin(), v.before[thread].end());
  Buffer a(device, v.imageA), b(device, v.imageB);
  Buffer fragments(device, v.registersA, sizeof(v.registersA));
  Buffer result(device, sums.data(), sums.size() * sizeof(float));
  auto bytesA = static_cast<uint32_t>(v.imageA.size());
  auto bytesB = static_cast<uint32_t>(v.imageB.size());
  uint64_t descriptorA = describeOperand(v.a, test.k0, 0);
  uint64_t descriptorB = describeOperand(v.b, test.k0, goldenOffsetB);
  void *arguments[] = {
      &a.address,   &bytesA,      &b.address,         &bytesB,
      &descriptorA, &descriptorB, &fragments.address, &result.address};
  launch(device, module, "wgmma_" + std::to_string(index), arguments);
  const std::vector<float> got = result.read<float>();
  Differences differences;
  for (uint32_t thread = 0; thread < threads; ++thread)
    for (uint32_t i = 0; i < count; ++i) {
      float is = got[thread * count + i], expected = v.after[thread][i];
      differences.add(std::memcmp(&is, &expected, sizeof(is)) == 0,
                      "warp %u, lane %u, register %u: got %g, expected %g",
                      thread / 32, thread % 32, i, static_cast<double>(is),
                      static_cast<double>(expected));
    }
  return differences.text();
}

//===----------------------------------------------------------------------===//
// Tensor copies
//===----------------------------------------------------------------------===//

static uint32_t readElement(const uint8_t *from, uint32_t bytes) {
  uint32_t value = 0;
  std::memcpy(&value, from, bytes);
  return value;
}

/// What shared memory may be written to by the box.
static uint32_t boxFootprint(const TensorCase &test) {
  const uint32_t row = test.box[0] * test.elementBytes;
  return boxBytes(test) / row * (test.swizzle ? test.swizzle : row);
}

static void launchCopy(Device &device, cuda::Module module,
                       const std::string &name, const TensorCase &test,
                       bool fillNaN, cuda::Address tensor, Buffer &image) {
  const rs_tensor_map map = makeMap(test, nullptr);
  TensorShape shape;
  shape.rank = map.rank;
  shape.elementBytes = map.element_bytes;
  std::copy_n(map.size, 5, shape.size);
  std::copy_n(map.stride, 4, shape.stride);
  std::copy_n(map.box, 5, shape.box);
  shape.swizzle = map.swizzle;
  shape.fillNaN = fillNaN;
  alignas(64) uint8_t encoded[cuda::tensorMapBytes];
  device.encode(encoded, shape, tensor);
  int32_t at[5];
  std::copy_n(test.at, 5, at);
  auto imageBytes = static_cast<uint32_t>(image.bytes);
  uint32_t bytes = boxBytes(test);
  void *arguments[] = {encoded, &at[0],         &at[1],      &at[2], &at[3],
                       &at[4],  &image.address, &imageBytes, &bytes};
  launch(device, module, name, arguments);
}

/// A NaN of the type; the format has no others than these.
static bool isNaN(uint32_t bits, uint32_t elementBytes) {
  // Of elements of two bytes the map says bf16.
  return elementBytes == 2 ? (bits & 0x7fff) > 0x7f80
                           : (bits & 0x7fffffff) > 0x7f800000;
}

static GoldenResult runLoad(Device &device, cuda::Module module, size_t index,
                            bool fillNaN) {
  const TensorCase test = tensorCases()[index];
  constexpr uint8_t untouched = 0x5a;
  Buffer tensor(device, makeTensor(test));
  Buffer image(device,
               std::vector<uint8_t>(boxFootprint(test) + margin, untouched));
  launchCopy(device, module, "load_" + std::to_string(index), test, fillNaN,
             tensor.address, image);
  const std::vector<uint8_t> got = image.read<uint8_t>();
  std::vector<bool> covered(got.size());
  std::set<uint32_t> fills;
  Differences differences;
  forEachBoxElement(test, [&](uint32_t offset, bool inside, uint32_t value) {
    std::fill_n(covered.begin() + offset, test.elementBytes, true);
    uint32_t is = readElement(&got[offset], test.elementBytes);
    if (!inside && fillNaN) {
      // Which NaN it is, nobody promises.
      fills.insert(is);
      differences.add(isNaN(is, test.elementBytes),
                      "byte %u of shared memory (outside the tensor): got "
                      "0x%x, expected a NaN",
                      offset, is);
      return;
    }
    uint32_t mask = test.elementBytes == 2 ? 0xffff : 0xffffffff;
    uint32_t expected = inside ? value & mask : 0;
    differences.add(is == expected,
                    "byte %u of shared memory (%s the tensor): got 0x%x, "
                    "expected 0x%x",
                    offset, inside ? "inside" : "outside", is, expected);
  });
  for (size_t byte = 0; byte < got.size(); ++byte)
    if (!covered[byte])
      differences.add(got[byte] == untouched,
                      "byte %zu of shared memory (outside the box): got 0x%x, "
                      "expected 0x%x",
                      byte, got[byte], untouched);
  GoldenResult result = {differences.text(), ""};
  for (uint32_t fill : fills)
    result.note += format("%s0x%x", result.note.empty() ? "" : ", ", fill);
  return result;
}

static std::string runStore(Device &device, cuda::Module module, size_t index) {
  const TensorCase test = tensorCases()[index];
  const uint32_t mask = test.elementBytes == 2 ? 0xffff : 0xffffffff;
  // What the box covers is stored into memory of 0xee, the rest is kept.
  const std::vector<uint8_t> full = makeTensor(test);
  std::vector<uint8_t> values(boxFootprint(test), 0x5a);
  std::vector<bool> covered(full.size() / test.elementBytes);
  std::map<uint32_t, size_t> places;
  for (size_t i = 0; i < covered.size(); ++i)
    places[readElement(&full[i * test.elementBytes], test.elementBytes)] = i;
  forEachBoxElement(test, [&](uint32_t offset, bool inside, uint32_t value) {
    value &= mask;
    std::memcpy(&values[offset], &value, test.elementBytes);
    if (inside)
      covered[places.at(value)] = true;
  });
  Buffer image(device, values);
  Buffer tensor(device, std::vector<uint8_t>(full.size(), 0xee));
  launchCopy(device, module, "store_" + std::to_string(index), test,
             /*fillNaN=*/false, tensor.address, image);
  const std::vector<uint8_t> got = tensor.read<uint8_t>();
  Differences differences;
  for (size_t i = 0; i < covered.size(); ++i) {
    size_t byte = i * test.elementBytes;
    uint32_t is = readElement(&got[byte], test.elementBytes);
    uint32_t expected = covered[i] ? readElement(&full[byte], test.elementBytes)
                                   : 0xeeeeeeee & mask;
    differences.add(is == expected,
                    "byte %zu of the tensor (%s the box): got 0x%x, expected "
                    "0x%x",
                    byte, covered[i] ? "inside" : "outside", is, expected);
  }
  return differences.text();
}

//===----------------------------------------------------------------------===//
// All of them: instructions, products, then three for every copy
//===----------------------------------------------------------------------===//

static const char *const copyKinds[] = {"load", "load, NaN outside", "store"};

static int countInstructions() {
  return static_cast<int>(instructionCases().size());
}
static int countProducts() { return static_cast<int>(wgmmaCases().size()); }

int gpucheck::countGolden() {
  return countInstructions() + countProducts() +
         3 * static_cast<int>(tensorCases().size());
}

std::string gpucheck::nameGolden(int index) {
  if (index < countInstructions())
    return instructionCases()[static_cast<size_t>(index)].name;
  index -= countInstructions();
  if (index < countProducts())
    return format("wgmma: %s", wgmmaCases()[static_cast<size_t>(index)].name);
  index -= countProducts();
  return format("tensor %s: %s", copyKinds[index % 3],
                tensorCases()[static_cast<size_t>(index / 3)].name);
}

GoldenResult gpucheck::runGolden(Device &device, cuda::Module module,
                                 int index) {
  if (index < countInstructions())
    return {runInstruction(device, module, static_cast<size_t>(index)), ""};
  index -= countInstructions();
  if (index < countProducts())
    return {runProduct(device, module, static_cast<size_t>(index)), ""};
  index -= countProducts();
  auto copy = static_cast<size_t>(index / 3);
  if (index % 3 == 2)
    return {runStore(device, module, copy), ""};
  return runLoad(device, module, copy, /*fillNaN=*/index % 3 == 1);
}

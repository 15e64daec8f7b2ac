//===- NpyTest.cpp - .npy files -------------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/Npy.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cmath>
#include <fstream>

using namespace llvm;
using namespace ringattn;

namespace {

/// A fresh directory, removed at the end.
class NpyTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("ringattn-npy", directory));
  }
  void TearDown() override { sys::fs::remove_directories(directory); }

  std::string path(StringRef name) {
    SmallString<128> result(directory);
    sys::path::append(result, name);
    return std::string(result);
  }
  std::string read(StringRef file) {
    auto buffer = MemoryBuffer::getFile(file);
    return buffer ? (*buffer)->getBuffer().str() : std::string();
  }
  size_t countFiles() {
    std::error_code code;
    size_t count = 0;
    for (sys::fs::directory_iterator it(directory, code), end; it != end;
         it.increment(code))
      ++count;
    return count;
  }
  SmallString<128> directory;
};

} // namespace

static std::string makeFile(StringRef dict, StringRef data, int version = 1) {
  std::string file("\x93NUMPY");
  file += static_cast<char>(version);
  file += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(dict.size() >> (8 * i));
  return file + dict.str() + data.str();
}

static std::string describe(StringRef descr, StringRef shape,
                            StringRef order = "False") {
  return ("{'descr': '" + descr + "', 'fortran_order': " + order +
          ", 'shape': " + shape + ", }\n")
      .str();
}

template <typename T>
static std::string bytes(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char *>(values.begin()),
                     values.size() * sizeof(T));
}

static std::string messageOf(Expected<HostArray> array) {
  return array ? std::string("no error") : toString(array.takeError());
}

static std::vector<double> valuesOf(Expected<HostArray> array) {
  if (!array) {
    ADD_FAILURE() << toString(array.takeError());
    return {};
  }
  std::vector<double> values;
  for (int64_t i = 0; i < array->getNumElements(); ++i)
    values.push_back(array->get(i));
  return values;
}

TEST_F(NpyTest, RoundTripsEveryType) {
  for (DType dtype : {DType::F64, DType::F32, DType::F16, DType::BF16,
                      DType::I64, DType::I32, DType::I16, DType::I8, DType::I1})
    for (const std::vector<int64_t> &shape :
         {std::vector<int64_t>{2, 3, 5}, {7}, {}, {3, 0}}) {
      HostArray array = cantFail(HostArray::create(dtype, shape));
      for (int64_t i = 0; i < array.getNumElements(); ++i)
        array.set(i, dtype == DType::I1 ? i % 2 : static_cast<double>(i) - 3);
      std::string file = path("a.npy");
      ASSERT_FALSE(writeNpy(file, array));
      Expected<HostArray> back = readNpy(file, dtype, shape);
      ASSERT_TRUE(bool(back)) << toString(back.takeError());
      EXPECT_EQ(back->getShape(), ArrayRef(shape));
      for (int64_t i = 0; i < array.getNumElements(); ++i)
        EXPECT_EQ(back->get(i), array.get(i)) << getName(dtype).str();
      EXPECT_EQ(countFiles(), 1u);
    }
}

TEST_F(NpyTest, WritesNumPysOwnForm) {
  HostArray array = cantFail(HostArray::create(DType::BF16, {1, 2}));
  array.set(0, 1.5);
  array.set(1, -2);
  ASSERT_FALSE(writeNpy(path("a.npy"), array));
  std::string dict = describe("<f4", "(1, 2)");
  dict.insert(dict.size() - 1, 118 - dict.size(), ' ');
  EXPECT_EQ(read(path("a.npy")), makeFile(dict, bytes<float>({1.5f, -2})));
}

TEST_F(NpyTest, RoundsSixteenBitInputs) {
  // 1 + 2^-11 lies between two halves, 1 + 2^-8 between two bfloat16s: to even.
  std::string file = makeFile(describe("<f4", "(3,)"),
                              bytes<float>({1 + 0x1p-11f, 1 + 0x3p-11f, NAN}));
  std::vector<double> values = valuesOf(parseNpy(file, "f", DType::F16, {3}));
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], 1 + 0x1p-9);
  EXPECT_TRUE(std::isnan(values[2]));
  file = makeFile(describe("<f4", "(2,)"),
                  bytes<float>({1 + 0x1p-8f, 1 + 0x3p-8f}));
  EXPECT_EQ(valuesOf(parseNpy(file, "f", DType::BF16, {2})),
            (std::vector<double>{1, 1 + 0x1p-6}));
  file = makeFile(describe("<f2", "(2,)"), bytes<uint16_t>({0x3c00, 0xc000}));
  EXPECT_EQ(valuesOf(parseNpy(file, "f", DType::F16, {-1})),
            (std::vector<double>{1, -2}));
}

TEST_F(NpyTest, ReadsBothOrders) {
  std::string big = makeFile(describe(">i2", "(2, 3)"),
                             std::string("\0\1\0\2\0\3\0\4\0\5\0\6", 12));
  EXPECT_EQ(valuesOf(parseNpy(big, "f", DType::I16, {2, 3})),
            (std::vector<double>{1, 2, 3, 4, 5, 6}));
  std::string fortran = makeFile(describe("<i4", "(2, 3)", "True"),
                                 bytes<int32_t>({1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(valuesOf(parseNpy(fortran, "f", DType::I32, {2, 3})),
            (std::vector<double>{1, 2, 3, 4, 5, 6}));
  std::string three =
      makeFile(describe("<i4", "(2, 1, 3)", "True"),
               bytes<int32_t>({1, 4, 2, 5, 3, 6}), /*version=*/3);
  EXPECT_EQ(valuesOf(parseNpy(three, "f", DType::I32, {2, 1, -1})),
            (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST_F(NpyTest, NamesWhatIsWrong) {
  std::string data = bytes<float>({1, 2});
  auto parse = [&](StringRef dict, StringRef data) {
    return messageOf(parseNpy(makeFile(dict, data), "x.npy", DType::F32, {2}));
  };
  EXPECT_EQ(parse(describe("<f8", "(2,)"), data),
            "'x.npy': dtype is f8, expected f4 for f32");
  EXPECT_EQ(parse(describe("<f4", "(2, 1)"), data),
            "'x.npy': shape is 2x1, expected 2");
  EXPECT_EQ(parse(describe("<f4", "()"), bytes<float>({1})),
            "'x.npy': shape is scalar, expected 2");
  EXPECT_EQ(parse(describe("<f4", "(2,)"), data + "!"),
            "'x.npy': 1 bytes after the data, expected none for 2 of f4");
  EXPECT_EQ(parse(describe("<f4", "(2,)"), data.substr(1)),
            "'x.npy': truncated: data has 7 bytes, expected 8 for 2 of f4");
  EXPECT_EQ(
      parse("{'descr': '<f4', 'shape': (2,)}", data),
      "'x.npy': malformed header: no key 'fortran_order', expected descr, "
      "fortran_order and shape");
  EXPECT_EQ(
      parse("{'descr': [('a', '<f4')], 'shape': (2,)}", data),
      "'x.npy': dtype is a structure, expected a floating-point or integer "
      "type");
  EXPECT_EQ(parse(describe("<f4", "(2,)") + "x", data),
            "'x.npy': malformed header: expected nothing after '}' before 'x'");
  EXPECT_EQ(parse(describe("<f4", "(2)"), data),
            "'x.npy': malformed header: expected ',' after the size of a shape "
            "of rank 1");
  EXPECT_EQ(parse(describe("<f4", "(99999999999999999999,)"), data),
            "'x.npy': malformed header: expected a size below 2^63 before "
            "'9999999999999999'");
  EXPECT_EQ(parse("{'descr': '<f4', 'descr': '<f4'}", data),
            "'x.npy': malformed header: repeated key 'descr', expected descr, "
            "fortran_order and shape once each");
  EXPECT_EQ(messageOf(parseNpy(makeFile(describe("<f4", "(4294967296, "
                                                        "4294967296, 8)"),
                                        data),
                               "x.npy", DType::F32, {-1, -1, -1})),
            "'x.npy': truncated: data has 8 bytes, expected 2^64 or more for "
            "4294967296x4294967296x8 of f4");
  EXPECT_EQ(messageOf(parseNpy("", "x.npy", DType::F32, {2})),
            "'x.npy': empty file, expected a .npy file");
  EXPECT_EQ(messageOf(parseNpy("PK\3\4", "x.npy", DType::F32, {2})),
            "'x.npy': wrong first bytes, expected a .npy file");
  std::string file = makeFile(describe("<f4", "(2,)"), data);
  file[6] = 9;
  EXPECT_EQ(messageOf(parseNpy(file, "x.npy", DType::F32, {2})),
            "'x.npy': .npy version is 9.0, expected 1.0, 2.0 or 3.0");
  file = makeFile(describe("<f4", "(2,)"), data, 2);
  file[11] = '\x7f';
  EXPECT_NE(messageOf(parseNpy(file, "x.npy", DType::F32, {2}))
                .find("expected at most 1048576"),
            std::string::npos);
  EXPECT_EQ(messageOf(readNpy(path("none.npy"), DType::F32, {2})),
            "cannot read '" + path("none.npy") +
                "': No such file or directory");
  EXPECT_NE(messageOf(readNpy(directory, DType::F32, {2})).find("cannot read"),
            std::string::npos);
}

TEST_F(NpyTest, SurvivesTruncationAndDamage) {
  std::string data = bytes<float>({1, 2, 3, 4, 5, 6});
  for (int version : {1, 2, 3}) {
    std::string file =
        makeFile(describe("<f4", "(2, 3)", "True"), data, version);
    ASSERT_EQ(messageOf(parseNpy(file, "f", DType::F32, {2, 3})), "no error");
    for (size_t size = 0; size < file.size(); ++size) {
      // A copy of its own, so that a read past its end is one.
      std::vector<char> part(file.begin(), file.begin() + size);
      std::string message = messageOf(
          parseNpy({part.data(), part.size()}, "f", DType::F32, {2, 3}));
      EXPECT_EQ(message.rfind("'f': ", 0), 0u) << size << ": " << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
    for (size_t at = 0; at < file.size() - data.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = file;
        damaged[at] ^= static_cast<char>(1 << bit);
        consumeError(parseNpy(damaged, "f", DType::F32, {-1, -1}).takeError());
      }
  }
}

TEST_F(NpyTest, RefusesUnwritableTargets) {
  HostArray array = cantFail(HostArray::create(DType::F32, {2}));
  EXPECT_EQ(toString(writeNpy(path("no/such.npy"), array)),
            "cannot write '" + path("no/such.npy") +
                "': No such file or directory");
  EXPECT_EQ(toString(writeNpy(directory, array)),
            "cannot write '" + std::string(directory) + "': Is a directory");
  if (sys::fs::exists("/dev/full")) {
    EXPECT_EQ(toString(writeNpy("/dev/full", array)),
              "cannot write '/dev/full': No space left on device");
  }
  EXPECT_FALSE(writeNpy("/dev/null", array));
  EXPECT_EQ(countFiles(), 0u);
}

TEST_F(NpyTest, ReplacesAnExistingFile) {
  std::ofstream(path("a.npy")) << "something else";
  HostArray array = cantFail(HostArray::create(DType::F32, {2}));
  ASSERT_FALSE(writeNpy(path("a.npy"), array));
  EXPECT_EQ(valuesOf(readNpy(path("a.npy"), DType::F32, {2})),
            (std::vector<double>{0, 0}));
  EXPECT_EQ(countFiles(), 1u);
}

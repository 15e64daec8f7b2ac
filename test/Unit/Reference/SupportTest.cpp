//===- SupportTest.cpp - 16-bit floats, arrays, random inputs -------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/Float16.h"
#include "ringattn/Support/Random.h"
#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace ringattn;

static HostArray makeArray(DType dtype, ArrayRef<int64_t> shape) {
  return cantFail(HostArray::create(dtype, shape));
}

/// LLVM's own arithmetic as the judge.
static uint16_t roundByAPFloat(float value, const fltSemantics &semantics) {
  APFloat number(value);
  bool losesInfo;
  number.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
}

TEST(Float16, WidensEveryValueExactly) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    APFloat half(APFloat::IEEEhalf(), APInt(16, bits));
    APFloat brain(APFloat::BFloat(), APInt(16, bits));
    float fromHalf = halfToFloat(static_cast<uint16_t>(bits));
    float fromBrain = bfloat16ToFloat(static_cast<uint16_t>(bits));
    if (half.isNaN())
      EXPECT_TRUE(std::isnan(fromHalf)) << bits;
    else
      EXPECT_EQ(fromHalf, half.convertToFloat()) << bits;
    if (brain.isNaN())
      EXPECT_TRUE(std::isnan(fromBrain)) << bits;
    else
      EXPECT_EQ(fromBrain, brain.convertToFloat()) << bits;
    // And back, to the same bits but for the payload of a NaN.
    if (!half.isNaN()) {
      EXPECT_EQ(floatToHalf(fromHalf), bits);
    }
    if (!brain.isNaN()) {
      EXPECT_EQ(floatToBfloat16(fromBrain), bits);
    }
  }
}

TEST(Float16, RoundsToNearestEven) {
  // Values around every half: its neighbours' midpoint, and just beside it.
  for (uint32_t bits = 0; bits < 0x10000; bits += 1) {
    float low = halfToFloat(static_cast<uint16_t>(bits));
    float high = halfToFloat(static_cast<uint16_t>(bits + 1));
    float brain = bfloat16ToFloat(static_cast<uint16_t>(bits));
    float brainNext = bfloat16ToFloat(static_cast<uint16_t>(bits + 1));
    for (float middle : {low / 2 + high / 2, brain / 2 + brainNext / 2}) {
      if (std::isnan(middle))
        continue;
      for (float value : {std::nextafter(middle, -INFINITY), middle,
                          std::nextafter(middle, INFINITY)}) {
        EXPECT_EQ(floatToHalf(value),
                  roundByAPFloat(value, APFloat::IEEEhalf()))
            << value;
        EXPECT_EQ(floatToBfloat16(value),
                  roundByAPFloat(value, APFloat::BFloat()))
            << value;
      }
    }
  }
}

TEST(Float16, KeepsNaN) {
  // A payload that lies in the dropped bits only must not become an infinity.
  uint32_t bits = 0x7f800001;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  EXPECT_TRUE(std::isnan(halfToFloat(floatToHalf(value))));
  EXPECT_TRUE(std::isnan(bfloat16ToFloat(floatToBfloat16(value))));
}

TEST(HostArray, RejectsImpossibleShapes) {
  auto message = [](ArrayRef<int64_t> shape) {
    Expected<HostArray> array = HostArray::create(DType::F64, shape);
    return array ? std::string() : toString(array.takeError());
  };
  EXPECT_EQ(message({-1, 3}),
            "array shape ?x3 has an unknown size, expected known sizes");
  EXPECT_EQ(message({1ll << 40, 1ll << 40}),
            "array 1099511627776x1099511627776 of f64 has 2^63 bytes or more, "
            "expected fewer");
  EXPECT_EQ(message({0, 1ll << 40, 1ll << 40}),
            "array 0x1099511627776x1099511627776 of f64 has 2^63 bytes or "
            "more, expected fewer");
  EXPECT_NE(message({1ll << 58}).find("out of memory"), std::string::npos);
  EXPECT_EQ(message({0, 5}), "");
  EXPECT_EQ(message({}), "");
}

TEST(HostArray, StoresEveryType) {
  for (DType dtype : {DType::F64, DType::F32, DType::F16, DType::BF16,
                      DType::I64, DType::I32, DType::I16, DType::I8}) {
    HostArray array = makeArray(dtype, {2});
    array.set(1, -3);
    EXPECT_EQ(array.get(0), 0);
    EXPECT_EQ(array.get(1), -3);
    EXPECT_EQ(array.getInt(1), -3);
    EXPECT_EQ(parseDType(getName(dtype)), dtype);
  }
  EXPECT_EQ(parseDType("index"), DType::I64);
  EXPECT_EQ(parseDType("f8"), std::nullopt);
}

TEST(Random, DependsOnSeedArgumentAndIndexOnly) {
  HostArray whole = makeArray(DType::F64, {3, 50001});
  HostArray threaded = makeArray(DType::F64, {150003});
  ASSERT_FALSE(fillNormal(whole, 7, 2));
  ASSERT_FALSE(fillNormal(threaded, 7, 2, 3));
  for (int64_t i = 0; i < whole.getNumElements(); ++i) {
    ASSERT_EQ(whole.get(i), threaded.get(i)) << i;
    if (i % 97 == 0) {
      ASSERT_EQ(whole.get(i), normalSample(7, 2, i)) << i;
    }
  }
  EXPECT_NE(normalSample(7, 2, 0), normalSample(8, 2, 0));
  EXPECT_NE(normalSample(7, 2, 0), normalSample(7, 3, 0));
  EXPECT_NE(normalSample(1ull << 32, 0, 0), normalSample(0, 0, 0));
  EXPECT_NE(normalSample(7, 2, 1ll << 40), normalSample(7, 2, 0));

  HostArray half = makeArray(DType::F16, {64});
  ASSERT_FALSE(fillNormal(half, 7, 2));
  for (int64_t i = 0; i < 64; ++i)
    EXPECT_EQ(half.get(i),
              halfToFloat(floatToHalf(static_cast<float>(whole.get(i)))));
}

TEST(Random, IsNormal) {
  int64_t n = 200000;
  double moments[5] = {}, previous = 0, correlation = 0;
  for (int64_t i = 0; i < n; ++i) {
    double x = normalSample(1, 0, i), power = 1;
    for (double &moment : moments) {
      moment += power / static_cast<double>(n);
      power *= x;
    }
    correlation += x * previous / static_cast<double>(n);
    previous = x;
  }
  EXPECT_NEAR(moments[1], 0, 0.01);
  EXPECT_NEAR(moments[2], 1, 0.02);
  EXPECT_NEAR(moments[3], 0, 0.05);
  EXPECT_NEAR(moments[4], 3, 0.1);
  EXPECT_NEAR(correlation, 0, 0.01);
}

TEST(Random, RefusesIntegers) {
  HostArray array = makeArray(DType::I32, {4});
  EXPECT_EQ(toString(fillNormal(array, 1, 3)),
            "argument 3 has type i32, expected a floating-point type for "
            "random inputs");
}

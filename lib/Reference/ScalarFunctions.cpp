//===- ScalarFunctions.cpp - Definitions of scalar ops --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarFunctions.h"

#include "llvm/ADT/StringRef.h"

#include <cmath>

using namespace llvm;
using namespace ringattn;
using namespace ringattn::reference;

namespace {

using Function = ScalarFunction;

struct Table : StringMap<Function> {
  Table();

private:
  void unary(StringRef name, int ulps, double (*f)(double)) {
    Function function;
    function.ulps = ulps;
    function.f1 = f;
    (*this)[name] = function;
  }
  void binary(StringRef name, int ulps, double (*f)(double, double)) {
    Function function;
    function.ulps = ulps;
    function.f2 = f;
    (*this)[name] = function;
  }
  void ternary(StringRef name, int ulps, double (*f)(double, double, double)) {
    Function function;
    function.ulps = ulps;
    function.f3 = f;
    (*this)[name] = function;
  }
  void integer(StringRef name,
               bool (*f)(int64_t, int64_t, unsigned, int64_t &)) {
    Function function;
    function.kind = Function::Int;
    function.i2 = f;
    (*this)[name] = function;
  }
  void special(StringRef name, Function::Kind kind, bool isUnsigned = false,
               int ulps = 0) {
    Function function;
    function.kind = kind;
    function.isUnsigned = isUnsigned;
    function.ulps = ulps;
    (*this)[name] = function;
  }
  void addFloat();
  void addMath();
  void addInt();
};

} // namespace

Table::Table() {
  addFloat();
  addMath();
  addInt();
  special("arith.cmpf", Function::CmpF);
  special("arith.cmpi", Function::CmpI);
  special("arith.select", Function::Select);
  special("arith.sitofp", Function::IntToFloat, false, 1);
  special("arith.uitofp", Function::IntToFloat, true, 1);
  special("arith.fptosi", Function::FloatToInt);
  special("arith.fptoui", Function::FloatToInt, true);
  for (StringRef name : {"math.isnan", "math.isinf", "math.isfinite"})
    special(name, Function::Classify);
  (*this)["math.isnan"].f1 = [](double x) { return double(std::isnan(x)); };
  (*this)["math.isinf"].f1 = [](double x) { return double(std::isinf(x)); };
  (*this)["math.isfinite"].f1 = [](double x) {
    return double(std::isfinite(x));
  };
}

void Table::addFloat() {
  unary("arith.negf", 0, [](double x) { return -x; });
  unary("arith.extf", 0, [](double x) { return x; });
  unary("arith.truncf", 1, [](double x) { return x; });
  binary("arith.addf", 1, [](double x, double y) { return x + y; });
  binary("arith.subf", 1, [](double x, double y) { return x - y; });
  binary("arith.mulf", 1, [](double x, double y) { return x * y; });
  binary("arith.divf", 1, [](double x, double y) { return x / y; });
  binary("arith.remf", 1, [](double x, double y) { return std::fmod(x, y); });
  binary("arith.maximumf", 0, [](double x, double y) {
    return std::isnan(x) || std::isnan(y) ? x + y : std::fmax(x, y);
  });
  binary("arith.minimumf", 0, [](double x, double y) {
    return std::isnan(x) || std::isnan(y) ? x + y : std::fmin(x, y);
  });
  binary("arith.maxnumf", 0,
         [](double x, double y) { return std::fmax(x, y); });
  binary("arith.minnumf", 0,
         [](double x, double y) { return std::fmin(x, y); });
  binary("math.copysign", 0,
         [](double x, double y) { return std::copysign(x, y); });
  ternary("math.fma", 1,
          [](double x, double y, double z) { return std::fma(x, y, z); });
  ternary("math.clampf", 0, [](double x, double low, double high) {
    return std::isnan(x) ? x : std::fmin(std::fmax(x, low), high);
  });
}

void Table::addMath() {
  unary("math.absf", 0, [](double x) { return std::fabs(x); });
  unary("math.ceil", 0, [](double x) { return std::ceil(x); });
  unary("math.floor", 0, [](double x) { return std::floor(x); });
  unary("math.round", 0, [](double x) { return std::round(x); });
  unary("math.roundeven", 0, [](double x) { return std::nearbyint(x); });
  unary("math.trunc", 0, [](double x) { return std::trunc(x); });
  unary("math.sqrt", 1, [](double x) { return std::sqrt(x); });
  unary("math.rsqrt", 4, [](double x) { return 1 / std::sqrt(x); });
  unary("math.cbrt", 4, [](double x) { return std::cbrt(x); });
  unary("math.exp", 4, [](double x) { return std::exp(x); });
  unary("math.exp2", 4, [](double x) { return std::exp2(x); });
  unary("math.expm1", 4, [](double x) { return std::expm1(x); });
  unary("math.log", 4, [](double x) { return std::log(x); });
  unary("math.log2", 4, [](double x) { return std::log2(x); });
  unary("math.log10", 4, [](double x) { return std::log10(x); });
  unary("math.log1p", 4, [](double x) { return std::log1p(x); });
  unary("math.sin", 4, [](double x) { return std::sin(x); });
  unary("math.cos", 4, [](double x) { return std::cos(x); });
  unary("math.tan", 4, [](double x) { return std::tan(x); });
  unary("math.asin", 4, [](double x) { return std::asin(x); });
  unary("math.acos", 4, [](double x) { return std::acos(x); });
  unary("math.atan", 4, [](double x) { return std::atan(x); });
  unary("math.sinh", 4, [](double x) { return std::sinh(x); });
  unary("math.cosh", 4, [](double x) { return std::cosh(x); });
  unary("math.tanh", 4, [](double x) { return std::tanh(x); });
  unary("math.asinh", 4, [](double x) { return std::asinh(x); });
  unary("math.acosh", 4, [](double x) { return std::acosh(x); });
  unary("math.atanh", 4, [](double x) { return std::atanh(x); });
  unary("math.erf", 4, [](double x) { return std::erf(x); });
  unary("math.erfc", 4, [](double x) { return std::erfc(x); });
  binary("math.atan2", 4, [](double y, double x) { return std::atan2(y, x); });
  binary("math.powf", 4, [](double x, double y) { return std::pow(x, y); });
  binary("math.fpowi", 4, [](double x, double y) { return std::pow(x, y); });
}

void Table::addInt() {
  using U = uint64_t;
  auto wrap = [this](StringRef name, auto f) { integer(name, f); };
  // Sums and products wrap; the caller cuts the result to its width.
  wrap("arith.addi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    r = static_cast<int64_t>(U(a) + U(b));
    return true;
  });
  wrap("arith.subi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    r = static_cast<int64_t>(U(a) - U(b));
    return true;
  });
  wrap("arith.muli", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    r = static_cast<int64_t>(U(a) * U(b));
    return true;
  });
  wrap("arith.andi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return r = a & b, true;
  });
  wrap("arith.ori", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return r = a | b, true;
  });
  wrap("arith.xori", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return r = a ^ b, true;
  });
  wrap("arith.maxsi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return r = std::max(a, b), true;
  });
  wrap("arith.minsi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return r = std::min(a, b), true;
  });
  wrap("arith.maxui", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    return r = zeroExtend(a, w) < zeroExtend(b, w) ? b : a, true;
  });
  wrap("arith.minui", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    return r = zeroExtend(b, w) < zeroExtend(a, w) ? b : a, true;
  });
  wrap("math.absi", [](int64_t a, int64_t, unsigned, int64_t &r) {
    r = static_cast<int64_t>(a < 0 ? -U(a) : U(a));
    return true;
  });

  auto defined = [](int64_t a, int64_t b) {
    return b != 0 && !(a == INT64_MIN && b == -1);
  };
  static constexpr auto check = defined;
  wrap("arith.divsi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return check(a, b) && (r = a / b, true);
  });
  wrap("arith.remsi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return check(a, b) && (r = a % b, true);
  });
  wrap("arith.floordivsi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return check(a, b) &&
           (r = a / b - (a % b != 0 && (a < 0) != (b < 0)), true);
  });
  wrap("arith.ceildivsi", [](int64_t a, int64_t b, unsigned, int64_t &r) {
    return check(a, b) &&
           (r = a / b + (a % b != 0 && (a < 0) == (b < 0)), true);
  });
  wrap("arith.divui", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    U x = zeroExtend(a, w), y = zeroExtend(b, w);
    return y != 0 && (r = static_cast<int64_t>(x / y), true);
  });
  wrap("arith.remui", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    U x = zeroExtend(a, w), y = zeroExtend(b, w);
    return y != 0 && (r = static_cast<int64_t>(x % y), true);
  });
  wrap("arith.ceildivui", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    U x = zeroExtend(a, w), y = zeroExtend(b, w);
    return y != 0 && (r = static_cast<int64_t>(x / y + (x % y != 0)), true);
  });
  wrap("arith.shli", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    return U(b) < w && (r = static_cast<int64_t>(U(a) << b), true);
  });
  wrap("arith.shrsi", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    return U(b) < w && (r = a >> b, true);
  });
  wrap("arith.shrui", [](int64_t a, int64_t b, unsigned w, int64_t &r) {
    return U(b) < w && (r = static_cast<int64_t>(zeroExtend(a, w) >> b), true);
  });

  auto extend = [](int64_t a, int64_t, unsigned, int64_t &r) {
    return r = a, true;
  };
  for (StringRef name : {"arith.extsi", "arith.trunci", "arith.index_cast"})
    wrap(name, extend);
  for (StringRef name : {"arith.extui", "arith.index_castui"})
    wrap(name, [](int64_t a, int64_t, unsigned w, int64_t &r) {
      return r = static_cast<int64_t>(zeroExtend(a, w)), true;
    });
}

const StringMap<ScalarFunction> &reference::getScalarFunctions() {
  static const Table table;
  return table;
}

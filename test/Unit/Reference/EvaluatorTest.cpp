//===- EvaluatorTest.cpp - Evaluation of programs -------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Programs.h"

#include <cmath>

using namespace mlir;
using namespace ringattn;
using namespace ringattn::reference;

TEST(Evaluator, ElementwiseTensorsAndScalars) {
  Program program(R"mlir(
    func.func @main(%a: tensor<2x3xf32>, %s: f32) -> (tensor<2x3xf32>, f32) {
      %c = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
      %two = arith.constant dense<2.0> : tensor<2x3xf32>
      %0 = arith.mulf %a, %c : tensor<2x3xf32>
      %1 = math.exp %0 : tensor<2x3xf32>
      %2 = arith.divf %1, %two : tensor<2x3xf32>
      %3 = math.sqrt %s : f32
      return %2, %3 : tensor<2x3xf32>, f32
    })mlir",
                  arrays(makeArray(DType::F32, {2, 3}, {1, 0, -1, .5, 2, 0}),
                         makeArray(DType::F32, {}, {9})));
  TensorPtr result = program.get();
  double a[] = {1, 0, -1, .5, 2, 0};
  for (int64_t i = 0; i < 6; ++i) {
    double expected = std::exp(a[i] * static_cast<double>(i + 1)) / 2;
    EXPECT_DOUBLE_EQ(result->values[i], expected);
    EXPECT_GT(result->allowed[i], 0);
    EXPECT_LT(result->allowed[i], 3e-6 * (1 + expected));
  }
  EXPECT_EQ(program.get(1)->values[0], 3);
}

TEST(Evaluator, AllowsTheRoundingOfTheType) {
  // What f32 really computes lies within the allowed error.
  Program program(R"mlir(
    func.func @main(%a: tensor<4096xf32>, %b: tensor<4096xf32>) -> tensor<4096xf32> {
      %0 = arith.mulf %a, %b : tensor<4096xf32>
      %1 = arith.subf %0, %a : tensor<4096xf32>
      %2 = math.tanh %1 : tensor<4096xf32>
      %3 = arith.addf %2, %b : tensor<4096xf32>
      return %3 : tensor<4096xf32>
    })mlir",
                  arrays(makeRandom(DType::F32, {4096}, 0),
                         makeRandom(DType::F32, {4096}, 1)));
  TensorPtr result = program.get();
  for (int64_t i = 0; i < 4096; ++i) {
    float a = program.arguments[0].as<float>()[i];
    float b = program.arguments[1].as<float>()[i];
    float product = a * b, difference = product - a;
    float expected = std::tanh(difference) + b;
    EXPECT_LE(std::abs(expected - result->values[i]), result->allowed[i]);
    EXPECT_LE(result->allowed[i], 1e-5);
  }
}

TEST(Evaluator, Integers) {
  Program program(
      R"mlir(
    func.func @main(%a: i32, %b: i32) -> (i32, i32, i32, i32, i1, i64, f32, i1, i32) {
      %0 = arith.addi %a, %b : i32
      %1 = arith.divui %a, %b : i32
      %2 = arith.floordivsi %a, %b : i32
      %3 = arith.shrui %a, %b : i32
      %4 = arith.cmpi ult, %a, %b : i32
      %5 = arith.extui %a : i32 to i64
      %6 = arith.uitofp %4 : i1 to f32
      %7 = arith.xori %4, %4 : i1
      %8 = arith.select %4, %a, %b : i32
      return %0, %1, %2, %3, %4, %5, %6, %7, %8
        : i32, i32, i32, i32, i1, i64, f32, i1, i32
    })mlir",
      arrays(makeArray(DType::I32, {}, {-7}), makeArray(DType::I32, {}, {2})));
  int64_t expected[] = {
      -5, (4294967296 - 7) / 2, -4, 1073741822, 0, 4294967289, 0, 0, 2};
  for (unsigned i = 0; i < 9; ++i)
    if (i != 6) {
      EXPECT_EQ(program.get(i)->ints[0], expected[i]) << i;
    }
  EXPECT_EQ(program.get(6)->values[0], 0);
  Program undefined(R"mlir(
    func.func @main(%a: i32) -> i32 {
      %c0 = arith.constant 0 : i32
      %0 = arith.divsi %a, %c0 : i32
      return %0 : i32
    })mlir",
                    arrays(makeArray(DType::I32, {}, {1})));
  EXPECT_EQ(undefined.get(), nullptr);
  EXPECT_EQ(undefined.messages.front(),
            "'arith.divsi' is undefined for these operands, expected a divisor "
            "other than 0 and a quotient that fits");
}

TEST(Evaluator, LinalgOps) {
  Program program(R"mlir(
    #t = affine_map<(i, j, k) -> (k, i)>
    #b = affine_map<(i, j, k) -> (k, j)>
    #c = affine_map<(i, j, k) -> (i, j)>
    func.func @main(%a: tensor<2x3xf64>, %b: tensor<2x4xf64>)
        -> (tensor<3x4xf64>, tensor<3x2xf64>, tensor<2xf64>, tensor<2x3xf64>, tensor<2x3x5xf64>) {
      %zero = arith.constant 0.0 : f64
      %e = tensor.empty() : tensor<3x4xf64>
      %init = linalg.fill ins(%zero : f64) outs(%e : tensor<3x4xf64>) -> tensor<3x4xf64>
      %0 = linalg.generic {indexing_maps = [#t, #b, #c],
          iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%a, %b : tensor<2x3xf64>, tensor<2x4xf64>) outs(%init : tensor<3x4xf64>) {
        ^bb0(%x: f64, %y: f64, %z: f64):
          %p = arith.mulf %x, %y : f64
          %s = arith.addf %p, %z : f64
          linalg.yield %s : f64
      } -> tensor<3x4xf64>
      %e1 = tensor.empty() : tensor<3x2xf64>
      %1 = linalg.transpose ins(%a : tensor<2x3xf64>) outs(%e1 : tensor<3x2xf64>) permutation = [1, 0]
      %e2 = tensor.empty() : tensor<2xf64>
      %i2 = linalg.fill ins(%zero : f64) outs(%e2 : tensor<2xf64>) -> tensor<2xf64>
      %2 = linalg.reduce { arith.addf } ins(%a : tensor<2x3xf64>) outs(%i2 : tensor<2xf64>) dimensions = [1]
      %e3 = tensor.empty() : tensor<2x3xf64>
      %3 = linalg.map { arith.addf } ins(%a, %a : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e3 : tensor<2x3xf64>)
      %e4 = tensor.empty() : tensor<2x3x5xf64>
      %4 = linalg.broadcast ins(%a : tensor<2x3xf64>) outs(%e4 : tensor<2x3x5xf64>) dimensions = [2]
      return %0, %1, %2, %3, %4 : tensor<3x4xf64>, tensor<3x2xf64>, tensor<2xf64>, tensor<2x3xf64>, tensor<2x3x5xf64>
    })mlir",
                  arrays(makeRandom(DType::F64, {2, 3}, 0),
                         makeRandom(DType::F64, {2, 4}, 1)),
                  {3, Products::Storage});
  auto a = [&](int64_t i, int64_t j) {
    return program.arguments[0].get(i * 3 + j);
  };
  auto b = [&](int64_t i, int64_t j) {
    return program.arguments[1].get(i * 4 + j);
  };
  TensorPtr product = program.get(0), transposed = program.get(1),
            sum = program.get(2), twice = program.get(3), wide = program.get(4);
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j)
      EXPECT_DOUBLE_EQ(product->values[i * 4 + j],
                       a(0, i) * b(0, j) + a(1, i) * b(1, j));
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_DOUBLE_EQ(sum->values[i], a(i, 0) + a(i, 1) + a(i, 2));
    for (int64_t j = 0; j < 3; ++j) {
      EXPECT_EQ(transposed->values[j * 2 + i], a(i, j));
      EXPECT_EQ(twice->values[i * 3 + j], 2 * a(i, j));
      for (int64_t l = 0; l < 5; ++l)
        EXPECT_EQ(wide->values[(i * 3 + j) * 5 + l], a(i, j));
    }
  }
}

TEST(Evaluator, SizeInBody) {
  Program program(R"mlir(
    func.func @main(%a: tensor<2x?xf64>) -> tensor<2x?xf64> {
      %v = linalg.map ins(%a : tensor<2x?xf64>) outs(%a : tensor<2x?xf64>) (%x: f64, %out: f64) {
        %c1 = arith.constant 1 : index
        %n = tensor.dim %a, %c1 : tensor<2x?xf64>
        %i = arith.index_cast %n : index to i64
        %f = arith.sitofp %i : i64 to f64
        %y = arith.addf %x, %f : f64
        linalg.yield %y : f64
      }
      return %v : tensor<2x?xf64>
    })mlir",
                  arrays(makeRandom(DType::F64, {2, 3}, 0)));
  TensorPtr result = program.get();
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_DOUBLE_EQ(result->values[i], program.arguments[0].get(i) + 3);
}

/// Rotated queries and keys (positions through linalg.index), attention, a gate
/// per token, and a residual.
static const char *const rotated = R"mlir(
  #id = affine_map<(b, h, s, d) -> (b, h, s, d)>
  #row = affine_map<(b, h, s, d) -> (b, s, h)>
  func.func @main(%q: tensor<1x4x?x8xf32>, %k: tensor<1x2x?x8xf32>,
                  %v: tensor<1x2x?x8xf32>, %gate: tensor<1x?x4xf32>)
      -> (tensor<1x4x?x8xf32>, tensor<1x4x?xf32>) {
    %c2 = arith.constant 2 : index
    %n = tensor.dim %q, %c2 : tensor<1x4x?x8xf32>
    %e = tensor.empty(%n) : tensor<1x4x?x8xf32>
    %rate = arith.constant 1.0e-2 : f32
    %rq = linalg.generic {indexing_maps = [#id, #id],
        iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
        ins(%q : tensor<1x4x?x8xf32>) outs(%e : tensor<1x4x?x8xf32>) {
      ^bb0(%x: f32, %o: f32):
        %i = linalg.index 2 : index
        %i32 = arith.index_cast %i : index to i32
        %f = arith.sitofp %i32 : i32 to f32
        %angle = arith.mulf %f, %rate : f32
        %cos = math.cos %angle : f32
        %y = arith.mulf %x, %cos : f32
        linalg.yield %y : f32
    } -> tensor<1x4x?x8xf32>
    %o, %lse = ringattn.attention %rq, %k, %v {mask = #ringattn.sliding_window<left = 9, right = 3>}
      : (tensor<1x4x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
        -> (tensor<1x4x?x8xf32>, tensor<1x4x?xf32>)
    %gated = linalg.generic {indexing_maps = [#id, #row, #id],
        iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
        ins(%o, %gate : tensor<1x4x?x8xf32>, tensor<1x?x4xf32>) outs(%e : tensor<1x4x?x8xf32>) {
      ^bb0(%x: f32, %g: f32, %out: f32):
        %y = arith.mulf %x, %g : f32
        linalg.yield %y : f32
    } -> tensor<1x4x?x8xf32>
    %sum = arith.addf %gated, %q : tensor<1x4x?x8xf32>
    return %sum, %lse : tensor<1x4x?x8xf32>, tensor<1x4x?xf32>
  })mlir";

static std::vector<HostArray> rotatedArguments(int64_t n) {
  return arrays(makeRandom(DType::F32, {1, 4, n, 8}, 0),
                makeRandom(DType::F32, {1, 2, n, 8}, 1),
                makeRandom(DType::F32, {1, 2, n, 8}, 2),
                makeRandom(DType::F32, {1, n, 4}, 3));
}

TEST(Evaluator, ProgramAroundAttention) {
  int64_t n = 40;
  Program program(rotated, rotatedArguments(n));
  TensorPtr result = program.get(), lse = program.get(1);
  auto q = [&](int64_t h, int64_t i, int64_t d) {
    return program.arguments[0].get((h * n + i) * 8 + d);
  };
  auto key = [&](int64_t h, int64_t j, int64_t d) {
    return program.arguments[1].get((h * n + j) * 8 + d);
  };
  for (int64_t h = 0; h < 4; ++h)
    for (int64_t i = 0; i < n; ++i) {
      double sum = 0, output[8] = {};
      double factor =
          std::cos(static_cast<double>(i) * static_cast<double>(1e-2f));
      for (int64_t j = std::max<int64_t>(i - 9, 0); j < std::min(i + 4, n);
           ++j) {
        double score = 0;
        for (int64_t d = 0; d < 8; ++d)
          score += factor * q(h, i, d) * key(h / 2, j, d) / std::sqrt(8.0);
        sum += std::exp(score);
        for (int64_t d = 0; d < 8; ++d)
          output[d] += std::exp(score) *
                       program.arguments[2].get((h / 2 * n + j) * 8 + d);
      }
      EXPECT_NEAR(lse->values[h * n + i], std::log(sum), 1e-12);
      for (int64_t d = 0; d < 8; ++d) {
        double gate = program.arguments[3].get(i * 4 + h);
        int64_t at = (h * n + i) * 8 + d;
        EXPECT_NEAR(result->values[at], output[d] / sum * gate + q(h, i, d),
                    1e-12);
        EXPECT_GT(result->allowed[at], 0);
        EXPECT_LT(result->allowed[at], 1e-4);
      }
    }
}

TEST(Evaluator, RowsAreThoseOfTheWhole) {
  int64_t n = 300;
  Program whole(rotated, rotatedArguments(n), {2, Products::Storage});
  Program rows(rotated, rotatedArguments(n), {2, Products::Storage});
  RowSelection selection{2, {0, 7, 150, 151, 299}};
  EXPECT_EQ(rows.evaluator->getRowDim(0), 2);
  EXPECT_EQ(rows.evaluator->getRowDim(1), 2);
  auto scores = rows.evaluator->countScores();
  EXPECT_EQ(scores->total, 4 * n * n);
  EXPECT_EQ(scores->perRow, 4 * n);
  for (unsigned result : {0u, 1u}) {
    TensorPtr all = whole.get(result), some = rows.get(result, selection);
    int64_t inner = result == 0 ? 8 : 1;
    ASSERT_EQ(some->shape[2], 5);
    for (int64_t h = 0; h < 4; ++h)
      for (int64_t r = 0; r < 5; ++r)
        for (int64_t d = 0; d < inner; ++d) {
          int64_t from = (h * n + selection.positions[r]) * inner + d;
          int64_t to = (h * 5 + r) * inner + d;
          EXPECT_EQ(some->values[to], all->values[from]);
          EXPECT_EQ(some->allowed[to], all->allowed[from]);
        }
  }
  // Another selection of the same evaluator, and the whole after it.
  RowSelection one{2, {42}};
  EXPECT_EQ(rows.get(0, one)->values[0], whole.get(0)->values[42 * 8]);
  EXPECT_EQ(rows.get(0)->values, whole.get(0)->values);
}

TEST(Evaluator, RowsThroughTransposeAndReshape) {
  const char *source = R"mlir(
    func.func @main(%q: tensor<2x6x12xf32>) -> (tensor<2x6x12xf32>, tensor<12x12xf32>) {
      %x = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [2, 6, 3, 4]
        : tensor<2x6x12xf32> into tensor<2x6x3x4xf32>
      %e = tensor.empty() : tensor<2x3x6x4xf32>
      %t = linalg.transpose ins(%x : tensor<2x6x3x4xf32>) outs(%e : tensor<2x3x6x4xf32>) permutation = [0, 2, 1, 3]
      %o = ringattn.attention %t, %t, %t {mask = #ringattn.causal}
        : (tensor<2x3x6x4xf32>, tensor<2x3x6x4xf32>, tensor<2x3x6x4xf32>) -> tensor<2x3x6x4xf32>
      %e2 = tensor.empty() : tensor<2x6x3x4xf32>
      %u = linalg.transpose ins(%o : tensor<2x3x6x4xf32>) outs(%e2 : tensor<2x6x3x4xf32>) permutation = [0, 2, 1, 3]
      %y = tensor.collapse_shape %u [[0], [1], [2, 3]] : tensor<2x6x3x4xf32> into tensor<2x6x12xf32>
      %z = tensor.collapse_shape %u [[0, 1], [2, 3]] : tensor<2x6x3x4xf32> into tensor<12x12xf32>
      return %y, %z : tensor<2x6x12xf32>, tensor<12x12xf32>
    })mlir";
  Program whole(source, arrays(makeRandom(DType::F32, {2, 6, 12}, 0)));
  Program rows(source, arrays(makeRandom(DType::F32, {2, 6, 12}, 0)));
  EXPECT_EQ(rows.evaluator->getRowDim(0), 1);
  EXPECT_EQ(rows.evaluator->getRowDim(1), std::nullopt);
  TensorPtr some = rows.get(0, {1, {1, 4}}), all = whole.get(0);
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t r = 0; r < 2; ++r)
      for (int64_t d = 0; d < 12; ++d)
        EXPECT_EQ(some->values[(b * 2 + r) * 12 + d],
                  all->values[(b * 6 + (r ? 4 : 1)) * 12 + d]);
  // The first row of a causal attention is its own value.
  for (int64_t d = 0; d < 12; ++d)
    EXPECT_EQ(all->values[d], whole.arguments[0].get(d));
  EXPECT_EQ(whole.get(1)->values, all->values);
}

TEST(Evaluator, NamesWhatItCannotEvaluate) {
  Program op(R"mlir(
    func.func @main(%a: tensor<4xf32>) -> tensor<2xf32> {
      %0 = tensor.extract_slice %a[0] [2] [1] : tensor<4xf32> to tensor<2xf32>
      return %0 : tensor<2xf32>
    })mlir",
             arrays(makeRandom(DType::F32, {4}, 0)));
  EXPECT_FALSE(op.evaluator);
  EXPECT_EQ(
      op.messages.front(),
      "'tensor.extract_slice' has no float64 evaluation, expected "
      "ringattn.attention, linalg on tensors, elementwise arith and math, "
      "or tensor.empty, dim, cast, splat, expand_shape, collapse_shape");
  auto where = cast<FileLineColLoc>(op.locations.front());
  EXPECT_EQ(where.getLine(), 3u);

  const char *identity = R"mlir(
    func.func @main(%a: tensor<?x4xf16>) -> tensor<?x4xf16> {
      return %a : tensor<?x4xf16>
    })mlir";
  Program missing(identity);
  EXPECT_EQ(missing.messages.front(),
            "function @main got 0 arrays, expected 1");
  Program type(identity, arrays(makeRandom(DType::F32, {3, 4}, 0)));
  EXPECT_EQ(type.messages.front(),
            "argument 0 of @main is 3x4 of f32, expected 'tensor<?x4xf16>'");
  Program shape(identity, arrays(makeRandom(DType::F16, {3, 5}, 0)));
  EXPECT_EQ(shape.messages.front(),
            "argument 0 of @main is 3x5 of f16, expected 'tensor<?x4xf16>'");
  Program fits(identity, arrays(makeRandom(DType::F16, {3, 4}, 0)));
  EXPECT_EQ(fits.get()->values[5], fits.arguments[0].get(5));

  Program body(R"mlir(
    #id = affine_map<(i) -> (i)>
    func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {
      %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
          ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>) {
        ^bb0(%x: f32, %y: f32):
          %i = arith.bitcast %x : f32 to i32
          %f = arith.bitcast %i : i32 to f32
          linalg.yield %f : f32
      } -> tensor<4xf32>
      return %0 : tensor<4xf32>
    })mlir",
               arrays(makeRandom(DType::F32, {4}, 0)));
  EXPECT_EQ(body.messages.front(),
            "'arith.bitcast' has no float64 evaluation, expected scalar ops of "
            "arith and math");
}

TEST(Evaluator, SizesThatDisagree) {
  Program program(
      R"mlir(
    func.func @main(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?xf32> {
      %0 = linalg.add ins(%a, %b : tensor<?xf32>, tensor<?xf32>) outs(%a : tensor<?xf32>) -> tensor<?xf32>
      return %0 : tensor<?xf32>
    })mlir",
      arrays(makeRandom(DType::F32, {4}, 0), makeRandom(DType::F32, {5}, 1)));
  EXPECT_EQ(program.get(), nullptr);
  EXPECT_EQ(program.messages.front(),
            "an operand gives loop 0 the size 5, expected 4 as in the operands "
            "before");
}

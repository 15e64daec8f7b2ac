//===- Npy.h - NumPy's .npy files -------------------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrays of programs and arrays of files:
//
// | program | read from | written as |
// |---|---|---|
// | f64 | f8 | f8 |
// | f32 | f4 | f4 |
// | f16 | f2, f4 (rounded to nearest even) | f4 |
// | bf16 | f4 (rounded to nearest even) | f4 |
// | i64, i32, i16, i8, i1 | i8, i4, i2, i1, b1 | the same |
//
// Header versions 1 to 3, both byte orders and both element orders are read.
// Every other file is an error that names the file, what it has and what was
// expected.
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_SUPPORT_NPY_H
#define RINGATTN_SUPPORT_NPY_H

#include "ringattn/Support/HostArray.h"

namespace ringattn {

/// Reads the array for an argument of element type `dtype` and shape `shape`,
/// whose negative sizes accept any size.
llvm::Expected<HostArray> readNpy(llvm::StringRef path, DType dtype,
                                  llvm::ArrayRef<int64_t> shape);

/// The same from the bytes of a file; `file` is for messages.
llvm::Expected<HostArray> parseNpy(llvm::StringRef bytes, llvm::StringRef file,
                                   DType dtype, llvm::ArrayRef<int64_t> shape);

/// Writes `array`. The file appears under `path` whole or not at all.
llvm::Error writeNpy(llvm::StringRef path, const HostArray &array);

} // namespace ringattn

#endif // RINGATTN_SUPPORT_NPY_H

//===- Error.h - What went wrong, in one line -------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_GPUCHECK_ERROR_H
#define RINGATTN_GPUCHECK_ERROR_H

#include "ringrt/abi.h"

#include <cstdarg>
#include <cstdio>
#include <exception>
#include <string>

namespace gpucheck {

inline std::string format(const char *text, va_list arguments) {
  char line[1024];
  std::vsnprintf(line, sizeof(line), text, arguments);
  return line;
}

[[gnu::format(printf, 1, 2)]] inline std::string format(const char *text, ...) {
  va_list arguments;
  va_start(arguments, text);
  std::string line = format(text, arguments);
  va_end(arguments);
  return line;
}

class Error : public std::exception {
public:
  [[gnu::format(printf, 3, 4)]] Error(int32_t status, const char *text, ...)
      : status(status) {
    va_list arguments;
    va_start(arguments, text);
    message = format(text, arguments);
    va_end(arguments);
  }
  const char *what() const noexcept override { return message.c_str(); }

  int32_t status;

private:
  std::string message;
};

} // namespace gpucheck

#endif // RINGATTN_GPUCHECK_ERROR_H

//===- Status.cpp - A status code with its message ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Status.h"

#include <cstdarg>
#include <cstdio>

namespace ringrt {

static std::string formatVariadic(const char *format, va_list arguments) {
  va_list measured;
  va_copy(measured, arguments);
  int length = std::vsnprintf(nullptr, 0, format, measured);
  va_end(measured);
  if (length <= 0)
    return {};
  std::string text(static_cast<size_t>(length), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  return text;
}

Status makeError(int32_t code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Status status{code, formatVariadic(format, arguments)};
  va_end(arguments);
  return status;
}

std::string formatString(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string text = formatVariadic(format, arguments);
  va_end(arguments);
  return text;
}

const char *statusName(int32_t code) {
  switch (code) {
  case RR_OK:
    return "OK";
  case RR_INVALID_ARGUMENT:
    return "INVALID_ARGUMENT";
  case RR_RESOURCE_EXHAUSTED:
    return "RESOURCE_EXHAUSTED";
  case RR_DEADLINE_EXCEEDED:
    return "DEADLINE_EXCEEDED";
  case RR_CANCELLED:
    return "CANCELLED";
  case RR_MISMATCH:
    return "MISMATCH";
  case RR_ABI_MISMATCH:
    return "ABI_MISMATCH";
  case RR_DATA_LOSS:
    return "DATA_LOSS";
  case RR_UNAVAILABLE:
    return "UNAVAILABLE";
  case RR_ABORTED:
    return "ABORTED";
  case RR_UNIMPLEMENTED:
    return "UNIMPLEMENTED";
  case RR_INTERNAL:
    return "INTERNAL";
  case RR_NOT_FOUND:
    return "NOT_FOUND";
  default:
    return "UNKNOWN";
  }
}

} // namespace ringrt

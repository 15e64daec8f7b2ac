//===- Status.h - A status code with its message ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_STATUS_H
#define RINGRT_CORE_STATUS_H

#include "ringrt/abi.h"

#include <string>

namespace ringrt {

/// A status code and, on failure, the text that names what failed and where.
struct [[nodiscard]] Status {
  int32_t code = RR_OK;
  std::string message;

  bool ok() const { return code == RR_OK; }
};

/// Builds a failure from a printf format.
Status makeError(int32_t code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

std::string formatString(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/// "[1, 8, 64]".
template <typename Range>
std::string formatList(const Range &values) {
  std::string text = "[";
  for (const auto &value : values) {
    if (text.size() > 1)
      text += ", ";
    text += std::to_string(value);
  }
  return text + "]";
}

/// The name of a status as the public header spells it, without "RR_".
const char *statusName(int32_t code);

} // namespace ringrt

#endif // RINGRT_CORE_STATUS_H

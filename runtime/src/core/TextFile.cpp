//===- TextFile.cpp - Files for people and tools --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/TextFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ringrt {

Status writeText(const std::string &path, const std::string &text,
                 const std::string &what) {
  // The reason is that of the first call that fails; later ones change it.
  int reason = 0;
  FILE *file = std::fopen(path.c_str(), "we");
  if (!file) {
    reason = errno;
  } else {
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size() ||
        std::fflush(file) != 0)
      reason = errno;
    if (std::fclose(file) != 0 && reason == 0)
      reason = errno;
  }
  if (reason)
    return makeError(RR_INVALID_ARGUMENT, "cannot write %s'%s': %s",
                     what.c_str(), path.c_str(), strerror(reason));
  return {};
}

} // namespace ringrt

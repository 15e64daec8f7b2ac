//===- Log.cpp - Messages for whoever debugs a run ------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Log.h"

#include <cstdarg>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <strings.h>
#include <unistd.h>

namespace ringrt {

/// In the order of LogLevel.
static constexpr const char *levelNames[] = {"OFF", "WARN", "INFO", "TRACE"};

std::string expandLogPath(const std::string &pattern) {
  std::string path;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char directive =
        pattern[i] == '%' && i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (directive == 'h') {
      char host[256] = "";
      gethostname(host, sizeof(host) - 1);
      path += host;
      ++i;
    } else if (directive == 'p') {
      path += std::to_string(getpid());
      ++i;
    } else {
      path += pattern[i];
    }
  }
  return path;
}

/// The level that RINGRT_DEBUG names; nothing if it names none.
static std::optional<LogLevel> askedLevel() {
  const char *value = std::getenv("RINGRT_DEBUG");
  if (!value || !*value)
    return LogLevel::Off;
  for (size_t i = 0; i < std::size(levelNames); ++i)
    if (strcasecmp(value, levelNames[i]) == 0)
      return static_cast<LogLevel>(i);
  return std::nullopt;
}

Status checkLogLevel() {
  if (askedLevel())
    return {};
  return makeError(RR_INVALID_ARGUMENT,
                   "RINGRT_DEBUG is '%s', expected OFF, WARN, INFO or TRACE",
                   std::getenv("RINGRT_DEBUG"));
}

Log::Log() : level(askedLevel().value_or(LogLevel::Off)) {
  if (level == LogLevel::Off)
    return;
  const char *pattern = std::getenv("RINGRT_DEBUG_FILE");
  if (!pattern || !*pattern)
    return;
  std::string path = expandLogPath(pattern);
  if (FILE *opened = std::fopen(path.c_str(), "ae"))
    file = opened;
  else
    write(LogLevel::Warn, "cannot open '%s'; writing to standard error",
          path.c_str());
}

Log::~Log() {
  if (file != stderr)
    std::fclose(file);
}

void Log::write(LogLevel asked, const char *format, ...) {
  if (!enabled(asked))
    return;
  std::lock_guard<std::mutex> lock(mutex);
  std::fprintf(file, "ringrt %s: ", levelNames[static_cast<int>(asked)]);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(file, format, arguments);
  va_end(arguments);
  std::fputc('\n', file);
  std::fflush(file);
}

} // namespace ringrt

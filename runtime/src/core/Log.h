//===- Log.h - Messages for whoever debugs a run ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_LOG_H
#define RINGRT_CORE_LOG_H

#include "core/Status.h"

#include <cstdio>
#include <mutex>
#include <string>

namespace ringrt {

enum class LogLevel { Off, Warn, Info, Trace };

/// Refuses a value of RINGRT_DEBUG that names no level.
Status checkLogLevel();

/// Writes where RINGRT_DEBUG_FILE says (%h: host name, %p: process id; default:
/// standard error) what RINGRT_DEBUG=WARN|INFO|TRACE, in either case, asks for
/// (default: OFF).
class Log {
public:
  Log();
  ~Log();
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;

  bool enabled(LogLevel asked) const { return asked <= level; }
  void write(LogLevel asked, const char *format, ...)
      __attribute__((format(printf, 3, 4)));

private:
  LogLevel level;
  FILE *file = stderr;
  std::mutex mutex;
};

/// Replaces %h and %p.
std::string expandLogPath(const std::string &pattern);

} // namespace ringrt

#endif // RINGRT_CORE_LOG_H
